// The worker of the end-to-end suite in C++: the same options and commands as tests/end-to-end/src/bin/commands-worker, so that the suite's
// sentences hold with it too.
#include <powerhose.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <poll.h>
#include <unistd.h>

using namespace std::chrono_literals;
using Job = powerhose::Worker::Job;
using Clock = std::chrono::steady_clock;

/// No test holds a job for longer.
constexpr auto wait_max = 30s;
static unsigned long begun = 0;

static bool exists(const std::string &path) { return access(path.c_str(), F_OK) == 0; }

static void wait_for_file(const std::string &path) {
    for (auto until = Clock::now() + wait_max; !exists(path); std::this_thread::sleep_for(2ms)) {
        if (Clock::now() > until) throw powerhose::Failure("error", path + " never came");
    }
}

[[noreturn]] static void hang() {
    for (;;) pause();
}

static void append(const std::string &path, const std::string &line) {
    int file = open(path.c_str(), O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0666);
    // In one write, so that lines of several processes do not mix.
    bool is_written = file >= 0 && write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size());
    if (file >= 0) close(file);
    if (!is_written) throw powerhose::Failure("error", std::strerror(errno));
}

static void note_begin(const Job &job) {
    append(job.payload().str() + ".begun", std::to_string(getpid()) + " " + std::to_string(job.attempt()) + "\n");
}

/// Runs a script until its end, and gives what it prints.
static std::string shell(const Job &job) {
    std::string output;
    FILE *printed = popen(job.payload().str().c_str(), "re");
    if (!printed) throw powerhose::Failure("error", std::strerror(errno));
    char buffer[4096];
    while (std::size_t bytes = std::fread(buffer, 1, sizeof buffer, printed)) output.append(buffer, bytes);
    pclose(printed);
    return output;
}

static long long number(const Job &job) {
    std::string_view text = job.payload();
    long long number = 0;
    auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc() || end != text.data() + text.size() || text.empty()) {
        throw powerhose::Failure("not_a_number", "the payload is no decimal integer");
    }
    return number;
}

static std::string square(const Job &job) {
    __extension__ __int128 square = number(job);
    square *= square;
    std::string digits;
    do {
        digits += static_cast<char>('0' + static_cast<int>(square % 10));
    } while ((square /= 10) != 0);
    return std::string(digits.rbegin(), digits.rend());
}

static std::string wait_cancelled(const Job &job) {
    note_begin(job);
    for (auto until = Clock::now() + wait_max; !job.is_cancelled(); std::this_thread::sleep_for(2ms)) {
        if (Clock::now() > until) throw powerhose::Failure("never_cancelled", "");
    }
    append(job.payload().str(), "");
    return "cancelled";
}

static std::string headers_as_text(const Job &job) {
    auto headers = job.headers();
    std::sort(headers.begin(), headers.end(), [](const auto &one, const auto &other) { return one.first < other.first; });
    std::string text;
    for (const auto &[name, value] : headers) {
        if (name != "do") text += name + "=" + value.str() + "\n";
    }
    return text;
}

static std::string headers_back(const Job &job) {
    for (const auto &[name, value] : job.headers()) {
        if (name != "do") job.reply_header(name, value);
    }
    return job.payload().str();
}

static std::string id(const Job &job) {
    char text[POWERHOSE_JOB_ID_SIZE];
    powerhose_job_id_text(job.id(), text);
    return text;
}

static const std::map<std::string, std::string (*)(const Job &)> commands = {
    {"echo", [](const Job &job) { return job.payload().str(); }},
    {"square", square},
    {"fail", [](const Job &job) -> std::string { throw powerhose::Failure("asked_to", job.payload().str()); }},
    {"panic", [](const Job &job) -> std::string { throw powerhose::Failure("panic", job.payload().str()); }},
    {"exit", [](const Job &job) -> std::string { std::exit(static_cast<int>(number(job))); }},
    {"abort", [](const Job &) -> std::string { std::abort(); }},
    {"kill", [](const Job &) -> std::string { return raise(SIGKILL), ""; }},
    {"hang", [](const Job &) -> std::string { hang(); }},
    {"leave", [](const Job &) { return kill(getpid(), SIGTERM), std::to_string(getpid()); }},
    {"sleep", [](const Job &job) -> std::string { return std::this_thread::sleep_for(number(job) * 1ms), "slept"; }},
    {"attempt", [](const Job &job) { return std::to_string(job.attempt()); }},
    {"headers", headers_as_text},
    {"headers-back", headers_back},
    {"pid", [](const Job &) { return std::to_string(getpid()); }},
    {"remaining", [](const Job &job) { return std::to_string(job.remaining().count()); }},
    {"id", id},
    {"pool", [](const Job &job) { return job.pool().str(); }},
    {"once", [](const Job &job) -> std::string { return job.is_once() ? "true" : "false"; }},
    {"count", [](const Job &) { return std::to_string(begun); }},
    {"reply-size", [](const Job &job) { return std::string(static_cast<std::size_t>(number(job)), 'x'); }},
    {"shell", shell},
    {"wait-file", [](const Job &job) { return note_begin(job), wait_for_file(job.payload().str()), std::to_string(job.attempt()); }},
    {"wait-cancelled", wait_cancelled},
};

static std::string run(const Job &job) {
    ++begun;
    auto header = job.header("do");
    std::string name = header ? header->str() : "echo";
    auto command = commands.find(name);
    if (command == commands.end()) throw powerhose::Failure("no_such_command", "there is no command `" + name + "`");
    return command->second(job);
}

/// In a loop of its own, which sleeps on the worker's descriptor.
static void pull(powerhose::PulledWorker worker) {
    for (;;) {
        if (auto job = worker.next(0ms)) {
            job->run(run);
        } else if (worker.has_left()) {
            return;
        } else {
            pollfd watched{worker.descriptor(), POLLIN, 0};
            poll(&watched, 1, -1);
        }
    }
}

int main(int count, char **arguments) {
    std::string endpoint, start_when;
    std::vector<std::string> pools;
    std::uint64_t credit = 64;
    auto silence = 30000ms;
    bool is_pulled = false, never_registers = false;
    for (int i = 1; i < count; i++) {
        std::string argument = arguments[i];
        auto equals = argument.rfind("--", 0) == 0 ? argument.find('=') : std::string::npos;
        auto value = [&, given = argument]() -> std::string {
            if (equals != std::string::npos) return given.substr(equals + 1);
            return i + 1 < count ? arguments[++i] : "";
        };
        argument.resize(std::min(equals, argument.size()));
        if (argument == "--pool") pools.push_back(value());
        else if (argument == "--credit") credit = std::stoull(value());
        else if (argument == "--silence-ms") silence = powerhose::Milliseconds(std::stoll(value()));
        else if (argument == "--start-when") start_when = value();
        else if (argument == "--exit-at-once") std::exit(std::stoi(value()));
        else if (argument == "--pulled") is_pulled = true;
        else if (argument == "--never-register") never_registers = true;
        else endpoint = argument;
    }
    try {
        powerhose::log_to_stderr();
        if (!start_when.empty()) {
            std::puts("starting up");
            std::fflush(stdout);
            wait_for_file(start_when);
        }
        if (never_registers) hang();
        powerhose::Worker worker(endpoint.empty() ? nullptr : endpoint.c_str());
        worker.silence_max(silence);
        if (pools.empty()) pools.push_back("default");
        for (const auto &pool : pools) worker.pool(pool, credit);
        if (is_pulled) {
            pull(powerhose::PulledWorker(std::move(worker)));
        } else {
            worker.run(run);
        }
        return 0;
    } catch (const std::exception &error) {
        std::fprintf(stderr, "Error: %s\n", error.what());
        return 1;
    }
}
