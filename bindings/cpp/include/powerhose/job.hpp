// What is handed over, and what comes back. Part of powerhose.hpp.
#ifndef POWERHOSE_JOB_HPP
#define POWERHOSE_JOB_HPP

#include <powerhose/errors.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace powerhose {

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
        job.pool = pool_ ? pool_->c_str() : nullptr;
        job.timeout_ms = timeout_;
        job.run_timeout_ms = run_timeout_;
        job.headers = headers.data();
        job.headers_count = headers.size();
        job.end_within_ms = end_within_;
        job.attempts_max = attempts_max_;
        job.flags = flags_;
        if (payload_.size() >= detail::lent_from) {
            auto lent = std::make_unique<std::string>(std::move(payload_));
            payload_.clear();
            job.payload = lent->data();
            job.release = detail::delete_string;
            job.release_context = lent.release();
        }
        return job;
    }

private:
    /// Zero would be the default: what is over at once gets the least time.
    static std::uint64_t least(Milliseconds time) { return time.count() > 0 ? detail::ms(time) : 1; }
    Job &timed(Milliseconds all, Milliseconds run) {
        timeout_ = run.count() == 0 ? least(all) : 0;
        run_timeout_ = run.count() == 0 ? 0 : least(run);
        return *this;
    }

    std::string payload_;
    std::optional<std::string> pool_;
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

} // namespace powerhose

#endif
