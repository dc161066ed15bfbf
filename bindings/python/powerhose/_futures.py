"""Futures of jobs, as :mod:`concurrent.futures` has them. One thread settles those of all runners."""

from __future__ import annotations

import logging
import select
import threading
from concurrent.futures import Future
from typing import Any, Callable, Optional, TypeVar

from . import _gevent
from ._forks import after_fork
from ._options import Options
from ._powerhose import Completions, Runner, Ticket

T = TypeVar("T")
_log = logging.getLogger("powerhose")


class JobFuture(Future[T]):
    """A :class:`concurrent.futures.Future` whose `cancel` cancels the job, also one that runs."""

    ticket: Optional[Ticket] = None
    decode: Optional[Callable[[Any], T]] = None

    def cancel(self) -> bool:
        """Takes the job back, unless it has ended. A handler that does not look runs on, for nobody."""
        if not super().cancel():
            return False
        if self.ticket is not None:
            self.ticket.cancel()
        return True

    def settle(self, reply: Any, error: Optional[BaseException]) -> None:
        """The job has ended."""
        if not self.set_running_or_notify_cancel():
            return
        if reply is None:
            self.set_exception(error)
            return
        try:
            result: Any = reply if self.decode is None else self.decode(reply)
        except BaseException as problem:
            self.set_exception(problem)
        else:
            self.set_result(result)


def submit(core: Runner, future: JobFuture[T], payload: object, options: Options) -> JobFuture[T]:
    """Submits a job whose end settles this future."""
    if _gevent.is_patched():
        future.ticket = _gevent.submit(core, future, payload, options)
    else:
        future.ticket = _of_this_process().submit(core, future, payload, options)
    return future


def settle_one(future: JobFuture[Any], reply: Any, error: Optional[BaseException]) -> None:
    """The job of this future has ended. A callback that raises costs no other future its end."""
    try:
        future.settle(reply, error)
    except BaseException:
        _log.exception("a callback of a job's future raised an error")


_completions: Optional[Completions] = None
_lock = threading.Lock()


def _of_this_process() -> Completions:
    global _completions
    if _completions is None:
        with _lock:
            if _completions is None:
                completions = Completions()
                threading.Thread(target=_settle, args=(completions,), name="powerhose-futures", daemon=True).start()
                _completions = completions
    return _completions


def _settle(completions: Completions) -> None:
    poll = select.poll()
    poll.register(completions.fileno(), select.POLLIN)
    while True:
        poll.poll()
        for future, reply, error in completions.drain():
            settle_one(future, reply, error)


def _renew() -> None:
    global _completions, _lock
    _completions, _lock = None, threading.Lock()


after_fork(_renew)
