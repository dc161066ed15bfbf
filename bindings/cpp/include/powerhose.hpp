// Powerhose for C++17: RAII and exceptions over powerhose.h, in headers alone. Include this one. docs/CPP.md has examples.
//
// Every call that fails throws an Error; its class says the kind. What is moved from is good for nothing but to be destroyed or
// assigned to. Threads and forks: as docs/C.md says.
#ifndef POWERHOSE_HPP
#define POWERHOSE_HPP

#include <powerhose/cluster.hpp>
#include <powerhose/operator.hpp>
#include <powerhose/worker.hpp>

namespace powerhose {

/// Writes the log of the library to standard error from now on. An empty filter: what RUST_LOG says, or else `warn`.
inline void log_to_stderr(const std::string &filter = {}) {
    detail::checked([&](auto error) { return powerhose_log_to_stderr(filter.empty() ? nullptr : filter.c_str(), error); });
}

} // namespace powerhose

#endif
