#!/usr/bin/env python3
"""The client of the suite in Python, by the package of bindings/python: it reads and prints the lines of src/bin/commands-client, so
that the suite's sentences about clients hold with it too: in threads, in tasks of asyncio or in gevent's greenlets,
as POWERHOSE_TEST_FACE says."""
import argparse, asyncio, os, sys, threading

parser = argparse.ArgumentParser()
parser.add_argument("endpoint")
parser.add_argument("--timeout-ms", type=int, default=30_000)
parser.add_argument("--connect-ms", type=int, default=10_000)
given = parser.parse_args()
face = os.environ.get("POWERHOSE_TEST_FACE", "threads")
lines = sys.stdin
if face == "gevent":
    import gevent.fileobject, gevent.monkey

    # From here on threads are greenlets.
    gevent.monkey.patch_all()
    lines = gevent.fileobject.FileObjectThread(sys.stdin)

import powerhose

WORDS = [
    (powerhose.JobFailed, "failed"),
    (powerhose.JobTimedOut, "timed_out"),
    (powerhose.JobCancelled, "cancelled"),
    (powerhose.JobLost, "lost"),
    (powerhose.JobRejected, "rejected"),
]
printing = threading.Lock()
submitted = {}


def say(line):
    with printing:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def done(call, reply):
    headers = "".join(f" header={name.encode().hex()}:{value.hex()}" for name, value in reply.headers.items())
    told = f"job={reply.job} worker={reply.worker} attempts={reply.attempts} run_us={round(reply.run_time * 1e6)}"
    say(f"{call} done {told}{headers} payload={reply.payload.hex()}")


def failed(call, error):
    word = next((word for kind, word in WORDS if isinstance(error, kind)), type(error).__name__)
    fields = {
        "message": str(error).encode().hex(),
        "attempts": error.attempts,
        "may_have_run": int(error.may_have_run),
        "retryable": int(error.is_retryable),
        "overload": int(error.is_overload),
        "http_status": error.http_status,
        "job": error.job,
        "worker": error.worker,
        "retry_after_ms": None if error.retry_after is None else round(error.retry_after * 1000),
        "code": None if error.code is None else error.code.encode().hex(),
        "text": None if error.text is None else error.text.encode().hex(),
        "signal": error.signal,
        "exit_status": error.exit_status,
    }
    told = " ".join(f"{name}={value}" for name, value in fields.items() if value is not None)
    say(f"{call} {word} {told}")


def cancelled(call):
    # Python's own word for it tells no more than that.
    failed(call, powerhose.JobCancelled(may_have_run=True))


class Threads:
    """A call blocks its thread, or has a future. In a process that gevent has patched the same are greenlets."""

    def execute(self, call, payload, options):
        in_thread(self._execute, call, payload, options)

    def _execute(self, call, payload, options):
        try:
            done(call, runner.detailed.execute(payload, **options))
        except powerhose.JobError as error:
            failed(call, error)

    def submit(self, call, payload, options):
        submitted[call] = future = runner.detailed.submit(payload, **options)
        future.add_done_callback(lambda future: self._ended(call, future))

    def _ended(self, call, future):
        if future.cancelled():
            cancelled(call)
        elif future.exception() is not None:
            failed(call, future.exception())
        else:
            done(call, future.result())

    def many(self, call, payloads, options):
        in_thread(self._many, call, payloads, options)

    def _many(self, call, payloads, options):
        replies = runner.detailed.map(payloads, **options)
        for place in range(len(payloads)):
            try:
                done(f"{call}.{place}", next(replies))
            except powerhose.JobError as error:
                failed(f"{call}.{place}", error)
        assert next(replies, None) is None


class Tasks:
    """A call is a task, of one loop in a thread of its own."""

    def __init__(self):
        self._loop = asyncio.new_event_loop()
        in_thread(self._loop.run_forever)

    def execute(self, call, payload, options):
        submitted[call] = asyncio.run_coroutine_threadsafe(self._execute(call, payload, options), self._loop)

    submit = execute

    async def _execute(self, call, payload, options):
        try:
            done(call, await runner.detailed.aexecute(payload, **options))
        except powerhose.JobError as error:
            failed(call, error)
        except asyncio.CancelledError:
            cancelled(call)
            raise

    def many(self, call, payloads, options):
        asyncio.run_coroutine_threadsafe(self._many(call, payloads, options), self._loop)

    async def _many(self, call, payloads, options):
        replies = runner.detailed.amap(payloads, **options).__aiter__()
        for place in range(len(payloads)):
            try:
                done(f"{call}.{place}", await replies.__anext__())
            except powerhose.JobError as error:
                failed(f"{call}.{place}", error)


def workers(call, wanted, within):
    try:
        runner.wait_for_workers(wanted, within)
        say(f"{call} there")
    except powerhose.WorkersMissing:
        say(f"{call} missing")


def job(fields):
    """The payloads, and the keywords of a call."""
    payloads, headers, options = [], {}, {}
    for name, value in fields:
        if name == "payload":
            payloads.append(bytes.fromhex(value))
        elif name == "header":
            header, _, value = value.partition(":")
            headers[bytes.fromhex(header).decode()] = bytes.fromhex(value)
        elif name == "pool":
            options["pool"] = bytes.fromhex(value).decode()
        elif name in ("timeout_ms", "run_timeout_ms"):
            options[name[:-3]] = int(value) / 1000
        elif name == "once":
            options["once"] = True
        elif name == "attempts_max":
            options["attempts_max"] = int(value)
        else:
            raise ValueError(f"a job has no `{name}`")
    return payloads, {**options, "headers": headers}


def in_thread(function, *arguments):
    threading.Thread(target=function, args=arguments, daemon=True).start()


def obey(word, call, fields):
    if word == "cancel":
        submitted[call].cancel()
    elif word == "close":
        within = float(dict(fields)["within_ms"]) / 1000
        in_thread(lambda: say(f"{call} closed lost={runner.close(within)}"))
    elif word == "workers":
        in_thread(workers, call, int(dict(fields)["wanted"]), float(dict(fields)["within_ms"]) / 1000)
    else:
        payloads, options = job(fields)
        if word == "execute":
            calls.execute(call, payloads[0], options)
        elif word == "submit":
            calls.submit(call, payloads[0], options)
        elif word == "many":
            calls.many(call, payloads, options)
        else:
            raise ValueError(f"there is no `{word}`")


runner = powerhose.JobRunner.connect(
    given.endpoint, timeout=given.timeout_ms / 1000, connect_timeout=given.connect_ms / 1000
)
calls = {"threads": Threads, "asyncio": Tasks, "gevent": Threads}[face]()
for line in lines:
    word, call, *fields = line.split()
    obey(word, call, [tuple(field.split("=", 1)) for field in fields])
