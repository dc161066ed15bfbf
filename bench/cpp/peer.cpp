// C++'s client and worker of the comparison with Rust's: what src/client.rs and src/worker.rs are.
//
//     peer worker LOAD
//     peer client LOAD SECONDS PROGRAM
#include <powerhose.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <time.h>
#include <vector>

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

static double processor_ns(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

static int work(const std::string &load) {
    powerhose::Worker worker;
    if (load == "w3") {
        worker.run([](const powerhose::Worker::Job &job) {
            const double end = processor_ns(CLOCK_THREAD_CPUTIME_ID) + 88e3;
            while (processor_ns(CLOCK_THREAD_CPUTIME_ID) < end) {
            }
            return job.payload().str();
        });
    } else {
        worker.run([](const powerhose::Worker::Job &job) { return job.payload().str(); });
    }
    return 0;
}

struct Calls {
    std::string load;
    powerhose::JobRunner runner;
    std::string payload;
    std::size_t in_flight;

    void check(const powerhose::Reply &reply) const {
        const powerhose::View bytes = reply.payload();
        if (bytes.size() != payload.size() || bytes.data()[bytes.size() - 1] != payload.back()) {
            throw std::runtime_error("the reply is wrong");
        }
    }

    std::pair<double, double> run(Seconds window) const {
        if (load == "w1") return one_by_one(window);
        return load == "many" ? many(window) : keep_in_flight(window);
    }

    std::pair<double, double> one_by_one(Seconds window) const {
        std::vector<double> times;
        for (auto begun = Clock::now(); Clock::now() - begun < window;) {
            auto before = Clock::now();
            check(runner.execute(powerhose::Job(payload)));
            times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - before).count());
        }
        std::sort(times.begin(), times.end());
        return {times[times.size() / 2], static_cast<double>(times.size())};
    }

    std::pair<double, double> keep_in_flight(Seconds window) const {
        auto queue = runner.queue();
        for (std::size_t i = 0; i < in_flight; i++) queue.submit(powerhose::Job(payload));
        double jobs = 0;
        const auto begun = Clock::now();
        while (Clock::now() - begun < window) {
            check(queue.next()->reply.value());
            jobs++;
            queue.submit(powerhose::Job(payload));
        }
        const double rate = jobs / Seconds(Clock::now() - begun).count();
        while (auto end = queue.next()) check(end->reply.value());
        return {rate, jobs};
    }

    std::pair<double, double> many(Seconds window) const {
        const auto begun = Clock::now();
        auto many = runner.execute_many([&]() -> std::optional<powerhose::Job> {
            if (Clock::now() - begun >= window) return std::nullopt;
            return powerhose::Job(payload);
        });
        double jobs = 0;
        while (auto reply = many.next()) {
            check(*reply);
            jobs++;
        }
        return {jobs / Seconds(Clock::now() - begun).count(), jobs};
    }
};

static int call(const std::string &load, double seconds, const std::string &program) {
    powerhose::ClusterSettings settings(program);
    settings.argument("worker").argument(load).workers(load == "w1" ? 1 : 2);
    powerhose::Cluster cluster(settings);
    Calls calls{load, cluster.runner(), std::string(load == "w4" ? 1 << 20 : 64, '\7'), load == "w4" ? 8u : 64u};
    calls.run(Seconds(seconds / 2));
    std::vector<clockid_t> clocks{CLOCK_PROCESS_CPUTIME_ID};
    for (auto pid : cluster.pids()) {
        clockid_t clock;
        if (clock_getcpuclockid(static_cast<pid_t>(pid), &clock) == 0) clocks.push_back(clock);
    }
    auto used = [&] {
        double sum = 0;
        for (auto clock : clocks) sum += processor_ns(clock);
        return sum;
    };
    const double before = used();
    auto [figure, jobs] = calls.run(Seconds(seconds));
    std::printf("%f %f\n", figure, (used() - before) / jobs);
    return 0;
}

int main(int count, char **arguments) try {
    if (count == 3 && std::strcmp(arguments[1], "worker") == 0) return work(arguments[2]);
    if (count == 5 && std::strcmp(arguments[1], "client") == 0) {
        return call(arguments[2], std::stod(arguments[3]), arguments[4]);
    }
    std::fprintf(stderr, "usage: peer worker LOAD | peer client LOAD SECONDS PROGRAM\n");
    return 64;
} catch (const std::exception &error) {
    std::fprintf(stderr, "peer: %s\n", error.what());
    return 1;
}
