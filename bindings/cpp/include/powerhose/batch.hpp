// Many jobs in order, handed over by one thread and taken by another. Part of powerhose.hpp.
#ifndef POWERHOSE_BATCH_HPP
#define POWERHOSE_BATCH_HPP

#include <powerhose/job.hpp>

#include <cstddef>
#include <optional>
#include <vector>

namespace powerhose {

/// Many jobs whose replies come in their order: one thread hands them over, another takes their ends. Destroyed, it cancels those whose
/// ends nobody has taken. `JobRunner::execute_many` is what one thread needs.
class Batch {
public:
    Batch(const powerhose_runner *runner, std::size_t jobs_max)
        : batch_(detail::checked([&](auto error) { return powerhose_batch_new(runner, jobs_max, error); })) {}

    /// Hands a job over. Waits while as many are under way as the workers need, or too many have not been taken.
    void submit(Job job) {
        std::vector<powerhose_header> headers;
        powerhose_job described = job.describe(headers);
        detail::checked([&](auto error) { return powerhose_batch_submit(batch_.get(), &described, error); });
    }
    /// No further job comes.
    void end() { powerhose_batch_end(batch_.get()); }
    /// The reply of the job that is next in turn; nothing after the last. Throws what that job ended with, and the next call goes on.
    std::optional<Reply> next() {
        powerhose_reply *reply = nullptr;
        auto status = detail::checked([&](auto error) { return powerhose_batch_next(batch_.get(), &reply, error); });
        return status == POWERHOSE_OK ? std::optional<Reply>(Reply(reply)) : std::nullopt;
    }
    /// Whether `next` would not wait now.
    bool has_next() const { return powerhose_batch_has_next(batch_.get()); }

private:
    detail::Owned<powerhose_batch, powerhose_batch_free> batch_;
};

} // namespace powerhose

#endif
