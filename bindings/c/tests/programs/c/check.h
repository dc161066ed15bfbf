// What the test programs share: a check that ends the program with a line, and a job of a text.
#ifndef CHECK_H
#define CHECK_H

#include <powerhose.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                    \
    do {                                                                                    \
        if (!(condition)) {                                                                 \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);         \
            exit(1);                                                                        \
        }                                                                                   \
    } while (0)

// Ends the program unless a call ended so.
#define ENDS(call, expected)                                                                \
    do {                                                                                    \
        powerhose_status status_ = (call);                                                  \
        if (status_ != (expected)) {                                                        \
            fprintf(stderr, "%s:%d: %s: %s, not %s\n", __FILE__, __LINE__, #call,             \
                    powerhose_status_name(status_), #expected);                             \
            exit(1);                                                                        \
        }                                                                                   \
    } while (0)

// Ends the program with the error, if there is one.
#define FINE(error)                                                                         \
    do {                                                                                    \
        if (error) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, (error)->message);           \
            exit(1);                                                                        \
        }                                                                                   \
    } while (0)

static inline powerhose_job job_of(const char *text) {
    powerhose_job job = {0};
    job.payload = text;
    job.payload_size = strlen(text);
    job.pool = "commands";
    // Far longer than any takes, also under valgrind on a loaded machine.
    job.timeout_ms = 60000;
    return job;
}

static inline int is(powerhose_bytes bytes, const char *text) {
    return bytes.size == strlen(text) && memcmp(bytes.data, text, bytes.size) == 0;
}

// The reply must be this text.
static inline void expect(powerhose_reply *reply, const char *text) {
    CHECK(reply != NULL);
    powerhose_bytes payload = powerhose_reply_payload(reply);
    if (!is(payload, text)) {
        fprintf(stderr, "expected %s, got %.*s\n", text, (int)payload.size, (const char *)payload.data);
        exit(1);
    }
    powerhose_reply_free(reply);
}

#endif
