// The chaos run's worker over the C++ binding: it does what src/roles/worker.rs does, and notes it in the same journal.
//
// worker ENDPOINT JOURNAL WORDS POOL...
#include <powerhose.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>

using Job = powerhose::Worker::Job;
using Clock = std::chrono::steady_clock;
using std::uint64_t;

constexpr uint64_t language = 2;
constexpr int exit_status = 77;
constexpr uint64_t bytes_max = 1 << 20;
/// Up to here a handler computes; the rest of a longer job it sleeps.
constexpr std::chrono::microseconds compute_max{200};

enum Act : uint64_t { Compute, Fail, Panic, Exit, Abort, Hang };

/// The machine has the byte order of the journal: it is the one on which the conductor reads it.
static uint64_t word(const unsigned char *bytes) {
    uint64_t word;
    std::memcpy(&word, bytes, sizeof word);
    return word;
}

/// A sequence that its seed determines, as in tests/harness.
class Draws {
public:
    explicit Draws(uint64_t seed) : state_(seed) {}
    uint64_t number() {
        uint64_t mixed = state_ += 0x9e3779b97f4a7c15;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
        return mixed ^ (mixed >> 31);
    }
    uint64_t below(uint64_t bound) { return number() % bound; }
    uint64_t between(uint64_t first, uint64_t last) { return first + below(last - first + 1); }

private:
    uint64_t state_;
};

static uint64_t digest(powerhose::View bytes) {
    uint64_t digest = 0x517cc1b727220a95 ^ bytes.size();
    auto mix = [&](uint64_t word) { digest = ((digest << 5 | digest >> 59) ^ word) * 0x2127599bf4325c37; };
    std::size_t words = bytes.size() / 8;
    for (std::size_t i = 0; i < words; i++) mix(word(bytes.data() + i * 8));
    for (std::size_t i = words * 8; i < bytes.size(); i++) mix(bytes[i]);
    return digest;
}

static uint64_t size(Draws &draws) {
    uint64_t drawn = draws.below(100);
    if (drawn < 5) return 0;
    if (drawn < 70) return draws.between(1, 1 << 10);
    if (drawn < 90) return draws.between(1 << 10, 16 << 10);
    if (drawn < 98) return draws.between(16 << 10, 256 << 10);
    return draws.between(256 << 10, bytes_max);
}

static std::string reply(uint64_t key, powerhose::View payload) {
    Draws draws(Draws(digest(payload) ^ key * 0xd6e8feb86659fd93).number());
    std::string bytes(size(draws), '\0');
    for (std::size_t at = 0; at < bytes.size(); at += 8) {
        uint64_t number = draws.number();
        std::memcpy(&bytes[at], &number, std::min<std::size_t>(sizeof number, bytes.size() - at));
    }
    return bytes;
}

static void compute(std::chrono::microseconds time) {
    auto until = Clock::now() + time;
    if (time > compute_max) std::this_thread::sleep_for(time - compute_max);
    while (Clock::now() < until) {
    }
}

static void do_act(uint64_t code) {
    switch (static_cast<Act>(code & 0xff)) {
    case Compute: return compute(std::chrono::microseconds(code >> 8));
    case Fail: throw powerhose::Failure("refused", "as it was told");
    case Panic: throw std::runtime_error("as it was told");
    case Exit: std::exit(exit_status);
    case Abort: std::abort();
    case Hang:
        for (;;) pause();
    }
    throw powerhose::Failure("header", "there is no such act");
}

static void append(int file, const void *bytes, std::size_t size) {
    if (write(file, bytes, size) != static_cast<ssize_t>(size)) throw std::runtime_error(std::strerror(errno));
}

/// Before it begins: what is written into a pipe survives the process.
static void note(int journal, uint64_t key, uint64_t code, const Job &job) {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t who = job.attempt() << 32 | static_cast<uint64_t>(getpid());
    uint64_t at = static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
    uint64_t record[] = {key, who, at, uint64_t(job.is_once()) | code << 1 | language << 56};
    append(journal, record, sizeof record);
}

static std::string run(int journal, const Job &job) {
    auto instruction = job.header("chaos");
    if (!instruction || instruction->size() != 16) throw powerhose::Failure("header", "there is none");
    uint64_t key = word(instruction->data()), code = word(instruction->data() + 8);
    note(journal, key, code, job);
    do_act(code);
    return reply(key, job.payload());
}

int main(int count, char **arguments) {
    if (count < 5) return std::fputs("worker ENDPOINT JOURNAL WORDS POOL...\n", stderr), 64;
    std::string said = "left";
    try {
        int journal = open(arguments[2], O_WRONLY | O_CLOEXEC);
        if (journal < 0) throw std::runtime_error(std::strerror(errno));
        powerhose::Worker worker(arguments[1]);
        for (int i = 4; i < count; i++) worker.pool(arguments[i]);
        worker.run([&](const Job &job) { return run(journal, job); });
    } catch (const std::exception &error) {
        said = error.what();
    }
    std::string line = "worker " + std::to_string(getpid()) + ": " + said + "\n";
    int words = open(arguments[3], O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0666);
    if (words >= 0) append(words, line.data(), line.size());
    return said == "left" ? 0 : 1;
}
