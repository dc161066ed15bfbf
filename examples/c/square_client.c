// Squares the numbers from 1 to its argument on the workers of the master that POWERHOSE_ENDPOINT names.
#include <powerhose.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct numbers {
    long next, last;
    char text[32];
};

// Gives the next job, as the library asks for it.
static bool next_job(void *context, powerhose_job *job) {
    struct numbers *numbers = context;
    if (numbers->next > numbers->last) return false;
    job->payload = numbers->text;
    job->payload_size = (size_t)snprintf(numbers->text, sizeof numbers->text, "%ld", numbers->next++);
    job->pool = "square";
    return true;
}

int main(int count, char **arguments) {
    struct numbers numbers = {.next = 1, .last = count > 1 ? atol(arguments[1]) : 10};
    powerhose_error *error;
    powerhose_many *many = NULL;
    powerhose_runner *runner = powerhose_connect(NULL, &error);
    if (runner != NULL) many = powerhose_execute_many(runner, next_job, &numbers, 0, &error);
    powerhose_reply *reply;
    for (long number = 1; many != NULL && powerhose_many_next(many, &reply, &error) == POWERHOSE_OK; number++) {
        powerhose_bytes square = powerhose_reply_payload(reply);
        printf("%ld² = %.*s (worker %" PRIu64 ")\n", number, (int)square.size, (const char *)square.data,
               powerhose_reply_worker(reply));
        powerhose_reply_free(reply);
    }
    if (error != NULL) fprintf(stderr, "square-client: %s\n", error->message);
    int status = error != NULL;
    powerhose_error_free(error);
    powerhose_many_free(many);
    powerhose_runner_free(runner);
    return status;
}
