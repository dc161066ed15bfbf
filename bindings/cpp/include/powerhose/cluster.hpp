// A master in this process with its workers. Part of powerhose.hpp.
#ifndef POWERHOSE_CLUSTER_HPP
#define POWERHOSE_CLUSTER_HPP

#include <powerhose/runner.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace powerhose {

namespace detail {

using OwnedClusterSettings = Owned<powerhose_cluster_settings, powerhose_cluster_settings_free>;

} // namespace detail

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

} // namespace powerhose

#endif
