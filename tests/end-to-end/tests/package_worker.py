#!/usr/bin/env python3
"""The worker of the suite in Python, by the package of bindings/python: the same options and commands as
src/bin/commands-worker, so that the suite's sentences hold with it too. Needs nothing but the package."""
import argparse, logging, os, signal, subprocess, sys, time

import powerhose

WAIT_MAX = 30
"""No test holds a job for longer."""
LOOK_AGAIN_AFTER = 0.002
begun = 0


LEVELS = {"trace": 5, "debug": 10, "info": 20, "warn": 30, "error": 40, "off": 51}


def log_as_told():
    """From the level of RUST_LOG on, in the words of Rust's log."""
    logging.addLevelName(LEVELS["trace"], "TRACE")
    logging.addLevelName(LEVELS["warn"], "WARN")
    level = LEVELS[os.environ.get("RUST_LOG", "warn").rpartition("=")[2]]
    logging.basicConfig(level=level, format="%(levelname)s %(pathname)s: %(message)s")


def wait_for_file(path):
    until = time.monotonic() + WAIT_MAX
    while not os.path.exists(path):
        if time.monotonic() > until:
            raise powerhose.Failure("error", f"{os.fsdecode(path)} never came")
        time.sleep(LOOK_AGAIN_AFTER)


def hang():
    """Never returns, and looks at nothing."""
    while True:
        time.sleep(3600)


def text(job):
    return job.payload.decode(errors="replace")


def number(job):
    try:
        return int(job.payload)
    except ValueError:
        raise powerhose.Failure("not_a_number", "the payload is no decimal integer") from None


def note_begin(job):
    # In one write, so that lines of several processes do not mix.
    file = os.open(job.payload + b".begun", os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o666)
    os.write(file, f"{os.getpid()} {job.attempt}\n".encode())
    os.close(file)


def wait_file(job):
    note_begin(job)
    wait_for_file(job.payload)
    return str(job.attempt).encode()


def wait_cancelled(job):
    note_begin(job)
    until = time.monotonic() + WAIT_MAX
    while not job.is_cancelled:
        if time.monotonic() > until:
            raise powerhose.Failure("never_cancelled")
        time.sleep(LOOK_AGAIN_AFTER)
    open(job.payload, "w").close()
    return b"cancelled"


def fail(job):
    raise powerhose.Failure("asked_to", text(job))


def panic(job):
    raise RuntimeError(text(job))


def leave(job):
    os.kill(os.getpid(), signal.SIGTERM)
    return str(os.getpid()).encode()


def sleep(job):
    time.sleep(number(job) / 1000)
    return b"slept"


def others(job):
    return {name: value for name, value in job.headers.items() if name != "do"}


def headers(job):
    return b"".join(name.encode() + b"=" + value + b"\n" for name, value in sorted(others(job).items()))


COMMANDS = {
    "echo": lambda job: job.payload,
    "square": lambda job: str(number(job) ** 2).encode(),
    "fail": fail,
    "panic": panic,
    "raise": panic,
    "exit": lambda job: os._exit(number(job)),
    "abort": lambda job: os.abort(),
    "kill": lambda job: os.kill(os.getpid(), signal.SIGKILL),
    "hang": lambda job: hang(),
    "leave": leave,
    "sleep": sleep,
    "attempt": lambda job: str(job.attempt).encode(),
    "headers": headers,
    "headers-back": lambda job: powerhose.Reply(job.payload, others(job)),
    "pid": lambda job: str(os.getpid()).encode(),
    "remaining": lambda job: str(int(job.remaining * 1000)).encode(),
    "id": lambda job: job.id.encode(),
    "pool": lambda job: job.pool.encode(),
    "once": lambda job: b"true" if job.once else b"false",
    "count": lambda job: str(begun).encode(),
    "reply-size": lambda job: b"x" * number(job),
    "wait-file": wait_file,
    "wait-cancelled": wait_cancelled,
    "shell": lambda job: subprocess.run(["/bin/sh", "-c", job.payload], stdout=subprocess.PIPE).stdout,
}


def run(job):
    global begun
    begun += 1
    name = job.headers.get("do", b"echo").decode(errors="replace")
    if name not in COMMANDS:
        raise powerhose.Failure("no_such_command", f"there is no command `{name}`")
    return COMMANDS[name](job)


parser = argparse.ArgumentParser()
parser.add_argument("endpoint", nargs="?")
parser.add_argument("--pool", action="append")
parser.add_argument("--credit", type=int, default=64)
parser.add_argument("--silence-ms", type=int, default=30_000)
parser.add_argument("--start-when")
parser.add_argument("--exit-at-once", type=int)
parser.add_argument("--pulled", action="store_true", help="as it always does: there is no other way to its jobs in Python")
parser.add_argument("--never-register", action="store_true")
options = parser.parse_args()
log_as_told()
if options.exit_at_once is not None:
    sys.exit(options.exit_at_once)
if options.start_when is not None:
    print("starting up", flush=True)
    wait_for_file(options.start_when)
if options.never_register:
    hang()
worker = powerhose.Worker(
    options.endpoint,
    pool=options.pool or ["default"],
    credit=options.credit,
    silence_max=options.silence_ms / 1000,
)
worker.run(run)
