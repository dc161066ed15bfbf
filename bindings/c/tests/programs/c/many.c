// Many jobs at once: through a queue with a descriptor, in a batch of two threads, and from a source. The argument is the endpoint of a
// master with workers of `worker.c`.
#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#define JOBS 500

static powerhose_runner *runner;

static void ends_come_through_one_descriptor(void) {
    powerhose_error *error;
    powerhose_end end;
    powerhose_queue *queue = powerhose_queue_new(runner, &error);
    FINE(error);
    ENDS(powerhose_queue_next(queue, POWERHOSE_FOREVER, &end, &error), POWERHOSE_ENDED);
    static int contexts[JOBS];
    for (int i = 0; i < JOBS; i++) {
        char text[32];
        snprintf(text, sizeof text, i % 10 == 9 ? "fail" : "echo %d", i);
        powerhose_job job = job_of(text);
        uint64_t ticket;
        ENDS(powerhose_queue_submit(queue, &job, &contexts[i], &ticket, NULL), POWERHOSE_OK);
        CHECK(ticket == (uint64_t)i + 1);
    }
    struct pollfd watched = {.fd = powerhose_queue_descriptor(queue, &error), .events = POLLIN};
    FINE(error);
    CHECK(watched.fd == powerhose_queue_descriptor(queue, NULL));
    int ended = 0;
    while (ended < JOBS) {
        CHECK(poll(&watched, 1, 30000) == 1);
        powerhose_status status;
        while ((status = powerhose_queue_next(queue, 0, &end, &error)) == POWERHOSE_OK) {
            int number = (int)((int *)end.context - contexts);
            CHECK(end.ticket == (uint64_t)number + 1);
            ++contexts[number];
            ++ended;
            if (number % 10 == 9) {
                CHECK(end.status == POWERHOSE_FAILED && end.reply == NULL);
                CHECK(strcmp(end.error->code, "no_luck") == 0);
                powerhose_error_free(end.error);
            } else {
                char text[32];
                snprintf(text, sizeof text, "%d", number);
                CHECK(end.status == POWERHOSE_OK && end.error == NULL);
                expect(end.reply, text);
            }
        }
        CHECK(status == (ended == JOBS ? POWERHOSE_ENDED : POWERHOSE_PENDING));
    }
    for (int i = 0; i < JOBS; i++) CHECK(contexts[i] == 1);
    CHECK(poll(&watched, 1, 0) == 0);

    powerhose_job job = job_of("wait");
    uint64_t ticket;
    ENDS(powerhose_queue_submit(queue, &job, NULL, &ticket, NULL), POWERHOSE_OK);
    ENDS(powerhose_queue_next(queue, 5, &end, NULL), POWERHOSE_PENDING);
    powerhose_queue_cancel(queue, ticket);
    powerhose_queue_cancel(queue, ticket + 100);
    CHECK(poll(&watched, 1, 0) == 1);
    ENDS(powerhose_queue_next(queue, 0, &end, NULL), POWERHOSE_OK);
    CHECK(end.status == POWERHOSE_CANCELLED && end.ticket == ticket);
    powerhose_error_free(end.error);
    // Ends that nobody takes, and jobs that have not ended, go with it.
    for (int i = 0; i < 20; i++) {
        job = job_of(i % 2 ? "wait" : "echo left");
        ENDS(powerhose_queue_submit(queue, &job, NULL, NULL, NULL), POWERHOSE_OK);
    }
    powerhose_queue_free(queue);
}

static void *takes_ends(void *queue) {
    powerhose_end end;
    size_t ended = 0;
    while (powerhose_queue_next(queue, POWERHOSE_FOREVER, &end, NULL) == POWERHOSE_OK) {
        powerhose_reply_free(end.reply);
        powerhose_error_free(end.error);
        ++ended;
    }
    return (void *)ended;
}

static void threads_share_a_queue(void) {
    powerhose_queue *queue = powerhose_queue_new(runner, NULL);
    powerhose_job job = job_of("echo shared");
    for (int i = 0; i < JOBS; i++) ENDS(powerhose_queue_submit(queue, &job, NULL, NULL, NULL), POWERHOSE_OK);
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) pthread_create(&threads[i], NULL, takes_ends, queue);
    size_t all = 0;
    for (int i = 0; i < 3; i++) {
        void *ended;
        pthread_join(threads[i], &ended);
        all += (size_t)ended;
    }
    CHECK(all == JOBS);
    powerhose_queue_free(queue);
}

static void *hands_over(void *batch) {
    for (int i = 0; i < JOBS; i++) {
        char text[32];
        snprintf(text, sizeof text, "echo %d", i);
        powerhose_job job = job_of(text);
        ENDS(powerhose_batch_submit(batch, &job, NULL), POWERHOSE_OK);
    }
    powerhose_batch_end(batch);
    return NULL;
}

static void a_batch_keeps_the_order(void) {
    powerhose_reply *reply;
    powerhose_batch *batch = powerhose_batch_new(runner, 16, NULL);
    pthread_t thread;
    pthread_create(&thread, NULL, hands_over, batch);
    for (int i = 0; i < JOBS; i++) {
        char text[32];
        snprintf(text, sizeof text, "%d", i);
        ENDS(powerhose_batch_next(batch, &reply, NULL), POWERHOSE_OK);
        expect(reply, text);
    }
    ENDS(powerhose_batch_next(batch, &reply, NULL), POWERHOSE_ENDED);
    CHECK(reply == NULL && !powerhose_batch_has_next(batch));
    pthread_join(thread, NULL);
    powerhose_batch_free(batch);
}

struct source {
    int given, last, wrong;
    char text[32];
};

static bool next_job(void *context, powerhose_job *job) {
    struct source *source = context;
    if (source->given == source->last) return false;
    snprintf(source->text, sizeof source->text, "echo %d", source->given++);
    *job = job_of(source->text);
    if (source->given == source->wrong) job->pool = "\xff";
    return true;
}

static void a_source_is_asked_as_there_is_room(void) {
    powerhose_error *error;
    powerhose_reply *reply;
    struct source source = {.last = JOBS};
    powerhose_many *many = powerhose_execute_many(runner, next_job, &source, 10, &error);
    FINE(error);
    for (int i = 0; i < JOBS; i++) {
        char text[32];
        snprintf(text, sizeof text, "%d", i);
        ENDS(powerhose_many_next(many, &reply, &error), POWERHOSE_OK);
        CHECK(source.given <= i + 11);
        expect(reply, text);
    }
    ENDS(powerhose_many_next(many, &reply, &error), POWERHOSE_ENDED);
    powerhose_many_free(many);

    // A job that is none ends them, after those before it.
    struct source wrong = {.last = JOBS, .wrong = 4};
    many = powerhose_execute_many(runner, next_job, &wrong, 0, NULL);
    for (int i = 0; i < 3; i++) {
        ENDS(powerhose_many_next(many, &reply, NULL), POWERHOSE_OK);
        powerhose_reply_free(reply);
    }
    ENDS(powerhose_many_next(many, &reply, &error), POWERHOSE_INVALID);
    CHECK(strstr(error->message, "job.pool") != NULL);
    powerhose_error_free(error);
    ENDS(powerhose_many_next(many, &reply, NULL), POWERHOSE_ENDED);
    powerhose_many_free(many);

    // Freed in the middle, the rest is cancelled.
    struct source left = {.last = JOBS};
    many = powerhose_execute_many(runner, next_job, &left, 0, NULL);
    ENDS(powerhose_many_next(many, &reply, NULL), POWERHOSE_OK);
    powerhose_reply_free(reply);
    powerhose_many_free(many);
    CHECK(powerhose_execute_many(runner, NULL, NULL, 0, NULL) == NULL);
}

int main(int count, char **arguments) {
    CHECK(count == 2);
    powerhose_error *error;
    runner = powerhose_connect(arguments[1], &error);
    FINE(error);
    ends_come_through_one_descriptor();
    threads_share_a_queue();
    a_batch_keeps_the_order();
    a_source_is_asked_as_there_is_room();
    powerhose_runner_free(runner);
    puts("fine");
    return 0;
}
