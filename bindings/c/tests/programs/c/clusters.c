// Clusters. The argument is a program of `worker.c`.
#include "check.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *worker_program;

static void a_cluster_runs_jobs_and_replaces_workers(void) {
    powerhose_error *error;
    powerhose_reply *reply;
    powerhose_master_settings *master = powerhose_master_settings_new();
    powerhose_master_settings_timeout_ms(master, 20000);
    powerhose_master_settings_pool(master, "commands", 1, POWERHOSE_FOREVER);
    powerhose_cluster_settings *settings = powerhose_cluster_settings_new(worker_program);
    powerhose_cluster_settings_workers(settings, 2);
    powerhose_cluster_settings_worker_start_ms(settings, 60000);
    powerhose_cluster_settings_variable(settings, "POWERHOSE_OF_THE_TEST", "1");
    powerhose_cluster_settings_argument(settings, "unused");
    powerhose_cluster_settings_master(settings, master);
    powerhose_cluster_settings_folder(settings, "/");
    powerhose_cluster_settings_output(settings, POWERHOSE_OUTPUT_NAMED);
    powerhose_cluster_settings_pinned(settings);
    powerhose_cluster_settings_nice(settings, 1);
    powerhose_master_settings_free(master);
    powerhose_cluster *cluster = powerhose_cluster_start(settings, &error);
    FINE(error);
    powerhose_cluster_settings_free(settings);
    uint32_t pids[2];
    CHECK(powerhose_cluster_pids(cluster, pids, 2) == 2);
    CHECK(powerhose_cluster_pids(cluster, NULL, 0) == 2);
    powerhose_runner *runner = powerhose_cluster_runner(cluster, &error);
    FINE(error);
    powerhose_job job = job_of("echo cluster");
    ENDS(powerhose_execute(runner, &job, &reply, &error), POWERHOSE_OK);
    expect(reply, "cluster");
    // A once job that kills its worker is lost with it, and the error names the signal.
    job = job_of("die");
    job.flags = POWERHOSE_JOB_ONCE;
    ENDS(powerhose_execute(runner, &job, &reply, &error), POWERHOSE_LOST);
    CHECK(strcmp(error->code, "worker") == 0 && error->worker_signal == SIGKILL && error->may_have_run);
    CHECK(error->worker_exit_status == -1 && error->attempts == 1);
    powerhose_error_free(error);
    powerhose_runner_wait_for_workers(runner, 2, 60000, &error);
    FINE(error);
    // A child that frees what it has copied leaves the parent's workers alone.
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        ENDS(powerhose_cluster_close(cluster, 0, NULL), POWERHOSE_REJECTED);
        powerhose_runner_free(runner);
        powerhose_cluster_free(cluster);
        // Not by _exit: what the child leaks on purpose is no leak of this program.
        execl("/bin/true", "true", (char *)NULL);
        _exit(1);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    job = job_of("echo after");
    ENDS(powerhose_execute(runner, &job, &reply, &error), POWERHOSE_OK);
    expect(reply, "after");
    ENDS(powerhose_cluster_close(cluster, 10000, &error), POWERHOSE_OK);
    ENDS(powerhose_cluster_close(cluster, 10000, NULL), POWERHOSE_MISUSE);
    CHECK(powerhose_cluster_runner(cluster, NULL) == NULL);
    powerhose_runner_free(runner);
    powerhose_cluster_free(cluster);
}

static void a_cluster_replaces_workers_that_are_worn(void) {
    powerhose_error *error;
    powerhose_reply *reply;
    powerhose_cluster_settings *settings = powerhose_cluster_settings_new(worker_program);
    powerhose_cluster_settings_workers(settings, 1);
    powerhose_cluster_settings_worker_start_ms(settings, 60000);
    powerhose_cluster_settings_recycle_jobs_max(settings, 3);
    powerhose_cluster_settings_recycle_age_max_ms(settings, 3600000);
    powerhose_cluster_settings_recycle_age_jitter_percent(settings, 0);
    powerhose_cluster_settings_recycle_memory_bytes_max(settings, (uint64_t)1 << 40);
    powerhose_cluster_settings_recycle_share_max_percent(settings, 100);
    powerhose_cluster *cluster = powerhose_cluster_start(settings, &error);
    FINE(error);
    powerhose_cluster_settings_free(settings);
    uint32_t first, now;
    CHECK(powerhose_cluster_pids(cluster, &first, 1) == 1);
    powerhose_runner *runner = powerhose_cluster_runner(cluster, NULL);
    do {
        powerhose_job job = job_of("echo again");
        ENDS(powerhose_execute(runner, &job, &reply, &error), POWERHOSE_OK);
        expect(reply, "again");
        powerhose_cluster_pids(cluster, &now, 1);
    } while (now == first);
    powerhose_runner_free(runner);
    powerhose_cluster_free(cluster);
    settings = powerhose_cluster_settings_new(worker_program);
    powerhose_cluster_settings_output(settings, 7);
    CHECK(powerhose_cluster_start(settings, &error) == NULL);
    CHECK(error->status == POWERHOSE_INVALID && strstr(error->message, "7") != NULL);
    powerhose_error_free(error);
    powerhose_cluster_settings_free(settings);
}

static void a_cluster_that_does_not_start_says_why(void) {
    powerhose_error *error;
    powerhose_cluster_settings *settings = powerhose_cluster_settings_new("/no/such/program");
    CHECK(powerhose_cluster_start(settings, &error) == NULL);
    CHECK(error->status == POWERHOSE_SYSTEM && strstr(error->message, "/no/such/program") != NULL);
    powerhose_error_free(error);
    powerhose_cluster_settings_free(settings);
    settings = powerhose_cluster_settings_new("/bin/false");
    CHECK(powerhose_cluster_start(settings, &error) == NULL);
    CHECK(error->status == POWERHOSE_WORKERS_MISSING);
    powerhose_error_free(error);
    powerhose_cluster_settings_free(settings);
    settings = powerhose_cluster_settings_new(NULL);
    CHECK(powerhose_cluster_start(settings, &error) == NULL);
    CHECK(error->status == POWERHOSE_INVALID && strstr(error->message, "program") != NULL);
    powerhose_error_free(error);
    powerhose_cluster_settings_free(settings);
}

int main(int count, char **arguments) {
    CHECK(count == 2);
    worker_program = arguments[1];
    a_cluster_that_does_not_start_says_why();
    a_cluster_runs_jobs_and_replaces_workers();
    a_cluster_replaces_workers_that_are_worn();
    puts("fine");
    return 0;
}
