// A worker that does what a job tells it: `echo TEXT`, `fail`, `wait` (until nobody waits for it), `hold FILE` (until
// the file is there), `headers`, `room`, `lent`, `silent`, `misuse`, `die`.
#include "check.h"

#include <signal.h>
#include <unistd.h>

static int begins(powerhose_bytes bytes, const char *text) {
    return bytes.size >= strlen(text) && memcmp(bytes.data, text, strlen(text)) == 0;
}

static void headers(powerhose_work *work) {
    powerhose_bytes asked = powerhose_work_header(work, "x-asked");
    CHECK(asked.data != NULL);
    CHECK(powerhose_work_header(work, "x-other").data == NULL);
    CHECK(powerhose_work_headers_count(work) == 1);
    CHECK(is(powerhose_work_header_at(work, 0).name, "x-asked"));
    CHECK(powerhose_work_header_at(work, 1).name.data == NULL);
    ENDS(powerhose_work_reply_header(work, "x-answer", 0, asked.data, asked.size, NULL), POWERHOSE_OK);
    ENDS(powerhose_work_reply(work, asked.data, asked.size, NULL), POWERHOSE_OK);
}

static void misuse(powerhose_work *work) {
    powerhose_error *error;
    ENDS(powerhose_work_finish(work, &error), POWERHOSE_MISUSE);
    CHECK(strcmp(error->code, "lent") == 0);
    powerhose_error_free(error);
    powerhose_work_free(work);
    ENDS(powerhose_work_reply(work, NULL, 1, NULL), POWERHOSE_INVALID);
    ENDS(powerhose_work_fail(work, "\xff", NULL, &error), POWERHOSE_INVALID);
    powerhose_error_free(error);
    ENDS(powerhose_work_reply(work, "allowed", 7, NULL), POWERHOSE_OK);
}

// What is lent, and then replaced, is released at once; the rest when it has been sent.
static void lent(powerhose_work *work) {
    for (int i = 0; i < 2; i++) {
        char *text = malloc(3 << 20);
        memset(text, "xl"[i], 3 << 20);
        ENDS(powerhose_work_reply_lent(work, text, 3 << 20, free, text, NULL), POWERHOSE_OK);
    }
    ENDS(powerhose_work_reply_lent(work, NULL, 1, free, malloc(1), NULL), POWERHOSE_INVALID);
    ENDS(powerhose_work_reply_lent(work, "x", 1, NULL, NULL, NULL), POWERHOSE_INVALID);
}

static void handle(void *context, powerhose_work *work) {
    ++*(int *)context;
    powerhose_bytes payload = powerhose_work_payload(work);
    CHECK(powerhose_work_job(work) != 0);
    CHECK(powerhose_work_attempt(work) >= 1);
    CHECK(is(powerhose_work_pool(work), "commands"));
    if (begins(payload, "echo ")) {
        ENDS(powerhose_work_reply(work, payload.data + 5, payload.size - 5, NULL), POWERHOSE_OK);
    } else if (begins(payload, "fail")) {
        ENDS(powerhose_work_fail(work, "no_luck", "there was none", NULL), POWERHOSE_OK);
    } else if (begins(payload, "wait")) {
        while (!powerhose_work_is_cancelled(work)) usleep(1000);
    } else if (begins(payload, "hold ")) {
        char file[256];
        snprintf(file, sizeof file, "%.*s", (int)payload.size - 5, (const char *)payload.data + 5);
        while (access(file, F_OK) != 0) usleep(1000);
    } else if (begins(payload, "headers")) {
        headers(work);
    } else if (begins(payload, "room")) {
        memset(powerhose_work_reply_room(work, 3 << 20), 'r', 3 << 20);
    } else if (begins(payload, "lent")) {
        lent(work);
    } else if (begins(payload, "misuse")) {
        misuse(work);
    } else if (begins(payload, "die")) {
        raise(SIGKILL);
    }
}

int main(void) {
    powerhose_error *error;
    FINE((powerhose_log_to_stderr("warn", &error), error));
    powerhose_worker *worker = powerhose_worker_new(NULL, &error);
    FINE(error);
    powerhose_worker_pool(worker, "commands", 0);
    powerhose_worker_label(worker, "made", "of C");
    powerhose_worker_software(worker, "c-worker/1");
    int jobs = 0;
    powerhose_worker_run(worker, handle, &jobs, &error);
    FINE(error);
    powerhose_worker_free(worker);
    return 0;
}
