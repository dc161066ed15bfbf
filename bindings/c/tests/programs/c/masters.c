// A master, a client and a worker in one process. The argument is an endpoint.
#include "check.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

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

static void the_rarer_settings_count(const char *endpoint) {
    powerhose_error *error;
    powerhose_master_settings *settings = powerhose_master_settings_new();
    powerhose_master_settings_endpoint(settings, endpoint);
    static const char *const names[] = {
        "attempts_max", "overrun_grace_ms", "unknown_pool_wait_ms", "workers_max", "clients_max", "pools_max",
        "handshakes_per_second_max", "batch_jobs_max", "batch_bytes_max", "worker_served_notice", "caller_spin_us",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) powerhose_master_settings_number(settings, names[i], 20);
    powerhose_master_settings_overload_waits(settings);
    powerhose_master_settings_pool_run_time_soft_ms(settings, "commands", 60000, 2);
    powerhose_master_settings_ipc_group(settings, getgid());
    powerhose_runner *master = powerhose_master_bind(settings, &error);
    FINE(error);
    struct stat socket;
    CHECK(stat(endpoint + strlen("ipc://"), &socket) == 0 && (socket.st_mode & 0777) == 0660);
    ENDS(powerhose_runner_reachability(master, &error), POWERHOSE_OK);
    CHECK(unlink(endpoint + strlen("ipc://")) == 0);
    // It looks once in a second, and has it back at the next look.
    while (powerhose_runner_reachability(master, &error) == POWERHOSE_OK) {
        if (access(endpoint + strlen("ipc://"), F_OK) == 0) break;
        usleep(1000);
    }
    powerhose_error_free(error);
    char *stats = powerhose_runner_stats_json(master, &error);
    FINE(error);
    CHECK(strstr(stats, "\"bucket_bounds_us\":[") != NULL && strstr(stats, "\"p99_us\":") != NULL);
    powerhose_string_free(stats);
    powerhose_runner_free(master);
    powerhose_master_settings_number(settings, "workers", 1);
    CHECK(powerhose_master_bind(settings, &error) == NULL);
    CHECK(error->status == POWERHOSE_INVALID && strstr(error->message, "`workers`") != NULL);
    powerhose_error_free(error);
    powerhose_master_settings_free(settings);

    settings = powerhose_master_settings_new();
    powerhose_master_settings_endpoint(settings, endpoint);
    powerhose_master_settings_curve_file(settings, "/no/such/file");
    CHECK(powerhose_master_bind(settings, &error) == NULL);
    CHECK(error->status == POWERHOSE_INVALID && strstr(error->message, "/no/such/file") != NULL);
    powerhose_error_free(error);
    powerhose_master_settings_free(settings);
    powerhose_client_settings *client = powerhose_client_settings_new();
    powerhose_client_settings_caller_spin_us(client, 10);
    powerhose_client_settings_curve_file(client, "/no/such/file");
    CHECK(powerhose_client_connect(client, &error) == NULL);
    CHECK(error->status == POWERHOSE_INVALID && strstr(error->message, "/no/such/file") != NULL);
    powerhose_error_free(error);
    powerhose_client_settings_free(client);
    powerhose_worker *worker = powerhose_worker_new(endpoint, NULL);
    powerhose_worker_curve_file(worker, "/no/such/file");
    ENDS(powerhose_worker_open(worker, &error), POWERHOSE_INVALID);
    powerhose_error_free(error);
    powerhose_worker_free(worker);
}

// Takes notices until one has both words.
static void told(powerhose_notices *notices, const char *word, const char *other) {
    char *json;
    bool is_it = false;
    while (!is_it) {
        powerhose_error *error;
        powerhose_status status = powerhose_notices_next(notices, POWERHOSE_FOREVER, &json, &error);
        FINE(error);
        CHECK(status == POWERHOSE_OK);
        is_it = strstr(json, word) && strstr(json, other);
        powerhose_string_free(json);
    }
}

static void a_master_tells_of_its_workers(const char *endpoint) {
    powerhose_error *error;
    char *json;
    powerhose_runner *master = powerhose_bind(endpoint, &error);
    FINE(error);
    powerhose_notices *notices = powerhose_runner_notices(master, &error);
    FINE(error);
    ENDS(powerhose_notices_next(notices, 0, &json, NULL), POWERHOSE_PENDING);
    CHECK(json == NULL);
    struct pollfd watched = {.fd = powerhose_notices_descriptor(notices, NULL), .events = POLLIN};
    CHECK(poll(&watched, 1, 0) == 0);
    powerhose_worker *worker = powerhose_worker_new(endpoint, NULL);
    powerhose_worker_pool(worker, "commands", 1);
    powerhose_worker_ignore_signals(worker);
    ENDS(powerhose_worker_open(worker, NULL), POWERHOSE_OK);
    // A worker that is asked for its jobs registers while it is asked.
    powerhose_work *work;
    while (poll(&watched, 1, 0) == 0) ENDS(powerhose_worker_next(worker, 10, &work, NULL), POWERHOSE_PENDING);
    told(notices, "\"worker_registered\"", "\"commands\"");
    powerhose_worker_free(worker);
    told(notices, "\"worker_gone\"", "\"goodbye\"");
    powerhose_runner *client = powerhose_connect(endpoint, &error);
    FINE(error);
    told(notices, "\"client_connected\"", "\"client\"");
    powerhose_runner_free(client);
    told(notices, "\"client_gone\"", "\"client\"");
    powerhose_runner_close(master, 0, NULL);
    powerhose_runner_free(master);
    ENDS(powerhose_notices_next(notices, POWERHOSE_FOREVER, &json, NULL), POWERHOSE_ENDED);
    powerhose_notices_free(notices);
}

int main(int count, char **arguments) {
    CHECK(count == 2);
    a_master_listens_as_it_is_told(arguments[1]);
    the_rarer_settings_count(arguments[1]);
    a_master_tells_of_its_workers(arguments[1]);
    puts("fine");
    return 0;
}
