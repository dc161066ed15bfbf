#!/usr/bin/env python3
"""A Powerhose client on nothing but pyzmq and msgpack; protocol/PROTOCOL.md says why each step is as it is.

It has no thread: only while somebody waits do heartbeats go out and messages come in. A Client belongs to the thread that made it.
"""
import argparse, collections, itertools, os, re, sys, types
import zmq
from peer import *

ENDS = DONE, FAILED, TIMED_OUT, CANCELLED, LOST, REJECTED = (
    "done", "failed", "timed out", "cancelled", "lost", "rejected")
FLAG_ONCE, FLAG_FROM_DISPATCH = 1, 2
CALLS_IN_FLIGHT = 64
GRACE_MS = 100  # how much longer than its timeout a call waits for the master to say how it ended
SILENCE_MAX_MS = 5000
TIMEOUT_MAX = 365 * 24 * 3600


class JobError(Exception):
    """Why there is no reply. `end` is one of ENDS; `may_have_run`: a worker may have begun the job."""

    def __init__(self, end, may_have_run, code="", text="", attempts=0, worker=None, detail=None):
        super().__init__(end + (f" ({code})" if code else "") + (f": {text}" if text else ""))
        self.end, self.may_have_run, self.code, self.text = end, may_have_run, code, text
        self.attempts, self.worker, self.detail = attempts, worker, detail


def as_bytes(value, what):
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise TypeError(f"{what} is bytes, not {type(value).__name__}")
    return bytes(value)


class Client(Peer):
    def __init__(self, endpoint):
        super().__init__(endpoint, "client")
        self.calls = 0
        self.unsent, self.sent, self.outcomes = {}, {}, {}  # by call; an outcome is bytes or a JobError

    def execute(self, payload, **options):
        """The reply to one job, or JobError. The options are those of `submit`."""
        return self.wait(self.submit(payload, **options))

    def execute_many(self, payloads, **options):
        """Yields for each payload, in order, its reply or its JobError; many are under way at once.

        However long a job waits for a worker: its `timeout` counts from when a worker is given it.
        """
        waiting = collections.deque()
        for payload in payloads:
            waiting.append(self.submit(payload, from_dispatch=True, **options))
            if len(waiting) >= CALLS_IN_FLIGHT:
                yield self.outcome(waiting.popleft())
        while waiting:
            yield self.outcome(waiting.popleft())

    def submit(self, payload, pool="default", timeout=5.0, headers=None, once=False, attempts_max=None,
               from_dispatch=False):
        """Sends a job; the number to `wait` for. `timeout` is in seconds, `headers` are bytes by name.

        `from_dispatch`: the timeout counts from when a worker is given the job, not from now.
        """
        self.check_owner()
        # What cannot be sent is found here: later it would stand in the way of every other call.
        payload = as_bytes(payload, "the payload")
        headers = {name: as_bytes(value, f"the header {name!r}") for name, value in (headers or {}).items()}
        if not isinstance(pool, str) or not all(isinstance(name, str) for name in headers):
            raise TypeError("a pool's and a header's name are str")
        if not isinstance(timeout, (int, float)) or type(attempts_max) not in (int, type(None)):
            raise TypeError("timeout is a number of seconds, attempts_max an int")
        if not re.fullmatch("[A-Za-z0-9._-]{1,64}", pool) or not 0 < timeout <= TIMEOUT_MAX:
            raise ValueError("a pool's name is 1 to 64 of a-z A-Z 0-9 . _ -, a timeout is above 0 and at most a year")
        sizes = [(len(name.encode()), len(value)) for name, value in headers.items()]
        if len(sizes) > 64 or any(name > 255 for name, _ in sizes) or sum(map(sum, sizes)) > 16384:
            raise ValueError("at most 64 headers, names of at most 255 bytes, and 16 KiB in all")
        if attempts_max is not None and not 1 <= attempts_max < 1 << 32:
            raise ValueError("attempts_max is at least 1")
        if not self.sent and now_ms() - self.emptied_at > SILENCE_MAX_MS / 2:
            self.forget(hello_in_ms=0)  # no heartbeats went out meanwhile: the master may have forgotten us
        self.calls += 1
        timeout_ms = max(1, round(timeout * 1000))
        flags = (FLAG_ONCE if once else 0) | (FLAG_FROM_DISPATCH if from_dispatch else 0)
        self.unsent[self.calls] = types.SimpleNamespace(
            pool=pool, timeout_ms=timeout_ms, deadline_ms=now_ms() + timeout_ms, flags=flags,
            attempts_max=attempts_max, headers=headers, payload=payload)
        self.step(wait_ms=0)
        return self.calls

    def wait(self, call):
        """The reply to a submitted job, or JobError. Once for each call."""
        outcome = self.outcome(call)
        if isinstance(outcome, JobError):
            raise outcome
        return outcome

    def outcome(self, call):
        self.check_owner()
        while call not in self.outcomes:
            deadline_ms = (self.unsent.get(call) or self.sent[call]).deadline_ms + GRACE_MS
            if now_ms() < deadline_ms:
                self.step(wait_ms=max(0, min(deadline_ms, self.due_at) - now_ms()))
            elif self.unsent.pop(call, None):
                self.outcomes[call] = JobError(LOST, False, "master", "no master opened a session in time")
            else:
                del self.sent[call]
                self.outcomes[call] = JobError(TIMED_OUT, True, text="the master did not say so itself")
                self.send([ABANDON, self.session, [call]])
        return self.outcomes.pop(call)

    def step(self, wait_ms):
        self.tick()
        while self.session and self.unsent:
            call, job = next(iter(self.unsent.items()))
            left_ms = max(1, job.deadline_ms - now_ms())
            if job.flags & FLAG_FROM_DISPATCH:
                left_ms, job.deadline_ms = job.timeout_ms, sys.maxsize  # the master counts it
            entry = [call, job.pool, left_ms, job.flags, job.attempts_max, job.headers]
            if len(job.payload) > self.payload_max:
                self.outcomes[call] = JobError(REJECTED, False, "payload_too_large", detail=self.payload_max)
            elif self.send([EXECUTE, self.session, [entry]], job.payload):
                self.sent[call] = job
            else:
                break
            del self.unsent[call]
        self.poll([self.socket], wait_ms)
        self.read()
        if self.session and now_ms() - self.heard_at > SILENCE_MAX_MS:
            self.forget(hello_in_ms=0)

    def refused(self, code, text):
        self.outcomes.update((call, JobError(REJECTED, False, code, text)) for call in self.unsent)
        self.unsent.clear()

    def ended(self):
        error = JobError(LOST, True, "master", "the session ended before the job did")
        self.outcomes.update((call, error) for call in self.sent)
        self.sent.clear()

    def handle(self, kind, fields, payload):
        if kind == OUTCOMES:
            for entry, reply in zip(fields[1], payload):
                call, end, may_have_run, attempts, worker, _wait_us, _run_us, code, text, detail = entry[:10]
                error = JobError(ENDS[end], may_have_run, code, text, attempts, worker, detail)
                if self.sent.pop(call, None):
                    self.outcomes[call] = reply if ENDS[end] == DONE else error
        elif kind == REJECT and fields[0] == EXECUTE and self.sent.pop(fields[1], None):
            self.outcomes[fields[1]] = JobError(REJECTED, False, fields[2], fields[3])
        elif kind == REJECT:
            print(f"client.py: the master refused a message: {fields[2]}: {fields[3]}", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description="Executes a job for each payload and prints the replies.")
    parser.add_argument("endpoint")
    parser.add_argument("payload", nargs="*")
    parser.add_argument("--lines", action="store_true", help="a payload for each line of standard input, too")
    parser.add_argument("--pool", default="default")
    parser.add_argument("--timeout", type=float, default=5.0, metavar="SECONDS")
    parser.add_argument("--once", action="store_true", help="never dispatch a job a second time")
    parser.add_argument("--header", action="append", default=[], metavar="NAME=VALUE")
    options = parser.parse_intermixed_args()
    headers = {name: os.fsencode(value) for name, value in (header.split("=", 1) for header in options.header)}
    lines = (line.rstrip(b"\n") for line in (sys.stdin.buffer if options.lines else ()))
    payloads = itertools.chain(map(os.fsencode, options.payload), lines)
    client, errors = Client(options.endpoint), 0
    for outcome in client.execute_many(
            payloads, pool=options.pool, timeout=options.timeout, headers=headers, once=options.once):
        if isinstance(outcome, JobError):
            errors += 1
            print(f"client.py: {outcome}", file=sys.stderr)
        else:
            sys.stdout.buffer.write(outcome + b"\n")
    client.leave()
    zmq.Context.instance().destroy()  # waits a moment for the BYE to go out
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
