// Powerhose for C++17: RAII and exceptions over powerhose.h, in one header. docs/CPP.md has examples.
//
// Every call that fails throws an Error; its class says the kind. What is moved from is good for nothing but to be destroyed or
// assigned to. Threads and forks: as docs/C.md says.
#ifndef POWERHOSE_HPP
#define POWERHOSE_HPP

#include <powerhose.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <future>
#include <limits>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>
#include <unistd.h>
#if __cplusplus >= 202002L
#include <span>
#endif

namespace powerhose {

using Milliseconds = std::chrono::milliseconds;

/// The version of the library that is linked.
inline std::string version() { return powerhose_version(); }

/// Bytes that somebody else owns.
class View {
public:
    View() = default;
    View(const void *data, std::size_t size) : data_(static_cast<const unsigned char *>(data)), size_(size) {}
    View(std::string_view text) : View(text.data(), text.size()) {}
    View(const std::string &text) : View(text.data(), text.size()) {}
    View(const char *text) : View(std::string_view(text)) {}
    View(powerhose_bytes bytes) : View(bytes.data, bytes.size) {}

    const unsigned char *data() const { return data_; }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    const unsigned char *begin() const { return data_; }
    const unsigned char *end() const { return data_ + size_; }
    unsigned char operator[](std::size_t place) const { return data_[place]; }

    operator std::string_view() const { return {reinterpret_cast<const char *>(data_), size_}; }
    std::string str() const { return std::string(std::string_view(*this)); }
#if __cplusplus >= 202002L
    operator std::span<const std::byte>() const { return {reinterpret_cast<const std::byte *>(data_), size_}; }
#endif

private:
    const unsigned char *data_ = nullptr;
    std::size_t size_ = 0;
};

inline bool operator==(View one, View other) { return std::string_view(one) == std::string_view(other); }
inline bool operator!=(View one, View other) { return !(one == other); }

/// What went wrong: the fields of `powerhose_error`. `what()` is its message.
class Error : public std::runtime_error {
public:
    explicit Error(const powerhose_error &error)
        : std::runtime_error(error.message), facts_(std::make_shared<const Facts>(error)) {}

    powerhose_status status() const { return facts_->seen.status; }
    const std::string &code() const { return facts_->code; }
    const std::string &text() const { return facts_->text; }

protected:
    struct Facts {
        explicit Facts(const powerhose_error &error) : seen(error), code(error.code), text(error.text) {
            // The texts are the library's, and freed with its error.
            seen.message = seen.code = seen.text = nullptr;
            seen.texts = nullptr;
        }
        powerhose_error seen;
        std::string code;
        std::string text;
    };
    const powerhose_error &seen() const { return facts_->seen; }

private:
    // Copying an exception must not throw.
    std::shared_ptr<const Facts> facts_;
};

/// Why a job has no reply.
class JobError : public Error {
public:
    using Error::Error;
    /// The job's id; 0 if it never reached a master.
    std::uint64_t job() const { return seen().job; }
    /// The worker that answered or died; 0 if none had it.
    std::uint64_t worker() const { return seen().worker; }
    /// How often it was dispatched.
    std::uint32_t attempts() const { return seen().attempts; }
    /// Whether a worker may have begun it. If not, it can be submitted again whatever it does.
    bool may_have_run() const { return seen().may_have_run; }
    /// Whether the same job may succeed when it is submitted again.
    bool is_retryable() const { return seen().is_retryable; }
    /// Whether there is too much to do, or nobody to do it.
    bool is_overload() const { return seen().is_overload; }
    /// When to come back at the earliest, if the master says so; else 0.
    Milliseconds retry_after() const { return Milliseconds(seen().retry_after_ms); }
    /// The status with which a web service may answer.
    std::uint32_t http_status() const { return seen().http_status; }
    /// The signal that ended the worker with which it was lost; 0 if none did or nobody knows.
    int worker_signal() const { return seen().worker_signal; }
    /// The status with which that worker exited; -1 if it did not or nobody knows.
    int worker_exit_status() const { return seen().worker_exit_status; }
};

/// The handler gave an error: `code()` and `text()` are its own.
class JobFailed : public JobError { using JobError::JobError; };
/// The deadline passed.
class JobTimedOut : public JobError { using JobError::JobError; };
/// It was cancelled.
class JobCancelled : public JobError { using JobError::JobError; };
/// It was lost with its worker or with the master.
class JobLost : public JobError { using JobError::JobError; };
/// It was refused before any worker had it; `code()` says why. Also any call after a fork (`forked`).
class JobRejected : public JobError { using JobError::JobError; };
/// An argument is not what it must be.
class InvalidArgument : public Error { using Error::Error; };
/// The call is not allowed now.
class Misuse : public Error { using Error::Error; };
/// No master answered.
class Unreachable : public Error { using Error::Error; };
/// The master refused this client, worker or order.
class Refused : public Error { using Error::Error; };
/// A master cannot listen there.
class InUse : public Error { using Error::Error; };
/// Too few workers came in time.
class WorkersMissing : public Error { using Error::Error; };
/// Some jobs ended without a reply while the master drained.
class JobsLost : public Error { using Error::Error; };
/// The system refused something.
class SystemError : public Error { using Error::Error; };
/// The library is broken: a bug.
class InternalError : public Error { using Error::Error; };

/// What a handler throws to fail its job: a code for the caller's program, a text for its people.
class Failure : public std::runtime_error {
public:
    Failure(std::string code, const std::string &text) : std::runtime_error(text), code_(std::move(code)) {}
    const std::string &code() const { return code_; }

private:
    std::string code_;
};

namespace detail {

template <auto free>
struct Free {
    template <class T>
    void operator()(T *thing) const { free(thing); }
};
template <class T, auto free>
using Owned = std::unique_ptr<T, Free<free>>;
using OwnedError = Owned<powerhose_error, powerhose_error_free>;

/// Throws the error as the class of its kind, and frees it.
[[noreturn]] inline void raise(powerhose_error *raw) {
    OwnedError error(raw);
    if (!error) throw std::bad_alloc();
    switch (error->status) {
    case POWERHOSE_FAILED: throw JobFailed(*error);
    case POWERHOSE_TIMED_OUT: throw JobTimedOut(*error);
    case POWERHOSE_CANCELLED: throw JobCancelled(*error);
    case POWERHOSE_LOST: throw JobLost(*error);
    case POWERHOSE_REJECTED: throw JobRejected(*error);
    case POWERHOSE_INVALID: throw InvalidArgument(*error);
    case POWERHOSE_MISUSE: throw Misuse(*error);
    case POWERHOSE_UNREACHABLE: throw Unreachable(*error);
    case POWERHOSE_REFUSED: throw Refused(*error);
    case POWERHOSE_IN_USE: throw InUse(*error);
    case POWERHOSE_WORKERS_MISSING: throw WorkersMissing(*error);
    case POWERHOSE_JOBS_LOST: throw JobsLost(*error);
    case POWERHOSE_SYSTEM: throw SystemError(*error);
    default: throw InternalError(*error);
    }
}

/// Calls a function of the library with room for an error, and throws that if it comes.
template <class Call>
auto checked(Call call) {
    powerhose_error *error = nullptr;
    auto result = call(&error);
    if (error) raise(error);
    return result;
}

inline std::uint64_t ms(Milliseconds time) { return time.count() < 0 ? 0 : static_cast<std::uint64_t>(time.count()); }

inline std::string take(char *text) {
    Owned<char, powerhose_string_free> owned(text);
    return owned.get();
}

} // namespace detail

/// A job as its caller describes it.
class Job {
public:
    Job(std::string payload) : payload_(std::move(payload)) {}
    Job(const char *payload) : payload_(payload) {}
    Job(View payload) : payload_(payload.str()) {}

    /// Which workers can run it. Default: `default`.
    Job &pool(std::string name) & { return pool_ = std::move(name), *this; }
    /// How long its caller waits. Default: the master's, 5 s.
    Job &timeout(Milliseconds time) & { return timed(time, Milliseconds(0)); }
    /// How long a worker may take, instead.
    Job &run_timeout(Milliseconds time) & { return timed(Milliseconds(0), time); }
    /// Sets a header for the worker.
    Job &header(std::string name, View value) & {
        for (auto &[standing, bytes] : headers_) {
            if (standing == name) return bytes = value.str(), *this;
        }
        return headers_.emplace_back(std::move(name), value.str()), *this;
    }
    /// Never dispatches it a second time.
    Job &once() & { return flags_ |= POWERHOSE_JOB_ONCE, *this; }
    /// Ends the worker's process if it still runs so long after nobody waits for it.
    Job &end_within(Milliseconds grace) & {
        return flags_ |= POWERHOSE_JOB_END_WITHIN, end_within_ = detail::ms(grace), *this;
    }
    /// How many workers may die with it before it ends as lost.
    Job &attempts_max(std::uint32_t attempts) & { return attempts_max_ = attempts, *this; }

    Job &&pool(std::string name) && { return std::move(pool(std::move(name))); }
    Job &&timeout(Milliseconds time) && { return std::move(timeout(time)); }
    Job &&run_timeout(Milliseconds time) && { return std::move(run_timeout(time)); }
    Job &&header(std::string name, View value) && { return std::move(header(std::move(name), value)); }
    Job &&once() && { return std::move(once()); }
    Job &&end_within(Milliseconds grace) && { return std::move(end_within(grace)); }
    Job &&attempts_max(std::uint32_t attempts) && { return std::move(attempts_max(attempts)); }

    /// The job as C has it, for as long as this one and `headers` stay as they are. A large payload is lent instead of copied: then this
    /// job has none any more, and the library must be given what this returns.
    powerhose_job describe(std::vector<powerhose_header> &headers) {
        headers.clear();
        for (const auto &[name, value] : headers_) headers.push_back({name.data(), name.size(), value.data(), value.size()});
        powerhose_job job{};
        job.payload = payload_.data();
        job.payload_size = payload_.size();
        job.pool = pool_.empty() ? nullptr : pool_.c_str();
        job.timeout_ms = timeout_;
        job.run_timeout_ms = run_timeout_;
        job.headers = headers.data();
        job.headers_count = headers.size();
        job.end_within_ms = end_within_;
        job.attempts_max = attempts_max_;
        job.flags = flags_;
        if (payload_.size() >= lent_from) {
            auto lent = std::make_unique<std::string>(std::move(payload_));
            payload_.clear();
            job.payload = lent->data();
            job.release = [](void *context) { delete static_cast<std::string *>(context); };
            job.release_context = lent.release();
        }
        return job;
    }

private:
    /// Below, to copy costs less than to lend.
    static constexpr std::size_t lent_from = 16384;

    /// Zero would be the default: what is over at once gets the least time.
    static std::uint64_t least(Milliseconds time) { return time.count() > 0 ? detail::ms(time) : 1; }
    Job &timed(Milliseconds all, Milliseconds run) {
        timeout_ = run.count() == 0 ? least(all) : 0;
        run_timeout_ = run.count() == 0 ? 0 : least(run);
        return *this;
    }

    std::string payload_;
    std::string pool_;
    std::vector<std::pair<std::string, std::string>> headers_;
    std::uint64_t timeout_ = 0;
    std::uint64_t run_timeout_ = 0;
    std::uint64_t end_within_ = 0;
    std::uint32_t attempts_max_ = 0;
    std::uint32_t flags_ = 0;
};

/// The reply to a job.
class Reply {
public:
    explicit Reply(powerhose_reply *reply) : reply_(reply) {}

    /// Its bytes, for as long as the reply lives.
    View payload() const & { return powerhose_reply_payload(reply_.get()); }
    View payload() const && = delete;
    std::string str() const { return View(powerhose_reply_payload(reply_.get())).str(); }
    /// The value of a header that the handler set.
    std::optional<View> header(const std::string &name) const & {
        View value = powerhose_reply_header(reply_.get(), name.c_str());
        return value.data() ? std::optional(value) : std::nullopt;
    }
    std::optional<View> header(const std::string &) const && = delete;
    std::vector<std::pair<std::string, View>> headers() const & {
        std::vector<std::pair<std::string, View>> all;
        for (std::size_t i = 0; i < powerhose_reply_headers_count(reply_.get()); i++) {
            powerhose_header_view header = powerhose_reply_header_at(reply_.get(), i);
            all.emplace_back(View(header.name).str(), View(header.value));
        }
        return all;
    }
    std::vector<std::pair<std::string, View>> headers() const && = delete;
    std::uint64_t job() const { return powerhose_reply_job(reply_.get()); }
    std::uint64_t worker() const { return powerhose_reply_worker(reply_.get()); }
    std::uint32_t attempts() const { return powerhose_reply_attempts(reply_.get()); }
    std::chrono::microseconds wait_time() const { return std::chrono::microseconds(powerhose_reply_wait_us(reply_.get())); }
    std::chrono::microseconds run_time() const { return std::chrono::microseconds(powerhose_reply_run_us(reply_.get())); }

private:
    detail::Owned<powerhose_reply, powerhose_reply_free> reply_;
};

/// A submitted job. One thread waits; any may cancel. Destroyed, it cancels its job unless that has ended.
class Handle {
public:
    explicit Handle(powerhose_handle *handle) : handle_(handle) {}

    /// Its reply, once.
    Reply wait() { return Reply(*wait_ms(POWERHOSE_FOREVER)); }
    /// Its reply, if it ends in this time; it goes on otherwise.
    std::optional<Reply> wait_for(Milliseconds time) {
        auto reply = wait_ms(detail::ms(time));
        return reply ? std::optional<Reply>(Reply(*reply)) : std::nullopt;
    }
    bool has_ended() const { return powerhose_handle_has_ended(handle_.get()); }
    void cancel() const { powerhose_handle_cancel(handle_.get()); }

private:
    std::optional<powerhose_reply *> wait_ms(std::uint64_t time) {
        powerhose_reply *reply = nullptr;
        auto status = detail::checked([&](auto error) { return powerhose_handle_wait(handle_.get(), time, &reply, error); });
        return status == POWERHOSE_OK ? std::optional(reply) : std::nullopt;
    }

    detail::Owned<powerhose_handle, powerhose_handle_free> handle_;
};

/// How many jobs of a batch may be under way, or have ended and wait for their turn, unless asked otherwise.
constexpr std::size_t jobs_max_default = 4096;

/// The replies of many jobs, in the order of the jobs. One thread uses it.
class Many {
public:
    using Source = std::function<std::optional<Job>()>;

    Many(const powerhose_runner *runner, Source source, std::size_t jobs_max)
        : state_(std::make_unique<State>(std::move(source))),
          many_(detail::checked([&](auto error) {
              return powerhose_execute_many(runner, &Many::next_job, state_.get(), jobs_max, error);
          })) {}

    /// The next reply; nothing after the last. Throws what the job ended with, and the next call goes on; or what the source threw,
    /// after the replies before.
    std::optional<Reply> next() {
        powerhose_reply *reply = nullptr;
        auto status = detail::checked([&](auto error) { return powerhose_many_next(many_.get(), &reply, error); });
        if (status == POWERHOSE_OK) return Reply(reply);
        if (state_->thrown) std::rethrow_exception(std::exchange(state_->thrown, nullptr));
        return std::nullopt;
    }

private:
    struct State {
        explicit State(Source jobs) : source(std::move(jobs)) {}
        Source source;
        std::exception_ptr thrown;
        /// What the library was given last: it reads that after the call.
        std::optional<Job> given;
        std::vector<powerhose_header> headers;
    };

    static bool next_job(void *context, powerhose_job *job) {
        auto &state = *static_cast<State *>(context);
        try {
            state.given = state.source();
            if (!state.given) return false;
            *job = state.given->describe(state.headers);
            return true;
        } catch (...) {
            state.thrown = std::current_exception();
            return false;
        }
    }

    std::unique_ptr<State> state_;
    detail::Owned<powerhose_many, powerhose_many_free> many_;
};

/// Jobs whose ends come through one queue, with a descriptor for loops that wait for many things. Any number of threads may use it.
class Queue {
public:
    /// The end of a job.
    struct End {
        std::uint64_t ticket = 0;
        void *context = nullptr;
        /// Set if it has one,
        std::optional<Reply> reply;
        /// or else this, a JobError.
        std::exception_ptr error;
    };

    explicit Queue(const powerhose_runner *runner)
        : queue_(detail::checked([&](auto error) { return powerhose_queue_new(runner, error); })) {}

    /// Hands a job over; its end comes with this ticket and context.
    std::uint64_t submit(Job job, void *context = nullptr) {
        std::uint64_t ticket = 0;
        std::vector<powerhose_header> headers;
        powerhose_job described = job.describe(headers);
        detail::checked([&](auto error) { return powerhose_queue_submit(queue_.get(), &described, context, &ticket, error); });
        return ticket;
    }
    /// The next end, if one comes in this time; nothing also if no job is under way.
    std::optional<End> next(Milliseconds time) { return next_ms(detail::ms(time)); }
    /// The next end; nothing if no job is under way.
    std::optional<End> next() { return next_ms(POWERHOSE_FOREVER); }
    /// Readable while an end is there; then call `next(0ms)` until it gives none. Never read from it, never close it.
    int descriptor() {
        return detail::checked([&](auto error) { return powerhose_queue_descriptor(queue_.get(), error); });
    }
    void cancel(std::uint64_t ticket) { powerhose_queue_cancel(queue_.get(), ticket); }

private:
    std::optional<End> next_ms(std::uint64_t time) {
        powerhose_end end{};
        auto status = detail::checked([&](auto error) { return powerhose_queue_next(queue_.get(), time, &end, error); });
        if (status != POWERHOSE_OK) return std::nullopt;
        End given{end.ticket, end.context, std::nullopt, nullptr};
        if (end.status == POWERHOSE_OK) {
            given.reply.emplace(end.reply);
        } else {
            try {
                detail::raise(end.error);
            } catch (...) {
                given.error = std::current_exception();
            }
        }
        return given;
    }

    detail::Owned<powerhose_queue, powerhose_queue_free> queue_;
};

namespace detail {

/// Fulfils the promises of jobs, on a thread of its own that begins with the first.
class Promises {
public:
    explicit Promises(const powerhose_runner *runner) : queue_(runner) {}
    Promises(const Promises &) = delete;
    Promises &operator=(const Promises &) = delete;

    /// The jobs that are left are cancelled, and their promises kept.
    ~Promises() {
        std::set<std::uint64_t> left;
        {
            std::lock_guard lock(mutex_);
            is_over_ = true;
            left = under_way_;
        }
        came_.notify_one();
        for (auto ticket : left) queue_.cancel(ticket);
        if (thread_.joinable()) thread_.join();
    }

    std::future<Reply> submit(Job job) {
        auto promise = std::make_unique<std::promise<Reply>>();
        auto future = promise->get_future();
        std::lock_guard lock(mutex_);
        if (!thread_.joinable()) thread_ = std::thread([this] { keep(); });
        auto place = under_way_.insert(std::numeric_limits<std::uint64_t>::max()).first;
        try {
            auto ticket = queue_.submit(std::move(job), promise.get());
            promise.release();
            auto node = under_way_.extract(place);
            node.value() = ticket;
            under_way_.insert(std::move(node));
        } catch (...) {
            under_way_.erase(place);
            throw;
        }
        came_.notify_one();
        return future;
    }

private:
    void keep() {
        for (;;) {
            {
                std::unique_lock lock(mutex_);
                came_.wait(lock, [this] { return is_over_ || !under_way_.empty(); });
                if (under_way_.empty()) return;
            }
            while (auto end = queue_.next()) {
                std::unique_ptr<std::promise<Reply>> promise(static_cast<std::promise<Reply> *>(end->context));
                {
                    // Also so that the ticket of a job that ends at once is in the list before it is taken out.
                    std::lock_guard lock(mutex_);
                    under_way_.erase(end->ticket);
                }
                if (end->reply) {
                    promise->set_value(std::move(*end->reply));
                } else {
                    promise->set_exception(end->error);
                }
            }
        }
    }

    Queue queue_;
    std::mutex mutex_;
    std::condition_variable came_;
    std::set<std::uint64_t> under_way_;
    bool is_over_ = false;
    std::thread thread_;
};

using OwnedClientSettings = Owned<powerhose_client_settings, powerhose_client_settings_free>;
using OwnedMasterSettings = Owned<powerhose_master_settings, powerhose_master_settings_free>;
using OwnedClusterSettings = Owned<powerhose_cluster_settings, powerhose_cluster_settings_free>;

} // namespace detail

/// Settings of a client. What is wrong with one is thrown by what uses them.
class ClientSettings {
public:
    ClientSettings() : settings_(powerhose_client_settings_new()) {}
    explicit ClientSettings(const std::string &endpoint) : ClientSettings() {
        powerhose_client_settings_endpoint(get(), endpoint.c_str());
    }
    ClientSettings &timeout(Milliseconds time) { return powerhose_client_settings_timeout_ms(get(), detail::ms(time)), *this; }
    ClientSettings &connect_timeout(Milliseconds time) {
        return powerhose_client_settings_connect_timeout_ms(get(), detail::ms(time)), *this;
    }
    ClientSettings &silence_max(Milliseconds time) {
        return powerhose_client_settings_silence_max_ms(get(), detail::ms(time)), *this;
    }
    ClientSettings &secret(View secret) {
        return powerhose_client_settings_secret(get(), secret.data(), secret.size()), *this;
    }
    ClientSettings &secret_file(const std::string &path) {
        return powerhose_client_settings_secret_file(get(), path.c_str()), *this;
    }
    powerhose_client_settings *get() const { return settings_.get(); }

private:
    detail::OwnedClientSettings settings_;
};

/// Settings of a master. What is wrong with one is thrown by what uses them.
class MasterSettings {
public:
    MasterSettings() : settings_(powerhose_master_settings_new()) {}
    explicit MasterSettings(const std::string &listens_on) : MasterSettings() { endpoint(listens_on); }
    MasterSettings &endpoint(const std::string &endpoint) {
        return powerhose_master_settings_endpoint(get(), endpoint.c_str()), *this;
    }
    /// Declares a pool; a credit of 0 is for the master to find out.
    MasterSettings &pool(const std::string &name, std::uint32_t credit = 0, std::optional<Milliseconds> end_within = std::nullopt) {
        auto grace = end_within ? detail::ms(*end_within) : POWERHOSE_FOREVER;
        return powerhose_master_settings_pool(get(), name.c_str(), credit, grace), *this;
    }
    MasterSettings &timeout(Milliseconds time) { return powerhose_master_settings_timeout_ms(get(), detail::ms(time)), *this; }
    MasterSettings &payload_bytes_max(std::size_t bytes) {
        return powerhose_master_settings_payload_bytes_max(get(), bytes), *this;
    }
    MasterSettings &queue_jobs_max(std::size_t jobs) { return powerhose_master_settings_queue_jobs_max(get(), jobs), *this; }
    MasterSettings &queue_bytes_max(std::size_t bytes) {
        return powerhose_master_settings_queue_bytes_max(get(), bytes), *this;
    }
    MasterSettings &heartbeats(Milliseconds interval, Milliseconds silence_max) {
        return powerhose_master_settings_heartbeats_ms(get(), detail::ms(interval), detail::ms(silence_max)), *this;
    }
    MasterSettings &workers_secret(View secret) {
        return powerhose_master_settings_workers_secret(get(), secret.data(), secret.size()), *this;
    }
    MasterSettings &clients_secret(View secret) {
        return powerhose_master_settings_clients_secret(get(), secret.data(), secret.size()), *this;
    }
    MasterSettings &insecure_tcp() { return powerhose_master_settings_insecure_tcp(get()), *this; }
    powerhose_master_settings *get() const { return settings_.get(); }

private:
    detail::OwnedMasterSettings settings_;
};

/// Runs jobs on worker processes. Cheap to copy; any number of threads may use it at once. When the last copy and what was made with
/// them is gone, a master in this process ends at once; `close` lets the jobs finish before.
class JobRunner {
public:
    /// The master of POWERHOSE_ENDPOINT, or else of the user's default.
    static JobRunner connect() { return made([](auto error) { return powerhose_connect(nullptr, error); }); }
    static JobRunner connect(const std::string &endpoint) {
        return made([&](auto error) { return powerhose_connect(endpoint.c_str(), error); });
    }
    static JobRunner connect(const ClientSettings &settings) {
        return made([&](auto error) { return powerhose_client_connect(settings.get(), error); });
    }
    /// A master in this process.
    static JobRunner bind(const std::string &endpoint) {
        return made([&](auto error) { return powerhose_bind(endpoint.c_str(), error); });
    }
    static JobRunner bind(const MasterSettings &settings) {
        return made([&](auto error) { return powerhose_master_bind(settings.get(), error); });
    }
    /// Takes it over.
    explicit JobRunner(powerhose_runner *runner) : state_(std::make_shared<State>(runner)) {}

    /// Runs a job and waits for its reply.
    Reply execute(Job job) const {
        powerhose_reply *reply = nullptr;
        std::vector<powerhose_header> headers;
        powerhose_job described = job.describe(headers);
        detail::checked([&](auto error) { return powerhose_execute(get(), &described, &reply, error); });
        return Reply(reply);
    }
    /// Hands a job over: wait for it with the handle, which cancels it when it is destroyed.
    Handle submit(Job job) const {
        std::vector<powerhose_header> headers;
        powerhose_job described = job.describe(headers);
        return Handle(detail::checked([&](auto error) { return powerhose_submit(get(), &described, error); }));
    }
    /// The same with a future, which a thread of this runner fulfils, and which cancels nothing.
    std::future<Reply> async(Job job) const {
        // In a forked process this throws, before what the fork has copied is touched.
        if (getpid() != state_->process) queue();
        return state_->promises().submit(std::move(job));
    }
    /// Many jobs, a few under way at once for each worker, and their replies in order.
    Many execute_many(Many::Source source, std::size_t jobs_max = jobs_max_default) const {
        return Many(get(), std::move(source), jobs_max);
    }
    Queue queue() const { return Queue(get()); }

    void wait_for_workers(std::size_t wanted, Milliseconds within) const {
        detail::checked([&](auto error) { return powerhose_runner_wait_for_workers(get(), wanted, detail::ms(within), error); });
    }
    std::size_t workers_count() const {
        std::size_t count = 0;
        detail::checked([&](auto error) { return powerhose_runner_workers_count(get(), &count, error); });
        return count;
    }
    std::string workers_json() const {
        return detail::take(detail::checked([&](auto error) { return powerhose_runner_workers_json(get(), error); }));
    }
    std::string stats_json() const {
        return detail::take(detail::checked([&](auto error) { return powerhose_runner_stats_json(get(), error); }));
    }
    std::vector<std::string> endpoints() const {
        std::vector<std::string> all;
        while (const char *endpoint = powerhose_runner_endpoint(get(), all.size())) all.emplace_back(endpoint);
        return all;
    }
    /// Takes no further jobs and lets those it has finish for so long.
    void close(Milliseconds drain_timeout) const {
        detail::checked([&](auto error) { return powerhose_runner_close(get(), detail::ms(drain_timeout), error); });
    }
    powerhose_runner *get() const { return state_->runner.get(); }

private:
    struct State {
        explicit State(powerhose_runner *made) : runner(made), process(getpid()) {}
        State(const State &) = delete;
        State &operator=(const State &) = delete;
        ~State() {
            // A fork has copied what waits for a thread, but not the thread.
            if (getpid() != process) static_cast<void>(kept.release());
        }
        detail::Promises &promises() {
            std::call_once(begun, [this] { kept = std::make_unique<detail::Promises>(runner.get()); });
            return *kept;
        }
        detail::Owned<powerhose_runner, powerhose_runner_free> runner;
        std::once_flag begun;
        std::unique_ptr<detail::Promises> kept;
        pid_t process;
    };

    template <class Make>
    static JobRunner made(Make make) {
        return JobRunner(detail::checked(make));
    }

    std::shared_ptr<State> state_;
};

/// Settings of a cluster. What is wrong with one is thrown by what uses them.
class ClusterSettings {
public:
    explicit ClusterSettings(const std::string &program) : settings_(powerhose_cluster_settings_new(program.c_str())) {}
    ClusterSettings &argument(const std::string &argument) {
        return powerhose_cluster_settings_argument(get(), argument.c_str()), *this;
    }
    ClusterSettings &variable(const std::string &name, const std::string &value) {
        return powerhose_cluster_settings_variable(get(), name.c_str(), value.c_str()), *this;
    }
    ClusterSettings &workers(std::size_t count) { return powerhose_cluster_settings_workers(get(), count), *this; }
    ClusterSettings &worker_start(Milliseconds within) {
        return powerhose_cluster_settings_worker_start_ms(get(), detail::ms(within)), *this;
    }
    ClusterSettings &endpoint(const std::string &endpoint) {
        return powerhose_cluster_settings_endpoint(get(), endpoint.c_str()), *this;
    }
    ClusterSettings &master(const MasterSettings &settings) {
        return powerhose_cluster_settings_master(get(), settings.get()), *this;
    }
    powerhose_cluster_settings *get() const { return settings_.get(); }

private:
    detail::OwnedClusterSettings settings_;
};

/// A master in this process and its worker processes. Destroyed, it ends everything at once.
class Cluster {
public:
    explicit Cluster(const ClusterSettings &settings)
        : cluster_(detail::checked([&](auto error) { return powerhose_cluster_start(settings.get(), error); })) {}

    JobRunner runner() const {
        return JobRunner(detail::checked([&](auto error) { return powerhose_cluster_runner(cluster_.get(), error); }));
    }
    std::vector<std::uint32_t> pids() const {
        std::vector<std::uint32_t> pids(powerhose_cluster_pids(cluster_.get(), nullptr, 0));
        pids.resize(std::min(pids.size(), powerhose_cluster_pids(cluster_.get(), pids.data(), pids.size())));
        return pids;
    }
    /// Takes no further jobs, lets those it has finish for so long, then ends workers and master.
    void close(Milliseconds drain_timeout) {
        detail::checked([&](auto error) { return powerhose_cluster_close(cluster_.get(), detail::ms(drain_timeout), error); });
    }

private:
    detail::Owned<powerhose_cluster, powerhose_cluster_free> cluster_;
};

/// What an operator can order.
enum class Order : std::uint32_t {
    quiet = POWERHOSE_ORDER_QUIET,
    resume = POWERHOSE_ORDER_RESUME,
    drain = POWERHOSE_ORDER_DRAIN,
    stop = POWERHOSE_ORDER_STOP,
};

/// An operator's connection to a master.
class Operator {
public:
    explicit Operator(const ClientSettings &settings)
        : operator_(detail::checked([&](auto error) { return powerhose_operator_connect(settings.get(), error); })) {}

    /// The answer to `master`, `workers` or `pools`, as JSON.
    std::string ask_json(const std::string &query) {
        return detail::take(
            detail::checked([&](auto error) { return powerhose_operator_ask_json(operator_.get(), query.c_str(), error); }));
    }
    /// Gives an order to `all`, `pool:NAME` or a worker's id, and waits for its effect.
    powerhose_progress order(Order order, const std::string &selector, Milliseconds within) {
        powerhose_progress progress{};
        detail::checked([&](auto error) {
            return powerhose_operator_order(operator_.get(), static_cast<std::uint32_t>(order), selector.c_str(),
                                            detail::ms(within), &progress, error);
        });
        return progress;
    }
    std::uint64_t master_pid() const { return powerhose_operator_master_pid(operator_.get()); }

private:
    detail::Owned<powerhose_operator, powerhose_operator_free> operator_;
};

/// A worker. Derive from it and say what `execute` does, or give `run` a function; `run` returns when the worker is told to leave.
class Worker {
public:
    /// One attempt of one job, and what is said beside its reply. Not to be kept beyond the handler.
    class Job {
    public:
        explicit Job(powerhose_work *work) : work_(work) {}
        Job(const Job &) = delete;
        Job &operator=(const Job &) = delete;

        View payload() const { return powerhose_work_payload(work_); }
        std::optional<View> header(const std::string &name) const {
            View value = powerhose_work_header(work_, name.c_str());
            return value.data() ? std::optional(value) : std::nullopt;
        }
        std::vector<std::pair<std::string, View>> headers() const {
            std::vector<std::pair<std::string, View>> all;
            for (std::size_t i = 0; i < powerhose_work_headers_count(work_); i++) {
                powerhose_header_view header = powerhose_work_header_at(work_, i);
                all.emplace_back(View(header.name).str(), View(header.value));
            }
            return all;
        }
        std::uint64_t id() const { return powerhose_work_job(work_); }
        std::uint64_t attempt() const { return powerhose_work_attempt(work_); }
        View pool() const { return powerhose_work_pool(work_); }
        bool is_once() const { return powerhose_work_is_once(work_); }
        Milliseconds remaining() const { return Milliseconds(powerhose_work_remaining_ms(work_)); }
        /// Whether nobody waits for the reply any longer.
        bool is_cancelled() const { return powerhose_work_is_cancelled(work_); }
        /// Adds a header to the reply.
        void reply_header(const std::string &name, View value) const {
            detail::checked([&](auto error) {
                return powerhose_work_reply_header(work_, name.data(), name.size(), value.data(), value.size(), error);
            });
        }

    private:
        powerhose_work *work_;
    };

    /// What the environment says.
    Worker() : Worker(static_cast<const char *>(nullptr)) {}
    /// Of the master at this endpoint.
    explicit Worker(const std::string &endpoint) : Worker(endpoint.c_str()) {}
    explicit Worker(const char *endpoint)
        : worker_(detail::checked([&](auto error) { return powerhose_worker_new(endpoint, error); })) {}
    virtual ~Worker() = default;
    Worker(Worker &&) = default;

    /// Offers a pool; a credit of 0 is 64.
    Worker &pool(const std::string &name, std::uint64_t credit = 0) {
        return powerhose_worker_pool(get(), name.c_str(), credit), *this;
    }
    Worker &label(const std::string &name, const std::string &value) {
        return powerhose_worker_label(get(), name.c_str(), value.c_str()), *this;
    }
    Worker &software(const std::string &software) { return powerhose_worker_software(get(), software.c_str()), *this; }
    Worker &secret(View secret) { return powerhose_worker_secret(get(), secret.data(), secret.size()), *this; }
    Worker &silence_max(Milliseconds time) { return powerhose_worker_silence_max_ms(get(), detail::ms(time)), *this; }
    Worker &ignore_signals() { return powerhose_worker_ignore_signals(get()), *this; }

    /// Runs a job. What it throws fails the job: a Failure with its code, any other exception with the code `exception`.
    virtual std::string execute(const Job &) { throw Failure("unimplemented", "this worker has no handler"); }

    /// Runs jobs with `execute`, until the worker is told to leave.
    void run() {
        run([this](const Job &job) { return execute(job); });
    }
    /// Runs jobs with a function of a `const Worker::Job &` that returns a string, or what a string is made of, or nothing.
    template <class Handler>
    void run(Handler handler) {
        detail::checked([&](auto error) {
            return powerhose_worker_run(
                get(), [](void *context, powerhose_work *work) { answer(*static_cast<Handler *>(context), work); },
                &handler, error);
        });
    }
    /// Tells it to leave, from any thread and from a signal's handler.
    void stop() { powerhose_worker_stop(get()); }
    powerhose_worker *get() const { return worker_.get(); }

    /// Calls a handler and says what the answer is. Nothing that it throws leaves this.
    template <class Handler>
    static void answer(Handler &handler, powerhose_work *work) noexcept {
        try {
            if constexpr (std::is_void_v<std::invoke_result_t<Handler &, const Job &>>) {
                handler(Job(work));
            } else {
                const std::string reply = handler(Job(work));
                powerhose_work_reply(work, reply.data(), reply.size(), nullptr);
            }
        } catch (const Failure &failure) {
            fail(work, failure.code().c_str(), failure.what());
        } catch (const std::exception &exception) {
            fail(work, "exception", exception.what());
        } catch (...) {
            fail(work, "exception", "what was thrown is no std::exception");
        }
    }

private:
    static void fail(powerhose_work *work, const char *code, const char *text) noexcept {
        if (powerhose_work_fail(work, code, text, nullptr) != POWERHOSE_OK) {
            powerhose_work_fail(work, "exception", "its code or its text is no UTF-8", nullptr);
        }
    }

    detail::Owned<powerhose_worker, powerhose_worker_free> worker_;
};

/// A job of a worker that asks for them. Destroyed unanswered, it fails.
class PulledJob : public Worker::Job {
public:
    explicit PulledJob(powerhose_work *work) : Worker::Job(work), work_(work) {}

    /// Answers with a reply.
    void finish(View reply) {
        detail::checked([&](auto error) { return powerhose_work_reply(work_.get(), reply.data(), reply.size(), error); });
        done();
    }
    /// Answers with a failure.
    void fail(const std::string &code, const std::string &text) {
        detail::checked([&](auto error) { return powerhose_work_fail(work_.get(), code.c_str(), text.c_str(), error); });
        done();
    }
    /// Answers with what a handler gives or throws.
    template <class Handler>
    void run(Handler handler) {
        Worker::answer(handler, work_.get());
        done();
    }

private:
    void done() {
        detail::checked([&](auto error) { return powerhose_work_finish(work_.release(), error); });
    }

    detail::Owned<powerhose_work, powerhose_work_free> work_;
};

/// A worker that asks for its jobs, in a loop of its own.
class PulledWorker {
public:
    /// Connects, with the worker's settings.
    explicit PulledWorker(Worker worker) : worker_(std::move(worker)) {
        detail::checked([&](auto error) { return powerhose_worker_open(worker_.get(), error); });
    }

    /// The next job; null when the worker has left.
    std::unique_ptr<PulledJob> next() { return next_ms(POWERHOSE_FOREVER); }
    /// The next job, if one comes in this time; `has_left` tells whether there will be another.
    std::unique_ptr<PulledJob> next(Milliseconds time) { return next_ms(detail::ms(time)); }
    bool has_left() const { return has_left_; }
    /// Readable when a job may be there: then call `next(0ms)` until it gives none. Never read from it, never close it.
    int descriptor() {
        return detail::checked([&](auto error) { return powerhose_worker_descriptor(worker_.get(), error); });
    }
    void stop() { worker_.stop(); }

private:
    std::unique_ptr<PulledJob> next_ms(std::uint64_t time) {
        powerhose_work *work = nullptr;
        auto status = detail::checked([&](auto error) { return powerhose_worker_next(worker_.get(), time, &work, error); });
        has_left_ = status == POWERHOSE_ENDED;
        return work ? std::make_unique<PulledJob>(work) : nullptr;
    }

    Worker worker_;
    bool has_left_ = false;
};

/// Writes the log of the library to standard error from now on. An empty filter: what RUST_LOG says, or else `warn`.
inline void log_to_stderr(const std::string &filter = {}) {
    detail::checked([&](auto error) { return powerhose_log_to_stderr(filter.empty() ? nullptr : filter.c_str(), error); });
}

} // namespace powerhose

#endif
