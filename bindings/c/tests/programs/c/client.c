// What a client is promised: run against a master with one worker of `worker.c`. The argument is its endpoint.
#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static powerhose_runner *runner;

static powerhose_status run(const powerhose_job *job, powerhose_reply **reply, powerhose_error **error) {
    return powerhose_execute(runner, job, reply, error);
}

static void a_reply_has_its_bytes_and_its_story(void) {
    powerhose_error *error;
    powerhose_reply *reply;
    powerhose_job job = job_of("echo hello");
    ENDS(run(&job, &reply, &error), POWERHOSE_OK);
    FINE(error);
    char id[POWERHOSE_JOB_ID_SIZE];
    powerhose_job_id_text(powerhose_reply_job(reply), id);
    CHECK(strchr(id, '.') != NULL);
    CHECK(powerhose_reply_worker(reply) != 0);
    CHECK(powerhose_reply_attempts(reply) == 1);
    CHECK(powerhose_reply_headers_count(reply) == 0);
    expect(reply, "hello");
    job = job_of("silent");
    ENDS(run(&job, &reply, NULL), POWERHOSE_OK);
    expect(reply, "");
    job = job_of("misuse");
    ENDS(run(&job, &reply, NULL), POWERHOSE_OK);
    expect(reply, "allowed");
    static const char *const made[] = {"room", "lent"};
    for (int i = 0; i < 2; i++) {
        job = job_of(made[i]);
        ENDS(run(&job, &reply, NULL), POWERHOSE_OK);
        CHECK(powerhose_reply_payload(reply).size == 3 << 20);
        CHECK(powerhose_reply_payload(reply).data[12345] == made[i][0]);
        powerhose_reply_free(reply);
    }
}

static void headers_go_both_ways(void) {
    powerhose_reply *reply;
    powerhose_header headers[] = {{"x-asked", 0, "what\0for", 8}};
    powerhose_job job = job_of("headers");
    job.headers = headers;
    job.headers_count = 1;
    ENDS(run(&job, &reply, NULL), POWERHOSE_OK);
    powerhose_bytes value = powerhose_reply_header(reply, "x-answer");
    CHECK(value.size == 8 && memcmp(value.data, "what\0for", 8) == 0);
    CHECK(powerhose_reply_header(reply, "x-none").data == NULL);
    CHECK(powerhose_reply_header(reply, NULL).data == NULL);
    CHECK(powerhose_reply_headers_count(reply) == 1);
    CHECK(is(powerhose_reply_header_at(reply, 0).name, "x-answer"));
    CHECK(powerhose_reply_header_at(reply, 1).name.data == NULL);
    powerhose_reply_free(reply);
}

static void an_error_says_what_happened(void) {
    powerhose_error *error;
    powerhose_reply *reply;
    powerhose_job job = job_of("fail");
    ENDS(run(&job, &reply, &error), POWERHOSE_FAILED);
    CHECK(reply == NULL);
    CHECK(error->status == POWERHOSE_FAILED && error->may_have_run && !error->is_retryable);
    CHECK(strcmp(error->code, "no_luck") == 0 && strcmp(error->text, "there was none") == 0);
    CHECK(error->job != 0 && error->worker != 0 && error->http_status == 500);
    powerhose_error_free(error);

    char folder[] = "/tmp/powerhose-c-XXXXXX", file[64], hold[80];
    CHECK(mkdtemp(folder) != NULL);
    snprintf(file, sizeof file, "%s/go", folder);
    snprintf(hold, sizeof hold, "hold %s", file);
    job = job_of(hold);
    job.timeout_ms = 50;
    ENDS(run(&job, &reply, &error), POWERHOSE_TIMED_OUT);
    CHECK(error->http_status == 504 && error->is_retryable && error->may_have_run);
    powerhose_error_free(error);
    fclose(fopen(file, "w"));
    job = job_of("echo gone on");
    job.timeout_ms = 20000;
    ENDS(run(&job, &reply, &error), POWERHOSE_OK);
    expect(reply, "gone on");
    remove(file);
    remove(folder);

    job = job_of("echo");
    job.pool = "nobody";
    ENDS(run(&job, &reply, &error), POWERHOSE_REJECTED);
    CHECK(strcmp(error->code, "no_workers") == 0 && error->is_overload && !error->may_have_run);
    CHECK(error->http_status == 503);
    powerhose_error_free(error);

    job.pool = "no such name!";
    ENDS(run(&job, NULL, &error), POWERHOSE_REJECTED);
    CHECK(strcmp(error->code, "bad_pool") == 0);
    powerhose_error_free(error);
    ENDS(run(&job, NULL, NULL), POWERHOSE_REJECTED);
}

static void a_wrong_argument_is_named(void) {
    powerhose_error *error;
    powerhose_job job = job_of("echo");
    ENDS(powerhose_execute(NULL, &job, NULL, &error), POWERHOSE_INVALID);
    CHECK(strstr(error->message, "runner") != NULL);
    powerhose_error_free(error);
    ENDS(powerhose_execute(runner, NULL, NULL, NULL), POWERHOSE_INVALID);
    CHECK(powerhose_submit(runner, NULL, NULL) == NULL);
    job.pool = "\xff\xfe";
    ENDS(run(&job, NULL, &error), POWERHOSE_INVALID);
    CHECK(strstr(error->message, "job.pool") != NULL);
    powerhose_error_free(error);
    job = job_of("echo");
    job.flags = 1u << 30;
    ENDS(run(&job, NULL, NULL), POWERHOSE_INVALID);
    job.flags = 0;
    job.payload = NULL;
    ENDS(run(&job, NULL, NULL), POWERHOSE_INVALID);
    CHECK(powerhose_connect("nonsense", &error) == NULL);
    CHECK(error->status == POWERHOSE_INVALID);
    powerhose_error_free(error);
    powerhose_client_settings *settings = powerhose_client_settings_new();
    powerhose_client_settings_endpoint(settings, "ipc:///nowhere/at/all.ipc");
    powerhose_client_settings_connect_timeout_ms(settings, 50);
    CHECK(powerhose_client_connect(settings, &error) == NULL);
    CHECK(error->status == POWERHOSE_UNREACHABLE);
    powerhose_error_free(error);
    powerhose_client_settings_secret(settings, "short", 5);
    powerhose_client_settings_timeout_ms(settings, 1000);
    CHECK(powerhose_client_connect(settings, &error) == NULL);
    CHECK(error->status == POWERHOSE_INVALID && strstr(error->message, "secret") != NULL);
    powerhose_error_free(error);
    powerhose_client_settings_free(settings);
    powerhose_runner_free(NULL);
    powerhose_error_free(NULL);
    powerhose_reply_free(NULL);
    powerhose_handle_free(NULL);
    powerhose_queue_free(NULL);
    powerhose_string_free(NULL);
    powerhose_work_free(NULL);
}

static void a_handle_waits_once(void) {
    powerhose_error *error;
    powerhose_reply *reply;
    powerhose_job job = job_of("echo handle");
    powerhose_handle *handle = powerhose_submit(runner, &job, &error);
    FINE(error);
    ENDS(powerhose_handle_wait(handle, POWERHOSE_FOREVER, &reply, &error), POWERHOSE_OK);
    expect(reply, "handle");
    ENDS(powerhose_handle_wait(handle, 0, &reply, &error), POWERHOSE_MISUSE);
    CHECK(reply == NULL && strcmp(error->code, "taken") == 0);
    powerhose_error_free(error);
    CHECK(!powerhose_handle_has_ended(handle));
    powerhose_handle_free(handle);

    job = job_of("wait");
    handle = powerhose_submit(runner, &job, NULL);
    ENDS(powerhose_handle_wait(handle, 0, &reply, &error), POWERHOSE_PENDING);
    CHECK(reply == NULL && error == NULL);
    ENDS(powerhose_handle_wait(handle, 10, &reply, &error), POWERHOSE_PENDING);
    CHECK(!powerhose_handle_has_ended(handle));
    powerhose_handle_cancel(handle);
    CHECK(powerhose_handle_has_ended(handle));
    ENDS(powerhose_handle_wait(handle, 0, &reply, &error), POWERHOSE_CANCELLED);
    powerhose_error_free(error);
    powerhose_handle_free(handle);

    // Freed, it is cancelled: the worker is free for the next.
    powerhose_handle_free(powerhose_submit(runner, &job, NULL));
    job = job_of("echo next");
    ENDS(run(&job, &reply, NULL), POWERHOSE_OK);
    expect(reply, "next");
}

static void *cancel(void *handle) {
    powerhose_reply *reply;
    // The other thread is at it, or will be in a moment.
    powerhose_status status = powerhose_handle_wait(handle, 0, &reply, NULL);
    CHECK(status == POWERHOSE_MISUSE || status == POWERHOSE_PENDING);
    powerhose_handle_cancel(handle);
    return NULL;
}

static void another_thread_cancels_what_is_waited_for(void) {
    for (int i = 0; i < 20; i++) {
        powerhose_job job = job_of("wait");
        powerhose_handle *handle = powerhose_submit(runner, &job, NULL);
        pthread_t thread;
        pthread_create(&thread, NULL, cancel, handle);
        powerhose_status status;
        do {
            status = powerhose_handle_wait(handle, POWERHOSE_FOREVER, NULL, NULL);
        } while (status == POWERHOSE_MISUSE);
        CHECK(status == POWERHOSE_CANCELLED);
        pthread_join(thread, NULL);
        powerhose_handle_free(handle);
    }
}

static int released;

static void release(void *context) {
    free(context);
    __atomic_fetch_add(&released, 1, __ATOMIC_SEQ_CST);
}

static void a_lent_payload_is_released_once(void) {
    powerhose_reply *reply;
    for (int i = 0; i < 3; i++) {
        size_t size = 1 << 20;
        char *payload = malloc(size);
        memset(payload, 'l', size);
        memcpy(payload, "echo ", 5);
        powerhose_job job = job_of("");
        job.payload = payload;
        job.payload_size = size;
        job.release = release;
        job.release_context = payload;
        // The last is no job: it is released all the same.
        job.flags = i == 2 ? 1u << 30 : 0;
        powerhose_status status = run(&job, &reply, NULL);
        CHECK(status == (i == 2 ? POWERHOSE_INVALID : POWERHOSE_OK));
        CHECK(i == 2 || powerhose_reply_payload(reply).size == size - 5);
        powerhose_reply_free(reply);
    }
    for (int i = 0; __atomic_load_n(&released, __ATOMIC_SEQ_CST) != 3; i++) {
        CHECK(i < 10000);
        usleep(1000);
    }
}

static void other_questions_have_answers(const char *endpoint) {
    powerhose_error *error;
    size_t count;
    powerhose_runner_wait_for_workers(runner, 1, 10000, &error);
    FINE(error);
    CHECK(powerhose_runner_workers_count(runner, &count, NULL) == POWERHOSE_OK && count == 1);
    ENDS(powerhose_runner_wait_for_workers(runner, 7, 10, &error), POWERHOSE_WORKERS_MISSING);
    powerhose_error_free(error);
    char *workers = powerhose_runner_workers_json(runner, &error);
    FINE(error);
    CHECK(strstr(workers, "\"made\":\"of C\"") != NULL && strstr(workers, "c-worker/1") != NULL);
    powerhose_string_free(workers);
    char *stats = powerhose_runner_stats_json(runner, &error);
    FINE(error);
    CHECK(strstr(stats, "\"accepted\":") != NULL && strstr(stats, "\"pool\":\"commands\"") != NULL);
    powerhose_string_free(stats);
    CHECK(strcmp(powerhose_runner_endpoint(runner, 0), endpoint) == 0);
    CHECK(powerhose_runner_endpoint(runner, 1) == NULL);
    ENDS(powerhose_abi_version(), POWERHOSE_ABI_VERSION);
    CHECK(strcmp(powerhose_status_name(POWERHOSE_TIMED_OUT), "timed_out") == 0);
}

static void an_operator_asks_and_orders(const char *endpoint) {
    powerhose_error *error;
    powerhose_client_settings *settings = powerhose_client_settings_new();
    powerhose_client_settings_endpoint(settings, endpoint);
    powerhose_operator *operator_ = powerhose_operator_connect(settings, &error);
    FINE(error);
    powerhose_client_settings_free(settings);
    CHECK(powerhose_operator_master_pid(operator_) != 0);
    char *master = powerhose_operator_ask_json(operator_, "master", &error);
    FINE(error);
    CHECK(strstr(master, "\"workers\":1") != NULL);
    powerhose_string_free(master);
    CHECK(powerhose_operator_ask_json(operator_, "weather", &error) == NULL);
    CHECK(error->status == POWERHOSE_REFUSED);
    powerhose_error_free(error);
    powerhose_progress progress;
    powerhose_operator_order(operator_, POWERHOSE_ORDER_QUIET, "pool:commands", 5000, &progress, &error);
    FINE(error);
    CHECK(progress.matched == 1 && progress.left == 0);
    powerhose_operator_order(operator_, POWERHOSE_ORDER_RESUME, "all", 5000, &progress, &error);
    FINE(error);
    ENDS(powerhose_operator_order(operator_, 99, "all", 1, NULL, NULL), POWERHOSE_INVALID);
    ENDS(powerhose_operator_order(operator_, POWERHOSE_ORDER_QUIET, "some", 1, NULL, NULL), POWERHOSE_INVALID);
    powerhose_operator_free(operator_);
}

static void a_forked_child_is_refused(void) {
    powerhose_job job = job_of("echo child");
    powerhose_handle *handle = powerhose_submit(runner, &job, NULL);
    powerhose_queue *queue = powerhose_queue_new(runner, NULL);
    int descriptor = powerhose_queue_descriptor(queue, NULL);
    ENDS(powerhose_queue_submit(queue, &job, NULL, NULL, NULL), POWERHOSE_OK);
    struct pollfd watched = {.fd = descriptor, .events = POLLIN};
    CHECK(poll(&watched, 1, 10000) == 1);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        powerhose_error *error;
        powerhose_end end;
        ENDS(run(&job, NULL, &error), POWERHOSE_REJECTED);
        CHECK(strcmp(error->code, "forked") == 0 && !error->may_have_run);
        powerhose_error_free(error);
        ENDS(powerhose_handle_wait(handle, POWERHOSE_FOREVER, NULL, NULL), POWERHOSE_REJECTED);
        ENDS(powerhose_queue_next(queue, POWERHOSE_FOREVER, &end, NULL), POWERHOSE_REJECTED);
        ENDS(powerhose_queue_submit(queue, &job, NULL, NULL, NULL), POWERHOSE_REJECTED);
        powerhose_handle_free(handle);
        powerhose_queue_free(queue);
        // What is wrong: it is the parent's. A connection of its own is right.
        powerhose_runner *own = powerhose_connect(powerhose_runner_endpoint(runner, 0), &error);
        FINE(error);
        powerhose_runner_free(runner);
        powerhose_reply *reply;
        ENDS(powerhose_execute(own, &job, &reply, NULL), POWERHOSE_OK);
        expect(reply, "child");
        powerhose_runner_free(own);
        // Not by _exit: what the child leaks on purpose is no leak of this program.
        execl("/bin/true", "true", (char *)NULL);
        _exit(1);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    // The child has not taken the parent's end, nor its descriptor's word.
    CHECK(poll(&watched, 1, 0) == 1);
    powerhose_end end;
    ENDS(powerhose_queue_next(queue, 0, &end, NULL), POWERHOSE_OK);
    expect(end.reply, "child");
    powerhose_reply *reply;
    ENDS(powerhose_handle_wait(handle, POWERHOSE_FOREVER, &reply, NULL), POWERHOSE_OK);
    expect(reply, "child");
    powerhose_handle_free(handle);
    powerhose_queue_free(queue);
}

int main(int count, char **arguments) {
    CHECK(count == 2);
    powerhose_error *error;
    runner = powerhose_connect(arguments[1], &error);
    FINE(error);
    a_reply_has_its_bytes_and_its_story();
    headers_go_both_ways();
    an_error_says_what_happened();
    a_wrong_argument_is_named();
    a_handle_waits_once();
    another_thread_cancels_what_is_waited_for();
    a_lent_payload_is_released_once();
    other_questions_have_answers(arguments[1]);
    an_operator_asks_and_orders(arguments[1]);
    a_forked_child_is_refused();
    ENDS(powerhose_runner_close(runner, 1000, &error), POWERHOSE_OK);
    powerhose_job job = job_of("echo late");
    ENDS(run(&job, NULL, &error), POWERHOSE_REJECTED);
    CHECK(strcmp(error->code, "closed") == 0);
    powerhose_error_free(error);
    powerhose_runner_free(runner);
    puts("fine");
    return 0;
}
