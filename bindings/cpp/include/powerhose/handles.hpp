// Jobs that are under way: one, many in order, and as they end. Part of powerhose.hpp.
#ifndef POWERHOSE_HANDLES_HPP
#define POWERHOSE_HANDLES_HPP

#include <powerhose/job.hpp>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <future>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>
#include <vector>

namespace powerhose {

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
    /// The job's id; 0 before it has one.
    std::uint64_t job() const { return powerhose_handle_job(handle_.get()); }
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

} // namespace detail

} // namespace powerhose

#endif
