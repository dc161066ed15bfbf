"""What the workers of the tests do: the payload says it."""

import os
import sys
import time

import powerhose


@powerhose.handler(pool=["default", "other"])
def work(job):
    command, _, rest = job.payload.partition(b" ")
    return COMMANDS.get(command, echo)(job, rest)


def echo(job, rest):
    return job.payload


def nap(job, rest):
    time.sleep(float(rest))
    return b"slept"


def watch(job, rest):
    """Tells in a file that it began, and that nobody waits any longer."""
    with open(rest, "a") as file:
        print("begun", file=file, flush=True)
        while not job.is_cancelled:
            time.sleep(0.01)
        print("cancelled", file=file, flush=True)
    return b""


def compute(job, rest):
    """Holds the interpreter's lock all the time."""
    end = time.monotonic() + float(rest)
    while time.monotonic() < end:
        pass
    return b"computed"


def fail(job, rest):
    raise powerhose.Failure("mine", rest.decode())


def crash(job, rest):
    raise ValueError(rest.decode())


def odd(job, rest):
    """Failures that are hard to tell."""
    if rest == b"surrogate":
        raise ValueError("\udcff")
    if rest == b"code":
        raise powerhose.Failure(7, None)
    if rest == b"str":

        class Unprintable(Exception):
            def __str__(self):
                raise RuntimeError

        raise Unprintable
    raise BaseException("base")


def fork_and_terminate(job, rest):
    """A child that a worker forks can be ended by SIGTERM."""
    import signal

    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    os.kill(child, signal.SIGTERM)
    return str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode()


def fork_and_leave(job, rest):
    """A child that the handler forks and that does not end where it should is no second worker."""
    child = os.fork()
    if child == 0:
        if rest == b"return":
            return b"from the child"
        if rest == b"raise":
            raise ValueError("from the child")
        if rest == b"fail":
            raise powerhose.Failure("child")
        sys.exit(3)
    return str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode()


def shared(job, rest):
    """A part of the payload, as it lies."""
    return job.buffer[len(b"shared ") :]


def kept(job, rest):
    """The last payload's view is kept beyond its job, and that of an answered job can still be looked at."""
    before, kept.view, kept.job = kept.view, job.buffer, job
    return bytes(before)


kept.view = b""


COMMANDS = {
    b"shared": shared,
    b"kept": kept,
    b"leave": fork_and_leave,
    b"nap": nap,
    b"watch": watch,
    b"compute": compute,
    b"fail": fail,
    b"crash": crash,
    b"fork": fork_and_terminate,
    b"odd": odd,
    b"text": lambda job, rest: "text",
    b"nothing": lambda job, rest: None,
    b"exit": lambda job, rest: sys.exit(3),
    b"die": lambda job, rest: os.kill(os.getpid(), 9),
    b"pid": lambda job, rest: str(os.getpid()).encode(),
    b"pool": lambda job, rest: job.pool.encode(),
    b"attempt": lambda job, rest: str(job.attempt).encode(),
    b"remaining": lambda job, rest: str(job.remaining).encode(),
    b"headers": lambda job, rest: repr(sorted(job.headers.items())).encode(),
    b"reply": lambda job, rest: powerhose.Reply(rest, {"name": "value"}),
}
