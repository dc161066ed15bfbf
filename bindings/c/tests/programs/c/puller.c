// A worker that asks for its jobs, in a loop of its own: it turns payloads around, and fails a payload `drop` by dropping it.
#include "check.h"

#include <poll.h>

static void answer(powerhose_work *work) {
    powerhose_bytes payload = powerhose_work_payload(work);
    if (is(payload, "drop")) {
        powerhose_work_free(work);
        return;
    }
    char *reply = powerhose_work_reply_room(work, payload.size);
    for (size_t i = 0; i < payload.size; i++) reply[i] = (char)payload.data[payload.size - 1 - i];
    ENDS(powerhose_work_finish(work, NULL), POWERHOSE_OK);
}

int main(void) {
    powerhose_error *error;
    powerhose_work *work;
    powerhose_worker *worker = powerhose_worker_new(NULL, &error);
    FINE(error);
    powerhose_worker_pool(worker, "reverse", 1);
    ENDS(powerhose_worker_next(worker, 0, &work, &error), POWERHOSE_MISUSE);
    CHECK(work == NULL);
    powerhose_error_free(error);
    powerhose_worker_open(worker, &error);
    FINE(error);
    ENDS(powerhose_worker_open(worker, NULL), POWERHOSE_MISUSE);
    int descriptor = powerhose_worker_descriptor(worker, &error);
    FINE(error);
    for (;;) {
        powerhose_status status = powerhose_worker_next(worker, 0, &work, &error);
        FINE(error);
        if (status == POWERHOSE_ENDED) break;
        if (status == POWERHOSE_OK) {
            powerhose_work *second;
            ENDS(powerhose_worker_next(worker, 0, &second, NULL), POWERHOSE_MISUSE);
            CHECK(second == NULL);
            answer(work);
            continue;
        }
        struct pollfd watched = {.fd = descriptor, .events = POLLIN};
        poll(&watched, 1, -1);
    }
    powerhose_worker_free(worker);
    return 0;
}
