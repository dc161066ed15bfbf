// What powerhose.hpp promises: a client, a worker and masters in C++. The argument is an endpoint.
#include <powerhose.hpp>

#include <cstdio>
#include <cstdlib>
#include <poll.h>
#include <sys/wait.h>

using namespace std::chrono_literals;

#define CHECK(condition)                                                            \
    do {                                                                            \
        if (!(condition)) {                                                         \
            std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            std::exit(1);                                                           \
        }                                                                           \
    } while (0)

template <class Kind, class Call>
Kind thrown_by(Call call) {
    try {
        call();
    } catch (const Kind &error) {
        return error;
    }
    std::fprintf(stderr, "nothing of this kind was thrown: %s\n", __PRETTY_FUNCTION__);
    std::exit(1);
}

static powerhose::Job job(const std::string &text) { return powerhose::Job(text).pool("commands").timeout(60s); }

class Commands : public powerhose::Worker {
public:
    using Worker::Worker;

    std::string execute(const Job &job) override {
        auto text = job.payload().str();
        CHECK(job.pool() == "commands" && job.id() != 0 && job.attempt() >= 1 && !job.is_once());
        if (text.rfind("echo ", 0) == 0) return text.substr(5);
        if (text == "fail") throw powerhose::Failure("no_luck", "there was none");
        if (text == "throw") throw std::out_of_range("too far");
        if (text == "odd") throw 7;
        if (text == "bytes") throw powerhose::Failure("\xff", "no UTF-8");
        if (text == "wait") {
            while (!job.is_cancelled()) std::this_thread::sleep_for(1ms);
        }
        if (text == "headers") {
            CHECK(job.headers().size() == 1 && job.headers()[0].first == "x-asked");
            CHECK(!job.header("x-other"));
            job.reply_header("x-answer", *job.header("x-asked"));
        }
        return text;
    }
};

static void replies_and_errors(const powerhose::JobRunner &runner) {
    auto reply = runner.execute(job("echo hello"));
    CHECK(reply.payload() == "hello" && reply.str() == "hello" && reply.attempts() == 1 && reply.worker() != 0);
    std::string large(3 << 20, 'l');
    CHECK(runner.execute(job("echo " + large)).str() == large);
    reply = runner.execute(job("headers").header("x-asked", "no").header("x-asked", powerhose::View("a\0b", 3)));
    CHECK(reply.header("x-answer") == powerhose::View("a\0b", 3) && !reply.header("x-none"));
    CHECK(reply.headers().size() == 1);
    std::string odd("a\0b", 3);
    runner.execute(job("echo").header(odd, odd));

    auto failed = thrown_by<powerhose::JobFailed>([&] { runner.execute(job("fail")); });
    CHECK(failed.code() == "no_luck" && failed.text() == "there was none" && failed.may_have_run() && failed.job() != 0);
    CHECK(std::string(failed.what()).find("no_luck") != std::string::npos && failed.http_status() == 500);
    CHECK(thrown_by<powerhose::JobFailed>([&] { runner.execute(job("throw")); }).text() == "too far");
    CHECK(thrown_by<powerhose::JobFailed>([&] { runner.execute(job("odd")); }).code() == "exception");
    CHECK(thrown_by<powerhose::JobFailed>([&] { runner.execute(job("bytes")); }).code() == "exception");
    CHECK(thrown_by<powerhose::JobRejected>([&] { runner.execute(job("x").pool("nobody")); }).code() == "no_workers");
    CHECK(thrown_by<powerhose::JobError>([&] { runner.execute(job("x").pool("nobody")); }).is_overload());
    thrown_by<powerhose::InvalidArgument>([&] { runner.execute(job("x").pool("\xff")); });
    CHECK(runner.execute(job("echo after")).str() == "after");
    CHECK(runner.workers_count() == 1);
    CHECK(runner.workers_json().find("of C++") != std::string::npos);
    CHECK(runner.stats_json().find("\"accepted\"") != std::string::npos);
}

static void handles_and_futures(const powerhose::JobRunner &runner) {
    auto handle = runner.submit(job("echo handle"));
    std::uint64_t id = handle.job();
    auto answered = handle.wait();
    CHECK(answered.str() == "handle" && (id == 0 || id == answered.job()));
    CHECK(powerhose::job_id_text(answered.job()).find('.') != std::string::npos);
    thrown_by<powerhose::Misuse>([&] { handle.wait(); });
    handle = runner.submit(job("wait"));
    CHECK(!handle.wait_for(1ms) && !handle.has_ended());
    handle.cancel();
    thrown_by<powerhose::JobCancelled>([&] { handle.wait_for(0ms); });

    std::vector<std::future<powerhose::Reply>> futures;
    for (int i = 0; i < 200; i++) futures.push_back(runner.async(job(i % 10 == 9 ? "fail" : "echo " + std::to_string(i))));
    for (int i = 0; i < 200; i++) {
        if (i % 10 == 9) {
            thrown_by<powerhose::JobFailed>([&] { futures[i].get(); });
        } else {
            CHECK(futures[i].get().str() == std::to_string(i));
        }
    }
    // A child that copied the runner and its thread's things ends without them.
    std::fflush(nullptr);
    pid_t child = fork();
    if (child == 0) {
        {
            powerhose::JobRunner copied(runner);
            CHECK(thrown_by<powerhose::JobRejected>([&] { copied.execute(job("echo x")); }).code() == "forked");
            CHECK(thrown_by<powerhose::JobRejected>([&] { copied.async(job("echo x")); }).code() == "forked");
        }
        execl("/bin/true", "true", static_cast<char *>(nullptr));
        _exit(1);
    }
    int status = 1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(runner.async(job("echo parent")).get().str() == "parent");
}

static void many_and_queues(const powerhose::JobRunner &runner) {
    int given = 0;
    auto many = runner.execute_many([&]() -> std::optional<powerhose::Job> {
        if (given == 300) return std::nullopt;
        return job("echo " + std::to_string(given++)).header("x", "y");
    }, 20);
    for (int i = 0; i < 300; i++) CHECK(many.next()->str() == std::to_string(i));
    CHECK(!many.next());
    int left = 2;
    auto breaks = runner.execute_many([&]() -> std::optional<powerhose::Job> {
        if (left-- == 0) throw std::logic_error("the source broke");
        return job("echo ok");
    });
    CHECK(breaks.next()->str() == "ok" && breaks.next()->str() == "ok");
    CHECK(std::string(thrown_by<std::logic_error>([&] { breaks.next(); }).what()) == "the source broke");
    CHECK(!breaks.next());

    auto queue = runner.queue();
    CHECK(!queue.next());
    int context = 0;
    auto ticket = queue.submit(job("echo queued"), &context);
    pollfd watched{queue.descriptor(), POLLIN, 0};
    CHECK(poll(&watched, 1, 60000) == 1);
    auto end = queue.next(0ms);
    CHECK(end && end->ticket == ticket && end->context == &context && end->reply->str() == "queued" && !end->error);
    CHECK(poll(&watched, 1, 0) == 0);
    ticket = queue.submit(job("wait"));
    queue.cancel(ticket);
    end = queue.next();
    thrown_by<powerhose::JobCancelled>([&] { std::rethrow_exception(end->error); });
}

static void a_batch_of_two_threads(const powerhose::JobRunner &runner) {
    auto batch = runner.batch(10);
    std::thread hands_over([&] {
        for (int i = 0; i < 100; i++) batch.submit(job("echo " + std::to_string(i)));
        batch.end();
    });
    for (int i = 0; i < 100; i++) CHECK(batch.next()->str() == std::to_string(i));
    CHECK(!batch.next());
    hands_over.join();
}

static void a_master_tells_of_its_clients(const std::string &endpoint) {
    auto master = powerhose::JobRunner::bind(powerhose::MasterSettings(endpoint + ".told")
                                                 .number("clients_max", 3)
                                                 .overload_waits()
                                                 .pool_run_time_soft("x", 1s, 2)
                                                 .ipc_group(getgid()));
    auto notices = master.notices();
    CHECK(!notices.next(0ms) && !notices.has_ended() && notices.descriptor() >= 0);
    master.check_reachability();
    { powerhose::JobRunner::connect(powerhose::ClientSettings(endpoint + ".told").caller_spin(0us)); }
    CHECK(notices.next()->find("client_connected") != std::string::npos);
    CHECK(notices.next()->find("client_gone") != std::string::npos);
    master.close(0ms);
    CHECK(!notices.next() && notices.has_ended());
}

static void a_runner_that_goes_keeps_its_promises(const std::string &endpoint) {
    std::future<powerhose::Reply> left;
    {
        auto runner = powerhose::JobRunner::connect(endpoint);
        left = runner.async(job("wait"));
    }
    thrown_by<powerhose::JobCancelled>([&] { left.get(); });
}

static void an_operator_asks(const std::string &endpoint) {
    powerhose::Operator operator_{powerhose::ClientSettings(endpoint)};
    CHECK(operator_.master_epoch() != 0);
    CHECK(operator_.master_pid() == static_cast<std::uint64_t>(getpid()));
    CHECK(operator_.ask_json("workers").find("commands") != std::string::npos);
    CHECK(operator_.order(powerhose::Order::quiet, "all", 5s).matched == 1);
    CHECK(operator_.order(powerhose::Order::resume, "all", 5s).left == 0);
    CHECK(!thrown_by<powerhose::Refused>([&] { operator_.ask_json("weather"); }).code().empty());
}

static void a_pulled_worker_answers(const powerhose::JobRunner &runner, const std::string &endpoint) {
    powerhose::Worker settings(endpoint);
    settings.pool("pulled", 1).ignore_signals();
    powerhose::PulledWorker worker(std::move(settings));
    auto first = runner.submit(powerhose::Job("one").pool("pulled").timeout(60s));
    auto one = worker.next();
    CHECK(one && one->payload() == "one");
    thrown_by<powerhose::Misuse>([&] { worker.next(0ms); });
    one->finish("two");
    CHECK(first.wait().str() == "two");
    auto second = runner.submit(powerhose::Job("three").pool("pulled").timeout(60s));
    worker.next()->run([](const powerhose::Worker::Job &) -> std::string { throw powerhose::Failure("four", "five"); });
    CHECK(thrown_by<powerhose::JobFailed>([&] { second.wait(); }).code() == "four");
    CHECK(!worker.next(0ms) && !worker.has_left());
    CHECK(worker.descriptor() >= 0);
    worker.stop();
    CHECK(!worker.next() && worker.has_left());
}

int main(int count, char **arguments) {
    CHECK(count == 2);
    std::string endpoint = arguments[1];
    CHECK(!powerhose::version().empty() && powerhose::is_compatible());
    thrown_by<powerhose::InvalidArgument>([] { powerhose::JobRunner::connect("nonsense"); });
    thrown_by<powerhose::Unreachable>([] {
        powerhose::JobRunner::connect(powerhose::ClientSettings("ipc:///nowhere/at/all.ipc").connect_timeout(20ms));
    });
    auto master = powerhose::JobRunner::bind(powerhose::MasterSettings(endpoint).timeout(60s));
    thrown_by<powerhose::InUse>([&] { powerhose::JobRunner::bind(endpoint); });
    CHECK(master.endpoints() == std::vector<std::string>{endpoint});
    Commands worker(endpoint);
    worker.pool("commands").label("made", "of C++").ignore_signals();
    std::thread works([&] { worker.run(); });
    master.wait_for_workers(1, 60s);
    thrown_by<powerhose::WorkersMissing>([&] { master.wait_for_workers(2, 10ms); });
    for (const auto &runner : {master, powerhose::JobRunner::connect(endpoint)}) {
        replies_and_errors(runner);
        handles_and_futures(runner);
        many_and_queues(runner);
        a_batch_of_two_threads(runner);
    }
    a_runner_that_goes_keeps_its_promises(endpoint);
    a_master_tells_of_its_clients(endpoint);
    an_operator_asks(endpoint);
    a_pulled_worker_answers(master, endpoint);
    worker.stop();
    works.join();
    master.close(5s);
    CHECK(thrown_by<powerhose::JobRejected>([&] { master.execute(job("echo late")); }).code() == "closed");
    std::puts("fine");
}
