"""What master, client and worker in this process have to say, as Python's logging has it: logger `powerhose`.

They take what the logger's effective level lets through at the time when a runner or a worker begins: warnings, unless the
program says otherwise.
"""

from __future__ import annotations

import atexit
import logging
import select
import threading

from . import _gevent, _powerhose
from ._forks import after_fork

_log = logging.getLogger("powerhose")
_begun = False
_lock = threading.Lock()


def begin() -> None:
    """Something that may have to say something begins."""
    global _begun
    descriptor = _powerhose.log_from(min(_log.getEffectiveLevel(), 255))
    with _lock:
        if _begun:
            return
        _begun = True
    if _gevent.is_patched():
        _gevent.watch(descriptor, drain)
    else:
        threading.Thread(target=_follow, args=(descriptor,), name="powerhose-log", daemon=True).start()


def _follow(descriptor: int) -> None:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    while True:
        poll.poll()
        drain()


def drain() -> None:
    """Logs what waits."""
    lines, dropped = _powerhose.take_log()
    for level, created, place, text in lines:
        if _log.isEnabledFor(level):
            record = _log.makeRecord(_log.name, level, place, 0, text, (), None)
            record.created, record.msecs = created, created % 1 * 1000
            _log.handle(record)
    if dropped:
        _log.warning("%d lines of the log were dropped: they came faster than they were taken", dropped)


def _renew() -> None:
    global _begun, _lock
    _begun, _lock = False, threading.Lock()
    _powerhose.forget_log()


atexit.register(drain)
after_fork(_renew)
