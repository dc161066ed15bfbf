// The client of the end-to-end suite in C++: it reads and prints the lines of tests/end-to-end/src/bin/commands-client, so that the
// suite's sentences about clients hold with it too. What it submits it waits for on the queue's descriptor, in one loop with its input.
#include <powerhose.hpp>

#include <array>
#include <cstdio>
#include <iterator>
#include <map>
#include <mutex>
#include <poll.h>
#include <sstream>
#include <thread>
#include <unistd.h>

using namespace std::chrono_literals;
using Fields = std::vector<std::pair<std::string, std::string>>;

static void say(const std::string &line) {
    static std::mutex printing;
    std::lock_guard lock(printing);
    std::puts(line.c_str());
    std::fflush(stdout);
}

static std::string hex(powerhose::View bytes) {
    constexpr char digits[] = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (unsigned char byte : bytes) {
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

static std::string unhex(const std::string &digits) {
    auto digit = [](char digit) { return digit <= '9' ? digit - '0' : digit - 'a' + 10; };
    std::string bytes;
    bytes.reserve(digits.size() / 2);
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) bytes += static_cast<char>(digit(digits[i]) << 4 | digit(digits[i + 1]));
    return bytes;
}

static std::string id(std::uint64_t job) {
    char text[POWERHOSE_JOB_ID_SIZE];
    powerhose_job_id_text(job, text);
    return text;
}

static void done(const std::string &call, const powerhose::Reply &reply) {
    std::ostringstream line;
    line << call << " done job=" << id(reply.job()) << " worker=" << reply.worker() << " attempts=" << reply.attempts()
         << " run_us=" << reply.run_time().count();
    for (const auto &[name, value] : reply.headers()) line << " header=" << hex(name) << ':' << hex(value);
    line << " payload=" << hex(reply.payload());
    say(line.str());
}

static const char *word(const powerhose::JobError &error) {
    switch (error.status()) {
    case POWERHOSE_FAILED: return "failed";
    case POWERHOSE_TIMED_OUT: return "timed_out";
    case POWERHOSE_CANCELLED: return "cancelled";
    case POWERHOSE_LOST: return "lost";
    case POWERHOSE_REJECTED: return "rejected";
    default: return "unknown";
    }
}

static void failed(const std::string &call, const powerhose::JobError &error) {
    std::ostringstream line;
    line << call << ' ' << word(error) << " message=" << hex(error.what()) << " code=" << hex(error.code()) << " text=" << hex(error.text())
         << " attempts=" << error.attempts() << " may_have_run=" << error.may_have_run() << " retryable=" << error.is_retryable()
         << " overload=" << error.is_overload() << " http_status=" << error.http_status();
    if (error.job() != 0) line << " job=" << id(error.job());
    if (error.worker() != 0) line << " worker=" << error.worker();
    if (error.retry_after() > 0ms) line << " retry_after_ms=" << error.retry_after().count();
    if (error.worker_signal() != 0) line << " signal=" << error.worker_signal();
    if (error.worker_exit_status() >= 0) line << " exit_status=" << error.worker_exit_status();
    say(line.str());
}

/// Does what gives a reply, and says what came of it.
template <class Give>
static void end(const std::string &call, Give give) {
    try {
        done(call, give());
    } catch (const powerhose::JobError &error) {
        failed(call, error);
    }
}

/// A job for each payload.
static std::vector<powerhose::Job> jobs(const Fields &fields) {
    std::vector<powerhose::Job> jobs;
    for (const auto &[field, payload] : fields) {
        if (field != "payload") continue;
        powerhose::Job job(unhex(payload));
        for (const auto &[name, value] : fields) {
            if (name == "pool") job.pool(unhex(value));
            else if (name == "timeout_ms") job.timeout(powerhose::Milliseconds(std::stoll(value)));
            else if (name == "run_timeout_ms") job.run_timeout(powerhose::Milliseconds(std::stoll(value)));
            else if (name == "once") job.once();
            else if (name == "attempts_max") job.attempts_max(static_cast<std::uint32_t>(std::stoul(value)));
            else if (name == "header") {
                auto colon = value.find(':');
                job.header(unhex(value.substr(0, colon)), unhex(value.substr(colon + 1)));
            }
        }
        jobs.push_back(std::move(job));
    }
    return jobs;
}

static std::string value(const Fields &fields, const std::string &wanted) {
    for (const auto &[name, value] : fields) {
        if (name == wanted) return value;
    }
    throw std::runtime_error("there is no `" + wanted + "`");
}

static powerhose::Milliseconds within(const Fields &fields) { return powerhose::Milliseconds(std::stoll(value(fields, "within_ms"))); }

class Client {
public:
    explicit Client(powerhose::JobRunner runner) : runner_(std::move(runner)), queue_(runner_.queue()) {}
    ~Client() {
        // So ends what the threads wait for.
        try {
            runner_.close(0ms);
        } catch (const powerhose::JobsLost &) {
        }
        for (auto &thread : threads_) thread.join();
    }

    /// Until the input ends.
    void obey_all() {
        std::string read;
        for (;;) {
            std::array<pollfd, 2> watched{pollfd{STDIN_FILENO, POLLIN, 0}, pollfd{queue_.descriptor(), POLLIN, 0}};
            poll(watched.data(), watched.size(), -1);
            if (watched[1].revents) take_ends();
            if (!watched[0].revents) continue;
            char buffer[65536];
            auto bytes = ::read(STDIN_FILENO, buffer, sizeof buffer);
            if (bytes <= 0) return;
            read.append(buffer, static_cast<std::size_t>(bytes));
            std::size_t begin = 0;
            for (std::size_t end; (end = read.find('\n', begin)) != std::string::npos; begin = end + 1) obey(read.substr(begin, end - begin));
            read.erase(0, begin);
        }
    }

private:
    void take_ends() {
        while (auto ended = queue_.next(0ms)) {
            std::unique_ptr<std::string> call(static_cast<std::string *>(ended->context));
            end(*call, [&] { return ended->reply ? std::move(*ended->reply) : (std::rethrow_exception(ended->error), std::move(*ended->reply)); });
        }
    }

    template <class Run>
    void in_thread(Run run) {
        threads_.emplace_back(std::move(run));
    }

    void obey(const std::string &line) {
        std::istringstream words(line);
        std::string word, call;
        words >> word >> call;
        Fields fields;
        for (std::string field; words >> field;) {
            auto equals = field.find('=');
            fields.emplace_back(field.substr(0, equals), field.substr(equals + 1));
        }
        if (word == "execute") {
            in_thread([this, call, job = jobs(fields).at(0)] { end(call, [&] { return runner_.execute(job); }); });
        } else if (word == "submit") {
            auto context = std::make_unique<std::string>(call);
            tickets_[call] = queue_.submit(jobs(fields).at(0), context.get());
            context.release();
        } else if (word == "many") {
            in_thread([this, call, all = jobs(fields)] { many(call, all); });
        } else if (word == "cancel") {
            queue_.cancel(tickets_.at(call));
        } else if (word == "workers") {
            in_thread([this, call, fields] {
                try {
                    runner_.wait_for_workers(std::stoull(value(fields, "wanted")), within(fields));
                    say(call + " there");
                } catch (const powerhose::WorkersMissing &) {
                    say(call + " missing");
                }
            });
        } else if (word == "close") {
            in_thread([this, call, fields] { close(call, within(fields)); });
        } else {
            throw std::runtime_error("there is no `" + word + "`");
        }
    }

    void many(const std::string &call, const std::vector<powerhose::Job> &all) {
        auto next = all.begin();
        auto replies = runner_.execute_many([&]() -> std::optional<powerhose::Job> {
            return next == all.end() ? std::nullopt : std::optional(*next++);
        });
        for (std::size_t place = 0; place < all.size(); place++) {
            end(call + "." + std::to_string(place), [&] { return replies.next().value(); });
        }
    }

    void close(const std::string &call, powerhose::Milliseconds drain_timeout) {
        try {
            runner_.close(drain_timeout);
            say(call + " closed lost=0");
        } catch (const powerhose::JobsLost &lost) {
            // The message is all that says how many.
            say(call + " closed lost=" + std::to_string(std::stoull(lost.what())));
        }
    }

    powerhose::JobRunner runner_;
    powerhose::Queue queue_;
    std::map<std::string, std::uint64_t> tickets_;
    std::vector<std::thread> threads_;
};

int main(int count, char **arguments) {
    auto timeout = 30000ms, connect_timeout = 10000ms;
    std::string endpoint;
    for (int i = 1; i < count; i++) {
        std::string argument = arguments[i];
        auto milliseconds = [&] { return powerhose::Milliseconds(i + 1 < count ? std::stoll(arguments[++i]) : 0); };
        if (argument == "--timeout-ms") timeout = milliseconds();
        else if (argument == "--connect-ms") connect_timeout = milliseconds();
        else endpoint = argument;
    }
    try {
        powerhose::log_to_stderr();
        powerhose::ClientSettings settings(endpoint);
        settings.timeout(timeout).connect_timeout(connect_timeout);
        Client(powerhose::JobRunner::connect(settings)).obey_all();
        return 0;
    } catch (const std::exception &error) {
        std::fprintf(stderr, "Error: %s\n", error.what());
        return 1;
    }
}
