// What runs jobs: a client, or a master in this process. Part of powerhose.hpp.
#ifndef POWERHOSE_RUNNER_HPP
#define POWERHOSE_RUNNER_HPP

#include <powerhose/batch.hpp>
#include <powerhose/handles.hpp>
#include <powerhose/notices.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>
#include <unistd.h>

namespace powerhose {

namespace detail {

using OwnedClientSettings = Owned<powerhose_client_settings, powerhose_client_settings_free>;
using OwnedMasterSettings = Owned<powerhose_master_settings, powerhose_master_settings_free>;

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
    /// How long a caller that blocks looks for its reply before it sleeps, up to 1 ms.
    ClientSettings &caller_spin(std::chrono::microseconds spin) {
        return powerhose_client_settings_caller_spin_us(get(), static_cast<std::uint64_t>(spin.count())), *this;
    }
    ClientSettings &curve_file(const std::string &path) {
        return powerhose_client_settings_curve_file(get(), path.c_str()), *this;
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
    /// Takes a worker out whose runs of jobs of this pool take longer than this more than `overruns_max` times in a row.
    MasterSettings &pool_run_time_soft(const std::string &name, Milliseconds run_time, std::uint32_t overruns_max) {
        return powerhose_master_settings_pool_run_time_soft_ms(get(), name.c_str(), detail::ms(run_time), overruns_max), *this;
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
    /// One of those that few change, by its name: see `powerhose_master_settings_number`.
    MasterSettings &number(const std::string &name, std::uint64_t number) {
        return powerhose_master_settings_number(get(), name.c_str(), number), *this;
    }
    /// Jobs that cannot begin in time wait until their deadline.
    MasterSettings &overload_waits() { return powerhose_master_settings_overload_waits(get()), *this; }
    /// Lets this group connect over `ipc://`, too.
    MasterSettings &ipc_group(std::uint32_t group) { return powerhose_master_settings_ipc_group(get(), group), *this; }
    MasterSettings &curve_file(const std::string &path) {
        return powerhose_master_settings_curve_file(get(), path.c_str()), *this;
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
    /// The same for two threads: one hands over, another takes.
    Batch batch(std::size_t jobs_max = jobs_max_default) const { return Batch(get(), jobs_max); }
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
    /// What a master in this process tells of its workers and clients from now on.
    Notices notices() const { return Notices(get()); }
    /// Throws Unreachable if new peers do not find a master in this process.
    void check_reachability() const {
        detail::checked([&](auto error) { return powerhose_runner_reachability(get(), error); });
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

} // namespace powerhose

#endif
