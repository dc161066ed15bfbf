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

/// Where what workers print goes.
enum class Output : std::uint32_t {
    inherit = POWERHOSE_OUTPUT_INHERIT,
    discard = POWERHOSE_OUTPUT_DISCARD,
    named = POWERHOSE_OUTPUT_NAMED,
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
    /// The folder in which workers start.
    ClusterSettings &folder(const std::string &folder) {
        return powerhose_cluster_settings_folder(get(), folder.c_str()), *this;
    }
    ClusterSettings &output(Output output) {
        return powerhose_cluster_settings_output(get(), static_cast<std::uint32_t>(output)), *this;
    }
    /// Keeps each worker on one core.
    ClusterSettings &pinned() { return powerhose_cluster_settings_pinned(get()), *this; }
    ClusterSettings &nice(int nice) { return powerhose_cluster_settings_nice(get(), nice), *this; }
    ClusterSettings &address_space_bytes_max(std::uint64_t bytes) {
        return powerhose_cluster_settings_address_space_bytes_max(get(), bytes), *this;
    }
    /// Replaces each worker at this age, less a random part of it.
    ClusterSettings &recycle_age_max(Milliseconds age) {
        return powerhose_cluster_settings_recycle_age_max_ms(get(), detail::ms(age)), *this;
    }
    ClusterSettings &recycle_age_jitter_percent(std::uint8_t percent) {
        return powerhose_cluster_settings_recycle_age_jitter_percent(get(), percent), *this;
    }
    /// Replaces each worker when it has answered so many jobs.
    ClusterSettings &recycle_jobs_max(std::uint64_t jobs) {
        return powerhose_cluster_settings_recycle_jobs_max(get(), jobs), *this;
    }
    /// Replaces each worker when it holds so much memory.
    ClusterSettings &recycle_memory_bytes_max(std::uint64_t bytes) {
        return powerhose_cluster_settings_recycle_memory_bytes_max(get(), bytes), *this;
    }
    ClusterSettings &recycle_share_max_percent(std::uint8_t percent) {
        return powerhose_cluster_settings_recycle_share_max_percent(get(), percent), *this;
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
