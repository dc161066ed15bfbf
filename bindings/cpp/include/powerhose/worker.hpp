// Workers: called for each job, or asking for it. Part of powerhose.hpp.
#ifndef POWERHOSE_WORKER_HPP
#define POWERHOSE_WORKER_HPP

#include <powerhose/errors.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace powerhose {

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
        /// Room for a reply of so many bytes, all zero, to be written before the handler returns nothing: none of it is copied.
        char *reply_room(std::size_t size) const {
            char *room = static_cast<char *>(powerhose_work_reply_room(work_, size));
            return room ? room : throw std::bad_alloc();
        }
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
    Worker &curve_file(const std::string &path) { return powerhose_worker_curve_file(get(), path.c_str()), *this; }
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
                std::string reply = handler(Job(work));
                if (reply.size() < detail::lent_from) {
                    powerhose_work_reply(work, reply.data(), reply.size(), nullptr);
                } else {
                    lend(work, std::make_unique<std::string>(std::move(reply)));
                }
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
    static void lend(powerhose_work *work, std::unique_ptr<std::string> reply) {
        const char *data = reply->data();
        const std::size_t size = reply->size();
        powerhose_work_reply_lent(work, data, size, detail::delete_string, reply.release(), nullptr);
    }
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

} // namespace powerhose

#endif
