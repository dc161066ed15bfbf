/* Powerhose: hands CPU-bound jobs to worker processes and brings the replies back.
 *
 * Generated from bindings/c/src. docs/C.md has examples and the rules; in short:
 *
 * - What a function makes, its `_free` function frees, once. Freeing NULL does nothing.
 * - A function that can fail takes `powerhose_error **error`, which may be NULL. It sets `*error` in any case, to NULL if nothing went
 *   wrong, and does not read it before. Whoever gets an error frees it. The same holds for `powerhose_reply **reply`.
 * - Text is UTF-8 with a zero at its end, and copied. Views (`powerhose_bytes`) have no zero, and live as long as what they are of.
 * - No function calls back on another thread than its caller's, but for `release` of a job that asks for it.
 * - After a fork, the child uses nothing that its parent made: it is refused with the code `forked`. Freeing it is allowed.
 */

#ifndef POWERHOSE_H
#define POWERHOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// For functions that wait: as long as it takes.
#define POWERHOSE_FOREVER UINT64_MAX

// A job's flag: it is never dispatched a second time.
#define POWERHOSE_JOB_ONCE 1

// A job's flag: `end_within_ms` counts.
#define POWERHOSE_JOB_END_WITHIN 2

// An order: no further jobs.
#define POWERHOSE_ORDER_QUIET 1

// An order: jobs again.
#define POWERHOSE_ORDER_RESUME 2

// An order: no further jobs; it has had its effect when the worker has none left.
#define POWERHOSE_ORDER_DRAIN 3

// An order: finish what it has, and exit.
#define POWERHOSE_ORDER_STOP 4

// What workers print goes where that of this process goes.
#define POWERHOSE_OUTPUT_INHERIT 0

// It goes nowhere.
#define POWERHOSE_OUTPUT_DISCARD 1

// It goes where that of this process goes, each line with its worker's slot before it: `worker-3 | …`.
#define POWERHOSE_OUTPUT_NAMED 2

// Bytes that `powerhose_job_id_text` writes at most.
#define POWERHOSE_JOB_ID_SIZE 32

// The version of the interface that a header declares. Programs that were built with another one may not work; within one,
// functions and the ends of structs are only added.
#define POWERHOSE_ABI_VERSION 0

// How a call ended.
typedef enum powerhose_status {
  // As it should.
  POWERHOSE_OK = 0,
  // A job's handler gave an error; `code` and `text` of the error are the handler's.
  POWERHOSE_FAILED = 1,
  // A job's deadline passed.
  POWERHOSE_TIMED_OUT = 2,
  // A job was cancelled.
  POWERHOSE_CANCELLED = 3,
  // A job was lost with its worker or with the master; `code` is `worker` or `master`.
  POWERHOSE_LOST = 4,
  // A job was refused before any worker had it; `code` says why: `queue_full`, `queue_bytes`, `overload`, `no_workers`,
  // `payload_too_large`, `bad_headers`, `bad_pool`, `pools_max`, `closed`, `forked`, `bad_call`, `refused`.
  POWERHOSE_REJECTED = 5,
  // An argument is not what it must be. Nothing was done.
  POWERHOSE_INVALID = 6,
  // The call is not allowed now: what it asks for was taken before, or another thread is at it. Nothing was done.
  POWERHOSE_MISUSE = 7,
  // No master answered.
  POWERHOSE_UNREACHABLE = 8,
  // The master refused this client, worker or order.
  POWERHOSE_REFUSED = 9,
  // A master cannot listen there: another one does, or something else stands in its way.
  POWERHOSE_IN_USE = 10,
  // Too few workers came in time, or a worker's program did not start.
  POWERHOSE_WORKERS_MISSING = 11,
  // Some jobs ended without a reply while the master drained.
  POWERHOSE_JOBS_LOST = 12,
  // The system refused something.
  POWERHOSE_SYSTEM = 13,
  // The library is broken: a bug.
  POWERHOSE_INTERNAL = 14,
  // No error: what was asked for is not there yet.
  POWERHOSE_PENDING = 32,
  // No error: there is no more.
  POWERHOSE_ENDED = 33,
} powerhose_status;

// Many jobs whose ends come in the order of the jobs; a few are under way at once for each worker. One thread hands them over, and
// another takes their ends: what `powerhose_many` is for has one thread. Freed by `powerhose_batch_free`.
typedef struct powerhose_batch powerhose_batch;

// Settings of a client. Freed by `powerhose_client_settings_free`; what is made with them does not need them any longer, and more
// than one thing can be. What is wrong with a setting is told by the function that uses them.
typedef struct powerhose_client_settings powerhose_client_settings;

// A master in this process and worker processes, which are started again when they die. Freed by `powerhose_cluster_free`, which ends
// everything at once; `powerhose_cluster_close` lets jobs finish before. The workers end with this process in any case.
//
// It catches no signal.
typedef struct powerhose_cluster powerhose_cluster;

// Settings of a cluster. Freed by `powerhose_cluster_settings_free`; what is made with them does not need them any longer. What is
// wrong with a setting is told by the function that uses them.
typedef struct powerhose_cluster_settings powerhose_cluster_settings;

// A submitted job. One thread waits for it; any other may cancel it meanwhile. It keeps its runner running.
//
// Freed by `powerhose_handle_free`, which cancels the job unless it has ended: nobody waits for it any longer.
typedef struct powerhose_handle powerhose_handle;

// Many jobs whose ends come in the order of the jobs; a few are under way at once for each worker. One thread at a time uses it.
// Freed by `powerhose_many_free`.
typedef struct powerhose_many powerhose_many;

// Settings of a master. Freed by `powerhose_master_settings_free`; what is made with them does not need them any longer. What is
// wrong with a setting is told by the function that uses them.
typedef struct powerhose_master_settings powerhose_master_settings;

// What a master in this process tells of its workers and clients, from the moment on at which this was made. 1,024 notices wait to be
// taken; then the oldest is dropped. Freed by `powerhose_notices_free`. A client's master tells nothing.
typedef struct powerhose_notices powerhose_notices;

// An operator's connection to a master: one question at a time, and other threads wait for their turn. Made by
// `powerhose_operator_connect`, freed by `powerhose_operator_free`.
typedef struct powerhose_operator powerhose_operator;

// Jobs whose ends come through one queue, in the order in which they end. Any number of threads may hand jobs over and take ends
// at once. Freed by `powerhose_queue_free`, which cancels the jobs that have not ended.
typedef struct powerhose_queue powerhose_queue;

// The reply to a job. Freed by `powerhose_reply_free`; what is read from it lives as long as it does. Any number of threads may
// read it at once.
typedef struct powerhose_reply powerhose_reply;

// Runs jobs on worker processes. Its master is in this process or in another; the calls are the same, and any number of threads
// may make them at once.
//
// Freed by `powerhose_runner_free`. Handles, queues and batches that were made with it keep it running until they are freed too;
// then a master in this process ends at once, with what it still has. `powerhose_runner_close` lets the jobs finish before.
typedef struct powerhose_runner powerhose_runner;

// One attempt of one job at a worker, and the answer to it. What is read from it lives as long as it does.
//
// A handler borrows it, and its answer counts when the handler returns. One of `powerhose_worker_next` belongs to the program, and ends
// with `powerhose_work_finish`, or with `powerhose_work_free`, which fails the job. One thread at a time uses it, whichever;
// `powerhose_work_is_cancelled` may be asked on any meanwhile.
typedef struct powerhose_work powerhose_work;

// A worker. Made by `powerhose_worker_new`, then its settings, then `powerhose_worker_run` or `powerhose_worker_open`, once. One thread
// at a time uses it, but any may call `powerhose_worker_stop`. Freed by `powerhose_worker_free`.
typedef struct powerhose_worker powerhose_worker;

// A header that is set.
typedef struct powerhose_header {
  // UTF-8.
  const char *name;
  // How many bytes it has; 0: it ends with a zero.
  size_t name_size;
  // Any bytes.
  const void *value;
  // How many they are.
  size_t value_size;
} powerhose_header;

// A job. Set all of it to zero first (`powerhose_job job = {0};`): zero is the default of every field. The library reads it
// while it is given one and keeps nothing of it: payload, pool and headers are copied, unless `release` is set.
typedef struct powerhose_job {
  // The payload, which may be NULL if it has no bytes.
  const void *payload;
  // How many bytes it has.
  size_t payload_size;
  // Which workers can run it: 1 to 64 of the characters `a-z A-Z 0-9 . _ -`. NULL: `default`.
  const char *pool;
  // How long its caller waits, counted from now; at most 365 days. 0: the master's, 5 s.
  uint64_t timeout_ms;
  // Instead of `timeout_ms`: how long a worker may take, counted from when it is given the job. It waits for a worker as long
  // as it has to. 0: `timeout_ms` counts.
  uint64_t run_timeout_ms;
  // Headers for the worker: at most 64, with 16 KiB in all.
  const struct powerhose_header *headers;
  // How many there are.
  size_t headers_count;
  // With POWERHOSE_JOB_END_WITHIN: the worker's process ends if the job still runs so long after nobody waits for it any
  // longer.
  uint64_t end_within_ms;
  // How many workers may die with it before it ends as lost. 0: the master's, 3.
  uint32_t attempts_max;
  // POWERHOSE_JOB_ONCE, POWERHOSE_JOB_END_WITHIN, both or none. Any other bit is an error.
  uint32_t flags;
  // If it is set, the payload is not copied: it stays as it is until this is called, once, with `release_context`, on any
  // thread; also where the call that was given the job fails. It calls nothing of this library.
  void (*release)(void *context);
  // For `release`.
  void *release_context;
} powerhose_job;

// Why a call did not do what it was asked for. Made by the library, freed by `powerhose_error_free`; its texts live as long
// as it does and are never NULL. Nothing in it is to be changed; fields may be added at its end.
typedef struct powerhose_error {
  // The kind: never POWERHOSE_OK, POWERHOSE_PENDING or POWERHOSE_ENDED.
  enum powerhose_status status;
  // What happened, for people: all that is known, in one line or a few.
  const char *message;
  // What happened, for programs: a handler's own code, a rejection's reason, or a word of the library.
  const char *code;
  // A handler's own text, or the reason alone.
  const char *text;
  // The job's id, as `powerhose_reply_job` gives it; 0 if the error is of no job, or the job never reached a master.
  uint64_t job;
  // The worker that answered or died; 0 if none had the job.
  uint64_t worker;
  // When to come back at the earliest, if the master says so; else 0.
  uint64_t retry_after_ms;
  // How often the job was dispatched.
  uint32_t attempts;
  // The status with which a web service may answer; 500 for what is no error of a job.
  uint32_t http_status;
  // The signal that ended the worker with which the job was lost; 0 if none did or nobody knows.
  int32_t worker_signal;
  // The status with which that worker exited; -1 if it did not or nobody knows.
  int32_t worker_exit_status;
  // Whether a worker may have begun the job. If not, it can be submitted again whatever it does.
  bool may_have_run;
  // Whether the same job may succeed when it is submitted again.
  bool is_retryable;
  // Whether there is too much to do, or nobody to do it: come back later.
  bool is_overload;
  // The library's own.
  const void *texts;
} powerhose_error;

// Gives the next job of many: fills in `job`, which is all zero, and returns true; or returns false, as there is none. Called by
// `powerhose_many_next`, on its thread. It calls nothing for these many jobs, throws nothing and does not jump out.
typedef bool (*powerhose_next_job)(void *context, struct powerhose_job *job);

// How far an order has come.
typedef struct powerhose_progress {
  // Workers that it was for.
  uint64_t matched;
  // Those on which it has not had its effect.
  uint64_t left;
} powerhose_progress;

// The end of a job: what `powerhose_queue_next` gives. One of `reply` and `error` is set, and is to be freed.
typedef struct powerhose_end {
  // The job, as `powerhose_queue_submit` numbered it.
  uint64_t ticket;
  // What `powerhose_queue_submit` was given.
  void *context;
  // POWERHOSE_OK, or the kind of the error.
  enum powerhose_status status;
  // With POWERHOSE_OK.
  struct powerhose_reply *reply;
  // Otherwise.
  struct powerhose_error *error;
} powerhose_end;

// Bytes that somebody else owns: as long as it says where they come from. There is no zero behind them. `data` is NULL where
// there is nothing at all, as for a header that was not set; it is not where there are bytes, however few.
typedef struct powerhose_bytes {
  // Where they begin.
  const uint8_t *data;
  // How many there are.
  size_t size;
} powerhose_bytes;

// A header that is shown: both are of the job's or the reply's memory. `name.data` is NULL if there is none of this number.
typedef struct powerhose_header_view {
  // UTF-8.
  struct powerhose_bytes name;
  // Any bytes.
  struct powerhose_bytes value;
} powerhose_header_view;

// Runs a job: reads `work` and says what the answer is. It throws nothing and does not jump out.
typedef void (*powerhose_handler)(void *context, struct powerhose_work *work);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// A batch for a runner, which it keeps running. At most `jobs_max` jobs are under way, or have ended and wait for their turn; 0: 4,096.
struct powerhose_batch *powerhose_batch_new(const struct powerhose_runner *runner,
                                            size_t jobs_max,
                                            powerhose_error **error);

// Hands a job over. Waits while as many are under way as the workers need, or `jobs_max` have not been taken. If the job has no time
// of its own, the master's counts from when a worker is given it.
enum powerhose_status powerhose_batch_submit(const struct powerhose_batch *batch,
                                             const struct powerhose_job *job,
                                             powerhose_error **error);

// No further job comes.
void powerhose_batch_end(const struct powerhose_batch *batch);

// Waits for the end of the job that is next in turn. POWERHOSE_ENDED after the last, once `powerhose_batch_end` was called.
enum powerhose_status powerhose_batch_next(const struct powerhose_batch *batch,
                                           powerhose_reply **reply,
                                           powerhose_error **error);

// Whether `powerhose_batch_next` would not wait now.
bool powerhose_batch_has_next(const struct powerhose_batch *batch);

// Cancels the jobs whose ends nobody has taken, and frees the batch. No other thread may be using it. NULL is nothing to free.
void powerhose_batch_free(struct powerhose_batch *batch);

// Connects to the master at an endpoint, `ipc:///path/to/socket` or `tcp://host:port`, and waits up to 5 s for it; afterwards the
// runner connects again by itself. NULL: the endpoint of POWERHOSE_ENDPOINT, or else the user's default, where the program
// `powerhose` listens too. POWERHOSE_SECRET_FILE names the file of a shared secret.
struct powerhose_runner *powerhose_connect(const char *endpoint, powerhose_error **error);

// Settings that say what `powerhose_connect(NULL)` does.
struct powerhose_client_settings *powerhose_client_settings_new(void);

// Where the master is.
void powerhose_client_settings_endpoint(const struct powerhose_client_settings *settings, const char *endpoint);

// How long a caller waits that names no timeout. Default: 5 s.
void powerhose_client_settings_timeout_ms(const struct powerhose_client_settings *settings, uint64_t timeout_ms);

// How long to wait for the master's first answer. Default: 5 s.
void powerhose_client_settings_connect_timeout_ms(const struct powerhose_client_settings *settings, uint64_t timeout_ms);

// How long the master may be silent before it counts as gone. Default: 5 s.
void powerhose_client_settings_silence_max_ms(const struct powerhose_client_settings *settings, uint64_t silence_ms);

// How long a caller that blocks looks for its reply again and again before it sleeps, up to 1 ms; 0: never. Default: 100 us.
void powerhose_client_settings_caller_spin_us(const struct powerhose_client_settings *settings, uint64_t spin_us);

// The secret that it shares with the master: at least 32 bytes.
void powerhose_client_settings_secret(const struct powerhose_client_settings *settings, const void *secret, size_t secret_size);

// The same, in a file.
void powerhose_client_settings_secret_file(const struct powerhose_client_settings *settings, const char *path);

// A file of CURVE keys, for `tcp://`: lines `server KEY`, `public KEY`, `secret KEY`. Default: that of POWERHOSE_CURVE_FILE. Needs a
// library that was built with libzmq.
void powerhose_client_settings_curve_file(const struct powerhose_client_settings *settings,
                                          const char *path);

// Frees settings. NULL is nothing to free.
void powerhose_client_settings_free(struct powerhose_client_settings *settings);

// Connects a runner with these settings.
struct powerhose_runner *powerhose_client_connect(const struct powerhose_client_settings *settings, powerhose_error **error);

// Connects an operator with these settings.
struct powerhose_operator *powerhose_operator_connect(const struct powerhose_client_settings *settings, powerhose_error **error);

// Starts the master and the workers, and waits until all of them have registered. After an error nothing is left running.
struct powerhose_cluster *powerhose_cluster_start(const struct powerhose_cluster_settings *settings, powerhose_error **error);

// What runs jobs on the workers: a runner of its own, which is to be freed too.
struct powerhose_runner *powerhose_cluster_runner(const struct powerhose_cluster *cluster, powerhose_error **error);

// Writes the process ids of the workers, in the order of their slots, and returns how many there are; no more than `pids_max` are
// written.
size_t powerhose_cluster_pids(const struct powerhose_cluster *cluster, uint32_t *pids, size_t pids_max);

// Takes no further jobs, lets those it has finish for so long, then ends the workers and the master. The cluster is still to be freed.
// POWERHOSE_JOBS_LOST: some jobs were lost or timed out meanwhile.
enum powerhose_status powerhose_cluster_close(const struct powerhose_cluster *cluster,
                                              uint64_t drain_timeout_ms,
                                              powerhose_error **error);

// Ends everything at once, and frees the cluster. No other thread may be using it. NULL is nothing to free.
void powerhose_cluster_free(struct powerhose_cluster *cluster);

// Replaces each worker when it is so old. It finishes what it runs, and no job is lost.
void powerhose_cluster_settings_recycle_age_max_ms(const struct powerhose_cluster_settings *settings, uint64_t age_ms);

// Each worker lives shorter by a random part of this share of its age, from 0 to 100. Default: 10.
void powerhose_cluster_settings_recycle_age_jitter_percent(const struct powerhose_cluster_settings *settings, uint8_t percent);

// Replaces each worker when it has answered so many jobs.
void powerhose_cluster_settings_recycle_jobs_max(const struct powerhose_cluster_settings *settings, uint64_t jobs);

// Replaces each worker when it holds so much memory with all that it has started. It is looked at once a second.
void powerhose_cluster_settings_recycle_memory_bytes_max(const struct powerhose_cluster_settings *settings, uint64_t bytes);

// At most this share of the workers is away or being replaced at once, from 1 to 100; one may always be. Default: 25.
void powerhose_cluster_settings_recycle_share_max_percent(const struct powerhose_cluster_settings *settings, uint8_t percent);

// A cluster of workers of this program, which find their master as `powerhose_worker_new(NULL)` does: one for each core. A name
// without a slash is looked up in PATH. The master listens on a socket in a private folder.
struct powerhose_cluster_settings *powerhose_cluster_settings_new(const char *program);

// Adds an argument for the program.
void powerhose_cluster_settings_argument(const struct powerhose_cluster_settings *settings, const char *argument);

// Sets a variable in the workers' environment, beside those of this process.
void powerhose_cluster_settings_variable(const struct powerhose_cluster_settings *settings, const char *name, const char *value);

// How many workers. Default: one for each core that this process may use.
void powerhose_cluster_settings_workers(const struct powerhose_cluster_settings *settings, size_t workers);

// How long a worker may take to register. Default: 10 s.
void powerhose_cluster_settings_worker_start_ms(const struct powerhose_cluster_settings *settings, uint64_t within_ms);

// Where the master listens, for the workers and whoever else connects. Default: a socket in a private folder.
void powerhose_cluster_settings_endpoint(const struct powerhose_cluster_settings *settings, const char *endpoint);

// The master's settings, as they are now.
void powerhose_cluster_settings_master(const struct powerhose_cluster_settings *settings,
                                       const struct powerhose_master_settings *master);

// Frees settings. NULL is nothing to free.
void powerhose_cluster_settings_free(struct powerhose_cluster_settings *settings);

// The folder in which workers start. Default: this process's own.
void powerhose_cluster_settings_folder(const struct powerhose_cluster_settings *settings, const char *folder);

// Where what workers print goes, one of POWERHOSE_OUTPUT_…. Default: where that of this process does.
void powerhose_cluster_settings_output(const struct powerhose_cluster_settings *settings, uint32_t output);

// Keeps each worker on one of the cores that this process may use. With more workers than cores, some share one.
void powerhose_cluster_settings_pinned(const struct powerhose_cluster_settings *settings);

// How willingly workers leave a core to others: 0 as everybody, up to 19. Below 0 needs a privilege.
void powerhose_cluster_settings_nice(const struct powerhose_cluster_settings *settings, int nice);

// The most address space that a worker may have (RLIMIT_AS): what asks for more gets no memory.
void powerhose_cluster_settings_address_space_bytes_max(const struct powerhose_cluster_settings *settings, uint64_t bytes);

// Frees an error. NULL is nothing to free.
void powerhose_error_free(struct powerhose_error *error);

// The word for a status: `timed_out`. It lives as long as the program.
const char *powerhose_status_name(uint32_t status);

// Waits until the job has ended, but no longer than this; 0 looks and does not wait, POWERHOSE_FOREVER waits until shortly after
// the job's deadline at the latest. POWERHOSE_PENDING: it has not ended, and goes on. Its end is given once.
enum powerhose_status powerhose_handle_wait(const struct powerhose_handle *handle,
                                            uint64_t timeout_ms,
                                            powerhose_reply **reply,
                                            powerhose_error **error);

// Whether the job has ended and its end was not taken: `powerhose_handle_wait` would give it at once.
bool powerhose_handle_has_ended(const struct powerhose_handle *handle);

// The job's id; 0 before it has one, while another thread waits for it, and after its end was taken.
uint64_t powerhose_handle_job(const struct powerhose_handle *handle);

// Takes the job back, from any thread: it ends as cancelled, unless it has ended. If it runs, its worker is told; a handler that
// looks can stop.
void powerhose_handle_cancel(const struct powerhose_handle *handle);

// Frees a handle and cancels its job, unless that has ended. No thread may be waiting for it. NULL is nothing to free.
void powerhose_handle_free(struct powerhose_handle *handle);

// Writes the log of this library to standard error from now on, on the threads that have something to say. `filter` is a level
// (`error`, `warn`, `info`, `debug`, `trace`) or target=level,…; NULL: what RUST_LOG says, or else `warn`. Without a call, the library
// says nothing. POWERHOSE_MISUSE if it was called before.
enum powerhose_status powerhose_log_to_stderr(const char *filter,
                                              powerhose_error **error);

// Begins many jobs for a runner, which they keep running; `next` gives them, with `context`, as there is room. At most `jobs_max`
// are under way, or have ended and wait for their turn; 0: 4,096.
struct powerhose_many *powerhose_execute_many(const struct powerhose_runner *runner,
                                              powerhose_next_job next,
                                              void *context,
                                              size_t jobs_max,
                                              powerhose_error **error);

// Waits for the end of the job that is next in turn. POWERHOSE_ENDED after the last. POWERHOSE_INVALID if `next` gave what is no
// job: then it was the last, and its error comes after the ends of those before.
enum powerhose_status powerhose_many_next(const struct powerhose_many *many, powerhose_reply **reply, powerhose_error **error);

// Cancels the jobs whose ends nobody has taken, and frees them all. NULL is nothing to free.
void powerhose_many_free(struct powerhose_many *many);

// The defaults, and no endpoint.
struct powerhose_master_settings *powerhose_master_settings_new(void);

// Listens here; may be called several times. `ipc:///path/to/socket` or `tcp://127.0.0.1:port` (port 0: any).
void powerhose_master_settings_endpoint(const struct powerhose_master_settings *settings, const char *endpoint);

// Declares a pool: its jobs wait for a worker until their deadline, even if none has ever come. A worker is given `credit` of its
// jobs at once (0: the master finds out). Its workers' processes end if they go on for `end_within_ms` with a run that nobody waits for
// any longer (POWERHOSE_FOREVER: they do not).
void powerhose_master_settings_pool(const struct powerhose_master_settings *settings,
                                    const char *name,
                                    uint32_t credit,
                                    uint64_t end_within_ms);

// A worker whose runs of jobs of this pool take longer than `run_time_ms` more than `overruns_max` times in a row is taken out, and
// comes back when it answers in time. Declares the pool, unless it is.
void powerhose_master_settings_pool_run_time_soft_ms(const struct powerhose_master_settings *settings,
                                                     const char *name,
                                                     uint64_t run_time_ms,
                                                     uint32_t overruns_max);

// How long a caller waits that names no timeout. Default: 5 s.
void powerhose_master_settings_timeout_ms(const struct powerhose_master_settings *settings, uint64_t timeout_ms);

// Bytes of a payload or a reply. Default: 64 MiB.
void powerhose_master_settings_payload_bytes_max(const struct powerhose_master_settings *settings, size_t bytes);

// Jobs that may wait at once. Default: 100,000.
void powerhose_master_settings_queue_jobs_max(const struct powerhose_master_settings *settings, size_t jobs);

// Bytes of payloads and headers that may wait at once. Default: 256 MiB.
void powerhose_master_settings_queue_bytes_max(const struct powerhose_master_settings *settings, size_t bytes);

// How often each side says that it lives, and how long a peer may be silent before it counts as gone. Default: 1 s, 5 s.
void powerhose_master_settings_heartbeats_ms(const struct powerhose_master_settings *settings,
                                             uint64_t heartbeat_interval_ms,
                                             uint64_t silence_max_ms);

// Frees settings. NULL is nothing to free.
void powerhose_master_settings_free(struct powerhose_master_settings *settings);

// Starts a master in this process, on a thread of its own.
struct powerhose_runner *powerhose_master_bind(const struct powerhose_master_settings *settings, powerhose_error **error);

// The same with default settings, listening on one endpoint.
struct powerhose_runner *powerhose_bind(const char *endpoint, powerhose_error **error);

// Lets workers in that prove to know this secret, of at least 32 bytes, and none that do not; may be called several times. Without a
// secret for clients, none of them is let in any more.
void powerhose_master_settings_workers_secret(const struct powerhose_master_settings *settings,
                                              const void *secret,
                                              size_t secret_size);

// The same for clients. Without a secret for workers, none of them is let in any more.
void powerhose_master_settings_clients_secret(const struct powerhose_master_settings *settings,
                                              const void *secret,
                                              size_t secret_size);

// Lets it listen on TCP addresses that other machines reach, although nobody is authenticated.
void powerhose_master_settings_insecure_tcp(const struct powerhose_master_settings *settings);

// Lets the members of the group with this number connect over `ipc://`, too; this user must be one of them, or root. Default: only
// this user may.
void powerhose_master_settings_ipc_group(const struct powerhose_master_settings *settings,
                                         uint32_t group);

// A file of CURVE keys, with which every `tcp://` endpoint is encrypted: lines `public KEY`, `secret KEY`, and `allow KEY` for each peer
// that is let in. Needs a library that was built with libzmq.
void powerhose_master_settings_curve_file(const struct powerhose_master_settings *settings,
                                          const char *path);

// Sets one of the settings that few change, by its name:
//
// - `attempts_max`: how many workers may die with a job before it ends as lost (3)
// - `overrun_grace_ms`: how long after its deadline a handler may run before its worker's process ends (30,000)
// - `unknown_pool_wait_ms`: how long a job waits for a pool that nobody knows (1,000)
// - `workers_max`, `clients_max` (4,096), `pools_max` (1,024): how many there may be at once
// - `handshakes_per_second_max` (1,000)
// - `batch_jobs_max` (64), `batch_bytes_max` (262,144): in one message
// - `worker_served_notice`: a notice each time that a worker has answered so many jobs (0: never)
// - `caller_spin_us`: how long a caller that blocks looks for its reply before it sleeps, up to 1,000 (100)
void powerhose_master_settings_number(const struct powerhose_master_settings *settings, const char *name, uint64_t number);

// Lets a job wait until its deadline that cannot begin before it, at the pace of its pool. Otherwise it is refused at once.
void powerhose_master_settings_overload_waits(const struct powerhose_master_settings *settings);

// Listens to the master of a runner, which it keeps running.
struct powerhose_notices *powerhose_runner_notices(const struct powerhose_runner *runner, powerhose_error **error);

// The next notice, as soon as one is there, but no later than this; 0 looks and does not wait, POWERHOSE_FOREVER waits as long as it
// takes. POWERHOSE_OK: `json` is set, and freed by `powerhose_string_free`. It is an object whose `notice` is `worker_registered`,
// `worker_gone`, `worker_overdue`, `worker_back`, `worker_served`, `client_connected` or `client_gone`, and that has `worker` or `client`,
// `pid`, `pools`, `cause`, `job` and the like where they are known; `missed`, where notices before it were dropped, says how many.
// POWERHOSE_PENDING: none is there. POWERHOSE_ENDED: there will be none any more.
enum powerhose_status powerhose_notices_next(const struct powerhose_notices *notices,
                                             uint64_t timeout_ms,
                                             char **json,
                                             powerhose_error **error);

// A descriptor that is readable while a notice is there, or none will come any more. When it is, call `powerhose_notices_next` with a
// timeout of 0 until it gives none. Never read from it and never close it. -1 and an error if the process has none left.
int powerhose_notices_descriptor(const struct powerhose_notices *notices,
                                 powerhose_error **error);

// Listens no longer. No other thread may be waiting for a notice. NULL is nothing to free.
void powerhose_notices_free(struct powerhose_notices *notices);

// Asks `master`, `workers` or `pools`, and gives the answer of PROTOCOL.md, section 12, as JSON. Freed by
// `powerhose_string_free`; NULL and an error without an answer.
char *powerhose_operator_ask_json(const struct powerhose_operator *operator_, const char *query, powerhose_error **error);

// Gives an order, one of POWERHOSE_ORDER_…, to the workers that `selector` names: `all`, `pool:NAME` or a worker's id. Waits until
// it has had its effect on all of them, or the time is over; `progress` says which.
enum powerhose_status powerhose_operator_order(const struct powerhose_operator *operator_,
                                               uint32_t order,
                                               const char *selector,
                                               uint64_t within_ms,
                                               struct powerhose_progress *progress,
                                               powerhose_error **error);

// The master's process id on its host; 0 if it is not known.
uint64_t powerhose_operator_master_pid(const struct powerhose_operator *operator_);

// A number that is another one after each restart of the master.
uint64_t powerhose_operator_master_epoch(const struct powerhose_operator *operator_);

// Says goodbye and frees an operator. NULL is nothing to free.
void powerhose_operator_free(struct powerhose_operator *operator_);

// A queue of jobs for a runner, which it keeps running.
struct powerhose_queue *powerhose_queue_new(const struct powerhose_runner *runner, powerhose_error **error);

// Hands a job over and returns at once. Its end comes with `context` and with the number that `ticket` is set to, from 1; either may
// be NULL. An error only where an argument is wrong: the end of a job that is refused comes as rejected.
enum powerhose_status powerhose_queue_submit(const struct powerhose_queue *queue,
                                             const struct powerhose_job *job,
                                             void *context,
                                             uint64_t *ticket,
                                             powerhose_error **error);

// The end of the job that ended next, as soon as one has, but no later than this; 0 looks and does not wait, POWERHOSE_FOREVER waits
// as long as it takes. POWERHOSE_OK: `end` is set, whatever the job's end was. POWERHOSE_PENDING: none has come yet.
// POWERHOSE_ENDED: none has, and no job is under way.
enum powerhose_status powerhose_queue_next(const struct powerhose_queue *queue,
                                           uint64_t timeout_ms,
                                           struct powerhose_end *end,
                                           powerhose_error **error);

// A descriptor that is readable while an end is there: for poll, epoll or a loop of any kind. When it is, call
// `powerhose_queue_next` with a timeout of 0 until it gives none. Never read from it and never close it: it is the queue's. -1 and an
// error if the process has none left.
int powerhose_queue_descriptor(const struct powerhose_queue *queue,
                               powerhose_error **error);

// Takes a job back: its end comes as cancelled, unless it has ended.
void powerhose_queue_cancel(const struct powerhose_queue *queue, uint64_t ticket);

// Cancels the jobs that have not ended, drops the ends that were not taken, and frees the queue. No other thread may be using it.
// NULL is nothing to free.
void powerhose_queue_free(struct powerhose_queue *queue);

// Frees a reply. NULL is nothing to free.
void powerhose_reply_free(struct powerhose_reply *reply);

// Its bytes.
struct powerhose_bytes powerhose_reply_payload(const struct powerhose_reply *reply);

// The value of a header that the handler set; nothing if it did not, or the name is no UTF-8.
struct powerhose_bytes powerhose_reply_header(const struct powerhose_reply *reply, const char *name);

// How many headers the handler set.
size_t powerhose_reply_headers_count(const struct powerhose_reply *reply);

// The header of this number, from 0.
struct powerhose_header_view powerhose_reply_header_at(const struct powerhose_reply *reply, size_t number);

// The job's id: one number in errors, at workers and, written by `powerhose_job_id_text`, in all logs.
uint64_t powerhose_reply_job(const struct powerhose_reply *reply);

// The id of the worker that made it.
uint64_t powerhose_reply_worker(const struct powerhose_reply *reply);

// How often the job was dispatched, from 1.
uint32_t powerhose_reply_attempts(const struct powerhose_reply *reply);

// How long the job waited at the master for its (last) worker, in microseconds.
uint64_t powerhose_reply_wait_us(const struct powerhose_reply *reply);

// How long the handler ran, in microseconds.
uint64_t powerhose_reply_run_us(const struct powerhose_reply *reply);

// Writes a job's id as the logs have it (`3.17`), with a zero at its end, to a buffer of POWERHOSE_JOB_ID_SIZE bytes.
void powerhose_job_id_text(uint64_t job, char *buffer);

// Runs a job and waits for its end, at the latest until shortly after its deadline.
enum powerhose_status powerhose_execute(const struct powerhose_runner *runner,
                                        const struct powerhose_job *job,
                                        powerhose_reply **reply,
                                        powerhose_error **error);

// Hands a job over and returns at once. NULL only where an argument is wrong: a job that is refused ends as rejected.
struct powerhose_handle *powerhose_submit(const struct powerhose_runner *runner,
                                          const struct powerhose_job *job,
                                          powerhose_error **error);

// Where the master listens, by number from 0; NULL after the last. A port that the system chose is filled in. The text lives as
// long as the runner.
const char *powerhose_runner_endpoint(const struct powerhose_runner *runner, size_t number);

// Waits until at least so many workers are registered.
enum powerhose_status powerhose_runner_wait_for_workers(const struct powerhose_runner *runner,
                                                        size_t wanted,
                                                        uint64_t within_ms,
                                                        powerhose_error **error);

// How many workers are registered now.
enum powerhose_status powerhose_runner_workers_count(const struct powerhose_runner *runner,
                                                     size_t *count,
                                                     powerhose_error **error);

// The workers that are registered now, as JSON: an array of objects with the fields of PROTOCOL.md, section 12. Freed by
// `powerhose_string_free`; NULL and an error if the master is gone or does not answer.
char *powerhose_runner_workers_json(const struct powerhose_runner *runner, powerhose_error **error);

// What the master has counted and what it holds now, as JSON: how jobs ended, and how long they took (`times`, with quantiles, and
// `buckets` that end at `bucket_bounds_us`). Freed by `powerhose_string_free`; NULL and an error if the master
// is gone or does not answer.
char *powerhose_runner_stats_json(const struct powerhose_runner *runner,
                                  powerhose_error **error);

// Whether new peers find a master in this process. POWERHOSE_UNREACHABLE, and an error that says why: the file of its socket was
// removed, or another master has it. At a client it is always POWERHOSE_OK. For probes.
enum powerhose_status powerhose_runner_reachability(const struct powerhose_runner *runner, powerhose_error **error);

// Frees a text that the library gave away. NULL is nothing to free.
void powerhose_string_free(char *text);

// Takes no further jobs (they end as rejected), lets those it has finish for so long, ends the rest as lost, and returns when the
// runner's thread has ended. The runner is still to be freed. POWERHOSE_JOBS_LOST: some jobs were lost or timed out meanwhile.
enum powerhose_status powerhose_runner_close(const struct powerhose_runner *runner,
                                             uint64_t drain_timeout_ms,
                                             powerhose_error **error);

// Frees a runner. No other thread may be using it. NULL is nothing to free.
void powerhose_runner_free(struct powerhose_runner *runner);

// The version of the library, as `1.2.3`. It lives as long as the program.
const char *powerhose_version(void);

// The POWERHOSE_ABI_VERSION of the library: a program that loads it at run time compares the two.
uint32_t powerhose_abi_version(void);

// The caller's bytes.
struct powerhose_bytes powerhose_work_payload(const struct powerhose_work *work);

// The value of a header that the caller set; nothing if it did not, or the name is no UTF-8.
struct powerhose_bytes powerhose_work_header(const struct powerhose_work *work, const char *name);

// How many headers the caller set.
size_t powerhose_work_headers_count(const struct powerhose_work *work);

// The header of this number, from 0.
struct powerhose_header_view powerhose_work_header_at(const struct powerhose_work *work, size_t number);

// The job's id, the same in its caller's errors and, written by `powerhose_job_id_text`, in all logs.
uint64_t powerhose_work_job(const struct powerhose_work *work);

// Which dispatch of the job this is, from 1. A higher one means that it may have run before.
uint64_t powerhose_work_attempt(const struct powerhose_work *work);

// The pool, in UTF-8.
struct powerhose_bytes powerhose_work_pool(const struct powerhose_work *work);

// Whether the caller forbade a second dispatch.
bool powerhose_work_is_once(const struct powerhose_work *work);

// The time until the caller gives up; 0 once it has.
uint64_t powerhose_work_remaining_ms(const struct powerhose_work *work);

// Whether nobody waits for the answer any longer. A handler that ends early then frees its worker; what it answers goes nowhere.
bool powerhose_work_is_cancelled(const struct powerhose_work *work);

// Hands what was said to the wire, and frees the work. Only for work of `powerhose_worker_next`: a handler returns instead, and gets
// POWERHOSE_MISUSE here.
enum powerhose_status powerhose_work_finish(struct powerhose_work *work,
                                            powerhose_error **error);

// Frees work that is not finished: its job fails with the code `dropped`. Does nothing in a handler. NULL is nothing to free.
void powerhose_work_free(struct powerhose_work *work);

// Sets the reply's bytes, which are copied, in the place of those that were set before.
enum powerhose_status powerhose_work_reply(const struct powerhose_work *work,
                                           const void *payload,
                                           size_t payload_size,
                                           powerhose_error **error);

// The same without a copy: the bytes stay as they are until `release` is called, once, with `context`, on any thread; also where this
// fails. It calls nothing of this library. For large replies: lending costs more than copying a few KiB.
enum powerhose_status powerhose_work_reply_lent(const struct powerhose_work *work,
                                                const void *payload,
                                                size_t payload_size,
                                                void (*release)(void *context),
                                                void *context,
                                                powerhose_error **error);

// Makes room for a reply of so many bytes, all zero, in the place of what was set before, and returns where it is: to be written until
// the handler returns, or the work is finished. NULL if there is not so much memory, or no work.
void *powerhose_work_reply_room(const struct powerhose_work *work,
                                size_t payload_size);

// Adds a header to the reply: at most 64, with 16 KiB in all, a name once. Its name has so many
// bytes; 0: it ends with a zero.
enum powerhose_status powerhose_work_reply_header(const struct powerhose_work *work,
                                                  const char *name,
                                                  size_t name_size,
                                                  const void *value,
                                                  size_t value_size,
                                                  powerhose_error **error);

// Fails the job instead: with a code for its caller's program and a text for its people. The code is cut to 64 bytes, the text to
// 16 KiB. NULL: the code is `error`, the text is empty.
enum powerhose_status powerhose_work_fail(const struct powerhose_work *work,
                                          const char *code,
                                          const char *text,
                                          powerhose_error **error);

// A worker of the master at an endpoint, `ipc:///path/to/socket` or `tcp://host:port`. NULL: what the environment says, as a
// supervisor sets it (POWERHOSE_ENDPOINT, POWERHOSE_POOL, POWERHOSE_SECRET_FILE, POWERHOSE_CURVE_FILE). Nothing is sent before it
// runs or is opened.
struct powerhose_worker *powerhose_worker_new(const char *endpoint, powerhose_error **error);

// Offers a pool, beside those offered before, and takes at most so many of its jobs at once, from 1 to 1024; 0: 64. Without any, the
// worker offers those of the environment, or `default`.
void powerhose_worker_pool(const struct powerhose_worker *worker,
                           const char *name,
                           uint64_t credit);

// Adds a label that its operator sees beside the worker: at most 32, with 4 KiB in all.
void powerhose_worker_label(const struct powerhose_worker *worker, const char *name, const char *value);

// Name and version of the program, for the master's logs; cut to 255 bytes.
void powerhose_worker_software(const struct powerhose_worker *worker, const char *software);

// The secret that it shares with the master: at least 32 bytes.
void powerhose_worker_secret(const struct powerhose_worker *worker, const void *secret, size_t secret_size);

// A file of CURVE keys, for `tcp://`: lines `server KEY`, `public KEY`, `secret KEY`. Default: that of POWERHOSE_CURVE_FILE, where the
// endpoint is the environment's too. Needs a library that was built with libzmq.
void powerhose_worker_curve_file(const struct powerhose_worker *worker,
                                 const char *path);

// How long the master may be silent, from the start or later, before the worker gives up. Default: 30 s.
void powerhose_worker_silence_max_ms(const struct powerhose_worker *worker, uint64_t silence_ms);

// Leaves SIGTERM and SIGINT to the program. Otherwise each does what `powerhose_worker_stop` does while the worker runs or is open;
// after it they are ignored.
void powerhose_worker_ignore_signals(const struct powerhose_worker *worker);

// Registers, and calls the handler with one job after the other on this thread, until the worker is told to leave: POWERHOSE_OK.
// Heartbeats go on meanwhile. When the master restarts, the worker registers again. A handler that runs far beyond its job's deadline
// ends the process with status 86.
enum powerhose_status powerhose_worker_run(const struct powerhose_worker *worker,
                                           powerhose_handler handler,
                                           void *context,
                                           powerhose_error **error);

// Connects, for a program that asks for its jobs: it registers while it asks for the first. Returns at once; the master may not be
// there yet.
enum powerhose_status powerhose_worker_open(const struct powerhose_worker *worker,
                                            powerhose_error **error);

// The next job of an open worker, as soon as one is there, but no later than this; 0 looks and does not wait, POWERHOSE_FOREVER waits as
// long as it takes. POWERHOSE_OK: `work` is set, and is to be finished or freed before the next is asked for. POWERHOSE_PENDING: none is
// there. POWERHOSE_ENDED: the worker has left.
enum powerhose_status powerhose_worker_next(const struct powerhose_worker *worker,
                                            uint64_t timeout_ms,
                                            powerhose_work **work,
                                            powerhose_error **error);

// A descriptor that is readable when a job may be there or the worker has ended; it may be readable for nothing. Sleep on it only after
// `powerhose_worker_next` gave none. Never read from it and never close it: it is the worker's. -1 and an error if there is none.
int powerhose_worker_descriptor(const struct powerhose_worker *worker,
                                powerhose_error **error);

// Tells the worker to leave, from any thread and from a signal's handler: it gives back the jobs that it has not begun, finishes the one
// that runs, says goodbye, and `powerhose_worker_run` returns or `powerhose_worker_next` gives POWERHOSE_ENDED.
void powerhose_worker_stop(const struct powerhose_worker *worker);

// Leaves, if it is open and has not left, and frees the worker. No other thread may be using it. Work that it gave and that is not
// answered goes on, and the worker has left when that is finished or freed. NULL is nothing to free.
void powerhose_worker_free(struct powerhose_worker *worker);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* POWERHOSE_H */
