// Questions and orders of an operator. Part of powerhose.hpp.
#ifndef POWERHOSE_OPERATOR_HPP
#define POWERHOSE_OPERATOR_HPP

#include <powerhose/runner.hpp>

#include <cstdint>
#include <string>

namespace powerhose {

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
    /// Another one after each restart of the master.
    std::uint64_t master_epoch() const { return powerhose_operator_master_epoch(operator_.get()); }
    std::uint64_t master_pid() const { return powerhose_operator_master_pid(operator_.get()); }

private:
    detail::Owned<powerhose_operator, powerhose_operator_free> operator_;
};

} // namespace powerhose

#endif
