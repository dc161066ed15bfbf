"""What worker.py runs: a job's header `do` says what to do with its payload. Made for trying things out."""
import os, time
from peer import now_ms


class Failed(Exception):
    """For handlers to raise: a code for programs and a text for people."""

    def __init__(self, code, text=""):
        super().__init__(code, text)


def square(job):
    try:
        return str(int(job.payload) ** 2).encode()
    except ValueError:
        raise Failed("not_a_number", "the payload is no decimal integer") from None


def fail(job):
    raise Failed("asked_to", job.payload.decode(errors="replace"))


def sleep(job):
    time.sleep(int(job.payload) / 1000)
    return b"slept"


def crash(job):
    raise RuntimeError(job.payload.decode(errors="replace"))


def list_headers(job):
    others = sorted((name, value) for name, value in job.headers.items() if name != "do")
    return b"".join(name.encode() + b"=" + value + b"\n" for name, value in others)


COMMANDS = {
    "echo": lambda job: job.payload,
    "square": square,
    "fail": fail,
    "sleep": sleep,
    "panic": crash,
    "raise": crash,
    "exit": lambda job: os._exit(int(job.payload)),
    "attempt": lambda job: str(job.attempt).encode(),
    "headers": list_headers,
    "pid": lambda job: str(os.getpid()).encode(),
    "remaining": lambda job: str(job.deadline_ms - now_ms()).encode(),
}


def by_header(job):
    """The handler: runs the command in the header `do`, or echo."""
    name = job.headers.get("do", b"echo").decode(errors="replace")
    if name not in COMMANDS:
        raise Failed("no_such_command", f"`do` is one of {', '.join(COMMANDS)}")
    return COMMANDS[name](job)
