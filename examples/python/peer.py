"""What the worker and the client share: the socket as it has to be, HELLO, heartbeats, the end of a session.

protocol/PROTOCOL.md says why each step is as it is.
"""
import os, sys, threading, time
import msgpack, zmq

HELLO, CHALLENGE, WELCOME, HEARTBEAT, UNKNOWN, BYE, REJECT = 1, 2, 4, 5, 6, 7, 8
REGISTER, REGISTERED, JOBS, REPLIES, CANCEL, RECALL, QUIET, QUIETED = 10, 11, 12, 13, 14, 15, 16, 17
EXECUTE, OUTCOMES, ABANDON = 20, 21, 22


def now_ms():
    """Milliseconds of a clock that nobody sets."""
    return int(time.monotonic() * 1000)


class Peer:
    """One peer of a master. A subclass defines `refused`, `ended` and `handle`."""

    def __init__(self, endpoint, role):
        self.role, self.session = role, None
        self.owner = os.getpid(), threading.get_ident()
        self.due_at = now_ms()  # when the next HELLO, or in a session the next HEARTBEAT, goes out
        self.heard_at = self.emptied_at = now_ms()  # the last message; the last time that no more was there
        self.socket = zmq.Context.instance().socket(zmq.DEALER)  # its identity stays unset
        self.socket.setsockopt(zmq.IMMEDIATE, 1)  # nothing waits out an outage in a buffer and runs stale
        self.socket.setsockopt(zmq.SNDHWM, 0)  # so a send fails for one cause only: there is no connection
        self.socket.setsockopt(zmq.LINGER, 1000)
        self.socket.setsockopt(zmq.RECONNECT_IVL, 100)
        self.socket.connect(endpoint)

    def check_owner(self):
        """A connection belongs to the thread that made it; a copy of it after a fork belongs to nobody."""
        if self.owner != (os.getpid(), threading.get_ident()):
            raise RuntimeError(f"this {self.role} belongs to another thread, or to the process before a fork: make one here")

    def welcomed(self):
        """A session began."""

    def send(self, header, *payload):
        """Whether there was a connection to send it over. If not, the session is over."""
        try:
            self.socket.send_multipart([msgpack.packb(header), *payload], zmq.DONTWAIT)
            return True
        except zmq.Again:
            self.forget(hello_in_ms=50)
            return False

    def forget(self, hello_in_ms):
        had_session, self.session, self.due_at = self.session, None, now_ms() + hello_in_ms
        if had_session:
            self.ended()

    def leave(self):
        self.check_owner()
        if self.session and self.send([BYE, self.session, "leaving", ""]):
            self.forget(hello_in_ms=1000)

    def tick(self):
        """Sends the HEARTBEAT or the HELLO that is due."""
        if now_ms() >= self.due_at and self.session:
            self.due_at, self.sequence = now_ms() + self.heartbeat_ms, self.sequence + 1
            self.send([HEARTBEAT, self.session, self.sequence, self.acknowledged, now_ms()])
        elif now_ms() >= self.due_at:
            self.due_at = now_ms() + 1000
            self.send([HELLO, "powerhose", 1, 1, self.role, "powerhose examples/python", None])

    def poll(self, sockets, wait_ms):
        """Waits for a message, a second at most. If that takes longer than asked, we were paused ourselves: no silence."""
        asked_ms = max(0, min(wait_ms, 1000))
        began = now_ms()
        zmq.select(sockets, [], [], asked_ms / 1000)
        late_ms = now_ms() - began - asked_ms
        self.heard_at = now_ms() if late_ms > 1000 else min(now_ms(), self.heard_at + max(0, late_ms))

    def read(self):
        """Takes in every message that is there."""
        while self.socket.poll(0):
            header, *payload = self.socket.recv_multipart()
            kind, *fields = msgpack.unpackb(header)
            self.heard_at = now_ms()
            self.take_in(kind, fields, payload)
        self.emptied_at = now_ms()

    def take_in(self, kind, fields, payload):
        if kind == WELCOME:  # a second one replaces the session of the first
            self.forget(hello_in_ms=0)
            self.session, limits, intervals = fields[2], fields[5], fields[6]
            self.payload_max, self.silence_ms = limits["payload_bytes_max"], intervals["silence_ms"]
            self.heartbeat_ms, self.sequence, self.acknowledged = intervals["heartbeat_ms"], 0, 0
            self.due_at = now_ms() + self.heartbeat_ms
            self.offset_ms = now_ms() - fields[8]  # from the master's clock to ours, if nothing was held up
            self.welcomed()
        elif kind == CHALLENGE:
            self.refused("proof", "the master asks for the proof of a shared key")
        elif kind == REJECT and (fields[0] in (HELLO, REGISTER) or fields[0] == 0 and not self.session):
            if fields[4] is None:  # trying again cannot help
                self.refused(fields[2], fields[3])
            else:
                self.forget(hello_in_ms=fields[4])
        elif kind == UNKNOWN and self.session:
            self.forget(hello_in_ms=0)
        elif kind == REJECT:
            self.handle(kind, fields, payload)
        elif kind == UNKNOWN or fields[0] != self.session:
            pass  # of a session that is over
        elif kind == HEARTBEAT:
            self.acknowledged, self.offset_ms = fields[1], min(self.offset_ms, now_ms() - fields[3])
        elif kind == BYE:
            self.forget(hello_in_ms=1000)
            self.handle(kind, fields, payload)
        else:
            self.handle(kind, fields, payload)
