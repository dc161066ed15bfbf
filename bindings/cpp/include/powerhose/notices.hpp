// What a master in this process tells of its workers and clients. Part of powerhose.hpp.
#ifndef POWERHOSE_NOTICES_HPP
#define POWERHOSE_NOTICES_HPP

#include <powerhose/errors.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace powerhose {

/// What a master in this process tells of its workers and clients, as JSON, from the moment on at which this was made. Nothing is
/// called back: take them one by one. A client's master tells nothing.
class Notices {
public:
    explicit Notices(const powerhose_runner *runner)
        : notices_(detail::checked([&](auto error) { return powerhose_runner_notices(runner, error); })) {}

    /// The next notice; nothing when there will be none any more.
    std::optional<std::string> next() { return next_ms(POWERHOSE_FOREVER); }
    /// The next notice, if one comes in this time; `has_ended` tells whether there will be another.
    std::optional<std::string> next(Milliseconds time) { return next_ms(detail::ms(time)); }
    bool has_ended() const { return has_ended_; }
    /// Readable while there is something to take: then call `next(0ms)` until it gives none. Never read from it, never close it.
    int descriptor() {
        return detail::checked([&](auto error) { return powerhose_notices_descriptor(notices_.get(), error); });
    }

private:
    std::optional<std::string> next_ms(std::uint64_t time) {
        char *json = nullptr;
        auto status = detail::checked([&](auto error) { return powerhose_notices_next(notices_.get(), time, &json, error); });
        has_ended_ = status == POWERHOSE_ENDED;
        return json ? std::optional(detail::take(json)) : std::nullopt;
    }

    detail::Owned<powerhose_notices, powerhose_notices_free> notices_;
    bool has_ended_ = false;
};

} // namespace powerhose

#endif
