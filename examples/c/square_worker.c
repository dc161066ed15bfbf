// A worker that squares numbers. Start one on each core: `powerhose run -- ./square-worker`.
#include <powerhose.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void square(void *context, powerhose_work *work) {
    (void)context;
    char text[32];
    powerhose_bytes payload = powerhose_work_payload(work);
    if (payload.size >= sizeof text) {
        powerhose_work_fail(work, "not_a_number", "the payload is no number", NULL);
        return;
    }
    memcpy(text, payload.data, payload.size);
    text[payload.size] = '\0';
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10), result;
    if (end == text || *end != '\0' || errno != 0) {
        powerhose_work_fail(work, "not_a_number", "the payload is no number", NULL);
    } else if (__builtin_mul_overflow(number, number, &result)) {
        powerhose_work_fail(work, "too_large", "the square is too large", NULL);
    } else {
        int size = snprintf(text, sizeof text, "%lld", result);
        powerhose_work_reply(work, text, (size_t)size, NULL);
    }
}

int main(void) {
    powerhose_error *error;
    powerhose_log_to_stderr(NULL, NULL);
    powerhose_worker *worker = powerhose_worker_new(NULL, &error);
    if (worker != NULL) {
        powerhose_worker_pool(worker, "square", 0);
        powerhose_worker_run(worker, square, NULL, &error);
    }
    if (error != NULL) fprintf(stderr, "square-worker: %s\n", error->message);
    int status = error != NULL;
    powerhose_error_free(error);
    powerhose_worker_free(worker);
    return status;
}
