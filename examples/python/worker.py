#!/usr/bin/env python3
"""A Powerhose worker on nothing but pyzmq and msgpack; protocol/PROTOCOL.md says why each step is as it is.

While a handler runs, its only thread neither reads nor sends heartbeats: so it registers as not attentive.
It hears of no CANCEL then, either: a run that nobody waits for ends its process only when its own time is over, and a grace.
"""
import argparse, collections, faulthandler, os, signal, socket, sys, time, traceback, types, uuid
import zmq
from handlers import Failed, by_header
from peer import *

DONE, FAILED, RETURNED, EXPIRED, CANCELLED = range(5)
CODE_BYTES_MAX, TEXT_BYTES_MAX = 64, 16384


def cut(text, bytes_max):
    return text.encode(errors="replace")[:bytes_max].decode(errors="ignore")


class Overrun:
    """Ends the process at `at_ms`, and tells where the handler hangs: needs neither our thread nor the interpreter's lock.

    A child that a handler forks meanwhile must have none: at its end it would wait for a thread that it does not have.
    """

    def __init__(self):
        self.at_ms = None
        os.register_at_fork(before=faulthandler.cancel_dump_traceback_later, after_in_parent=self.arm)

    def begin(self, at_ms):
        self.at_ms = at_ms
        faulthandler.cancel_dump_traceback_later()
        self.arm()

    def arm(self):
        if self.at_ms is not None:
            faulthandler.dump_traceback_later(max(1, self.at_ms - now_ms()) / 1000, exit=True)


overrun = Overrun()


class Worker(Peer):
    """`handler` takes a job (id, attempt, pool, headers, payload, deadline_ms), returns the reply's bytes."""

    def __init__(self, endpoint, pools, handler, master_silence_s=30.0):
        super().__init__(endpoint, "worker")
        self.pools, self.handler, self.silence_max_ms = pools, handler, master_silence_s * 1000
        self.instance = uuid.uuid4().hex
        self.jobs = collections.deque()  # given to us and not begun
        self.stopping, self.leave_at = False, None
        self.graces_ms = {}  # by pool

    def run(self):
        """Runs jobs until SIGTERM or the master's BYE; exits with the reason if there is no place for us."""
        signalled, wakener = socket.socketpair()
        wakener.setblocking(False)
        signal.set_wakeup_fd(wakener.fileno())
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "stopping", True))
        while not self.stopping or not self.has_left():
            self.tick()
            wait_ms = 0 if self.jobs else max(0, min(self.due_at, self.leave_at or self.due_at) - now_ms())
            self.poll([self.socket] if self.stopping else [self.socket, signalled], wait_ms)
            self.read()
            if now_ms() - self.heard_at > self.silence_max_ms:
                sys.exit(f"worker.py: heard no master for {self.silence_max_ms / 1000:g} s, leaving")
            if self.jobs and not self.stopping:
                self.run_job(self.jobs.popleft())
        zmq.Context.instance().destroy()  # waits a moment for the BYE to go out

    def has_left(self):
        """While we are to stop: gives back what has not begun, says QUIET, then BYE when no more can come."""
        while self.session and self.jobs:
            self.answer(self.jobs.popleft(), RETURNED)
        if self.session and self.leave_at is None:
            self.leave_at = now_ms() + 5000  # a master that does not answer must not hold us
            self.send([QUIET, self.session])
        if self.session and now_ms() >= self.leave_at:
            self.leave()
        return self.session is None

    def welcomed(self):
        offers = [[pool, 1] for pool in self.pools]
        process = [os.getpid(), socket.gethostname(), self.instance]
        self.send([REGISTER, self.session, offers, *process, False, {}])

    def refused(self, code, text):
        sys.exit(f"worker.py: refused by the master: {code}: {text}")

    def ended(self):
        self.jobs.clear()  # the master gives them to others: what has not begun must not run here

    def handle(self, kind, fields, payload):
        if kind == REGISTERED:
            self.graces_ms = {pool: settings.get("overrun_grace_ms", 30000) for pool, settings in fields[2]}
        elif kind == JOBS:
            self.take(now_ms(), fields[1], fields[2], payload)
        elif kind in (CANCEL, RECALL):
            named = {tuple(entry[:2]) for entry in fields[1]}
            for job in [job for job in self.jobs if (job.id, job.attempt) in named]:
                self.jobs.remove(job)
                self.answer(job, CANCELLED if kind == CANCEL else RETURNED)
        elif kind == QUIETED and self.leave_at:
            self.leave_at = now_ms()
        elif kind == BYE:
            self.stopping = self.stopping or fields[1] in ("stop", "drain")
        elif kind == REJECT:
            print(f"worker.py: the master refused a message: {fields[2]}: {fields[3]}", file=sys.stderr)

    def take(self, now, sent_ms, entries, payload):
        self.offset_ms = min(self.offset_ms, now - sent_ms)
        held_up_ms = now - sent_ms - self.offset_ms
        if held_up_ms - (now - self.emptied_at) > self.silence_ms:
            return self.forget(hello_in_ms=0)  # from before an outage: others have these jobs by now
        for (job, attempt, pool, remaining_ms, _flags, headers, *_), body in zip(entries, payload):
            self.jobs.append(types.SimpleNamespace(id=job, attempt=attempt, pool=pool, headers=headers,
                                                   payload=body, deadline_ms=now + remaining_ms - held_up_ms))

    def run_job(self, job):
        if job.deadline_ms <= now_ms():
            return self.answer(job, EXPIRED)
        overrun.begin(job.deadline_ms + self.grace_ms(job))
        started, end, code, text = time.monotonic(), DONE, "", ""
        try:
            reply = self.handler(job)
            if not isinstance(reply, (bytes, bytearray, memoryview)):
                raise Failed("bad_reply", f"the handler returned {type(reply).__name__}, a reply is bytes")
            reply = bytes(reply)
            if len(reply) > self.payload_max:
                raise Failed("reply_too_large", f"{len(reply)} bytes, the master takes {self.payload_max}")
        except Failed as failed:
            code, text = (*map(str, failed.args), "", "")[:2]
            end, reply = FAILED, b""
        except BaseException as error:  # also sys.exit() in a handler fails its job, and does not end the worker
            if isinstance(error, KeyboardInterrupt) or os.getpid() != self.owner[0]:
                raise  # whoever sits at the keyboard ends us; and a child that the handler forked ends by itself
            traceback.print_exc()  # all of it is for this worker's log, not for the job's caller
            text = traceback.format_exception_only(type(error), error)[-1].strip()
            end, code, reply = FAILED, "panic", b""
        overrun.begin(None)
        self.heard_at = now_ms()  # silence counts only while somebody listens
        self.answer(job, end, int((time.monotonic() - started) * 1e6), code, text, reply)

    def grace_ms(self, job):
        """How long a handler may run after nobody waits for it any longer: what the job says, else its pool."""
        own = job.headers.get("powerhose-end-within-ms", b"")
        return int(own) if own.isdigit() else self.graces_ms.get(job.pool, 30000)

    def answer(self, job, end, run_us=0, code="", text="", reply=b""):
        code, text = cut(code, CODE_BYTES_MAX), cut(text, TEXT_BYTES_MAX)
        self.send([REPLIES, self.session, [[job.id, job.attempt, end, run_us, code, text, {}]]], reply)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A worker that does what a job's header `do` says.")
    parser.add_argument("endpoint", nargs="?", default=os.environ.get("POWERHOSE_ENDPOINT"))
    parser.add_argument("--pool", action="append", help="a pool to offer, again and again; or POWERHOSE_POOL=a,b")
    parser.add_argument("--master-silence", type=float, default=30.0, metavar="SECONDS")
    options = parser.parse_intermixed_args()
    Worker(options.endpoint or parser.error("name an endpoint, or set POWERHOSE_ENDPOINT"),
           options.pool or os.environ.get("POWERHOSE_POOL", "default").split(","),
           by_header, options.master_silence).run()
