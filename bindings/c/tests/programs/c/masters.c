// A master, a client and a worker in one process. The argument is an endpoint.
#include "check.h"

static void a_master_listens_as_it_is_told(const char *endpoint) {
    powerhose_error *error;
    powerhose_reply *reply;
    static const char workers[] = "0123456789abcdef0123456789abcdef-workers";
    static const char clients[] = "0123456789abcdef0123456789abcdef-clients";
    powerhose_master_settings *settings = powerhose_master_settings_new();
    CHECK(powerhose_master_bind(settings, &error) == NULL);
    CHECK(error->status == POWERHOSE_INVALID);
    powerhose_error_free(error);
    powerhose_master_settings_endpoint(settings, endpoint);
    powerhose_master_settings_workers_secret(settings, workers, sizeof workers - 1);
    powerhose_master_settings_clients_secret(settings, clients, sizeof clients - 1);
    powerhose_master_settings_heartbeats_ms(settings, 500, 2000);
    powerhose_master_settings_payload_bytes_max(settings, 1000);
    powerhose_master_settings_queue_jobs_max(settings, 10);
    powerhose_runner *master = powerhose_master_bind(settings, &error);
    FINE(error);
    CHECK(powerhose_master_bind(settings, &error) == NULL);
    CHECK(error->status == POWERHOSE_IN_USE && strcmp(error->code, "already_running") == 0);
    powerhose_error_free(error);
    powerhose_master_settings_free(settings);

    powerhose_client_settings *client = powerhose_client_settings_new();
    powerhose_client_settings_endpoint(client, endpoint);
    powerhose_client_settings_connect_timeout_ms(client, 5000);
    CHECK(powerhose_client_connect(client, &error) == NULL);
    CHECK(error->status == POWERHOSE_REFUSED);
    powerhose_error_free(error);
    powerhose_client_settings_secret(client, clients, sizeof clients - 1);
    powerhose_runner *runner = powerhose_client_connect(client, &error);
    FINE(error);
    powerhose_client_settings_free(client);

    // The worker is this process too, pulled between the client's calls.
    powerhose_worker *worker = powerhose_worker_new(endpoint, &error);
    FINE(error);
    powerhose_worker_pool(worker, "commands", 1);
    powerhose_worker_secret(worker, workers, sizeof workers - 1);
    powerhose_worker_ignore_signals(worker);
    powerhose_worker_silence_max_ms(worker, 20000);
    powerhose_worker_open(worker, &error);
    FINE(error);
    powerhose_job job = job_of("anything");
    job.timeout_ms = 20000;
    powerhose_handle *handle = powerhose_submit(runner, &job, NULL);
    powerhose_work *work;
    powerhose_status status = powerhose_worker_next(worker, POWERHOSE_FOREVER, &work, &error);
    FINE(error);
    CHECK(status == POWERHOSE_OK && powerhose_work_remaining_ms(work) > 0 && !powerhose_work_is_once(work));
    ENDS(powerhose_work_reply(work, "answer", 6, NULL), POWERHOSE_OK);
    ENDS(powerhose_work_finish(work, NULL), POWERHOSE_OK);
    ENDS(powerhose_handle_wait(handle, POWERHOSE_FOREVER, &reply, NULL), POWERHOSE_OK);
    expect(reply, "answer");
    powerhose_handle_free(handle);
    static char large[2000];
    job.payload = large;
    job.payload_size = sizeof large;
    ENDS(powerhose_execute(runner, &job, NULL, &error), POWERHOSE_REJECTED);
    CHECK(strcmp(error->code, "payload_too_large") == 0 && error->http_status == 413);
    powerhose_error_free(error);
    powerhose_worker_stop(worker);
    ENDS(powerhose_worker_next(worker, POWERHOSE_FOREVER, &work, NULL), POWERHOSE_ENDED);
    CHECK(work == NULL);
    powerhose_worker_free(worker);

    // A wrong setting is told when the worker begins.
    worker = powerhose_worker_new(endpoint, NULL);
    powerhose_worker_secret(worker, "short", 5);
    powerhose_worker_pool(worker, "commands", 1);
    ENDS(powerhose_worker_open(worker, &error), POWERHOSE_INVALID);
    CHECK(strstr(error->message, "secret") != NULL);
    powerhose_error_free(error);
    powerhose_worker_free(worker);
    powerhose_runner_free(runner);
    powerhose_runner_close(master, 1000, &error);
    FINE(error);
    powerhose_runner_free(master);
}

int main(int count, char **arguments) {
    CHECK(count == 2);
    a_master_listens_as_it_is_told(arguments[1]);
    puts("fine");
    return 0;
}
