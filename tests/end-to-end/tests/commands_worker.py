#!/usr/bin/env python3
"""The worker of examples/python with the commands that its own handlers lack and the tests need."""
import argparse, asyncio, os, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../examples/python"))
import handlers, worker

BEGUN = 0


def wait_file(job):
    with open(job.payload + b".begun", "a") as begun:
        begun.write(f"{os.getpid()} {job.attempt}\n")
    until = time.monotonic() + 30
    while not os.path.exists(job.payload):
        if time.monotonic() > until:
            raise handlers.Failed("never_came", job.payload.decode())
        time.sleep(0.002)
    return str(job.attempt).encode()


class Wordless(handlers.Failed):
    """A failure whose arguments are not what they should be."""

    def __init__(self, *args):
        super().__init__("unused")
        self.args = args


def fail_with(failure):
    raise failure


def fork_and_exit(job):
    child = os.fork()
    if child == 0:
        sys.exit(3)
    return str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode()


def by_header(job):
    global BEGUN
    BEGUN += 1
    return handlers.by_header(job)


handlers.COMMANDS.update({
    "wait-file": wait_file,
    "reply-size": lambda job: b"x" * int(job.payload),
    "pool": lambda job: job.pool.encode(),
    "id": lambda job: f"{job.id >> 40}.{job.id & (1 << 40) - 1}".encode(),
    "return-str": lambda job: "no bytes",
    "return-none": lambda job: None,
    "fail-in-a-word": lambda job: fail_with(handlers.Failed("in_a_word")),
    "fail-without-words": lambda job: fail_with(Wordless()),
    "fail-oddly": lambda job: fail_with(Wordless(7, "\ud800", "three")),
    "sys-exit": lambda job: sys.exit(3),
    "no-exception": lambda job: fail_with(asyncio.CancelledError()),
    "fork-and-exit": fork_and_exit,
    "count": lambda job: str(BEGUN).encode(),
})

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("endpoint")
    parser.add_argument("--pool", action="append")
    options = parser.parse_args()
    worker.Worker(options.endpoint, options.pool or ["default"], by_header).run()
