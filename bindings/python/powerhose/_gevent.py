"""Waiting in a process that gevent has patched: by the hub's own watcher, so that other greenlets run.

Nothing here imports gevent before the program has.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Any, Callable, Optional, TypeVar

from ._options import Options
from ._powerhose import Completions, Runner, Ticket
from ._replies import Window

T = TypeVar("T")
_patched = False


def is_patched() -> bool:
    """Whether gevent has patched what blocks. Once it has, it stays so."""
    global _patched
    if not _patched:
        monkey = sys.modules.get("gevent.monkey")
        _patched = monkey is not None and bool(monkey.is_module_patched("socket"))
    return _patched


def in_thread(function: Callable[[], T]) -> T:
    """Calls what blocks: on a native thread if the hub must go on meanwhile."""
    if not is_patched():
        return function()
    import gevent

    result: list[T] = []
    error: Optional[BaseException] = gevent.get_hub().threadpool.apply(_end, (function, result))
    if error is not None:
        raise error
    return result[0]


def _end(function: Callable[[], T], result: list[T]) -> Optional[BaseException]:
    """An error that its caller gets: gevent would print one that is raised here."""
    try:
        result.append(function())
        return None
    except BaseException as error:
        return error


def lock_of(owner: object) -> Any:
    """A lock that blocks a greenlet only. One that was made before gevent patched would block the hub."""
    from gevent.lock import BoundedSemaphore

    return owner.__dict__.setdefault("green_lock", BoundedSemaphore(1))


def execute(core: Runner, payload: object, options: Options) -> Any:
    """Runs a job; only this greenlet waits."""
    return _submit(core, payload, options).wait()


class Replies:
    """Replies in the order of the payloads, for greenlets."""

    def __init__(self, core: Runner, payloads: Iterable[object], options: Options, window: Optional[int]) -> None:
        self._window: Window[_Waiter] = Window(window)
        self._payloads = iter(payloads)
        self._submit: Callable[[object], _Waiter] = lambda payload: _submit(core, payload, options)

    def __iter__(self) -> Replies:
        return self

    def __next__(self) -> Any:
        while self._window.has_room():
            try:
                self._window.add(self._submit(next(self._payloads)))
            except StopIteration:
                self._window.end()
            except Exception as problem:
                self._window.end(problem)
        job = self._window.next()
        if job is None:
            raise StopIteration
        return job.wait()

    def close(self) -> None:
        """Cancels what is under way. There are no further replies."""
        self._window.close()


class _Waiter:
    """A greenlet that waits for a job."""

    def __init__(self) -> None:
        from gevent.event import AsyncResult

        self.result: Any = AsyncResult()
        self.ticket: Optional[Ticket] = None

    def settle(self, reply: Any, error: Optional[BaseException]) -> None:
        if error is None:
            self.result.set(reply)
        else:
            self.result.set_exception(error)

    def wait(self) -> Any:
        try:
            return self.result.get()
        finally:
            if not self.result.ready():
                self.cancel()

    def cancel(self) -> None:
        if self.ticket is not None:
            self.ticket.cancel()


def _submit(core: Runner, payload: object, options: Options) -> _Waiter:
    waiter = _Waiter()
    waiter.ticket = _station().submit(core, waiter, payload, options)
    return waiter


class _Station:
    """The completions of one hub, and the watcher that tells it of them while any job is under way."""

    def __init__(self, hub: Any) -> None:
        self.pid = os.getpid()
        self.completions = Completions()
        self.watcher = hub.loop.io(self.completions.fileno(), 1)
        self.watches = False

    def submit(self, core: Runner, waiter: object, payload: object, options: Options) -> Ticket:
        ticket = self.completions.submit(core, waiter, payload, options)
        # It stays started while a job is under way: a hub that waits for nothing gives up.
        if not self.watches:
            self.watches = True
            self.watcher.start(self.drain)
        return ticket

    def drain(self) -> None:
        from . import _futures

        for waiter, reply, error in self.completions.drain():
            if isinstance(waiter, _Waiter):
                waiter.settle(reply, error)
            else:
                _spawn(_futures.settle_one, waiter, reply, error)
        if not len(self.completions):
            self.watches = False
            self.watcher.stop()


def watch(descriptor: int, function: Callable[[], None]) -> None:
    """Calls this in a greenlet when the descriptor is readable. A hub that waits for nothing else may end."""
    import gevent

    hub: Any = gevent.get_hub()
    hub.powerhose_log = hub.loop.io(descriptor, 1, ref=False)
    hub.powerhose_log.start(gevent.spawn, function)


def _spawn(function: Callable[..., None], *arguments: object) -> None:
    """The callbacks of a future may block: not on the hub."""
    import gevent

    gevent.spawn(function, *arguments)


def _station() -> _Station:
    import gevent

    hub: Any = gevent.get_hub()
    station: Optional[_Station] = getattr(hub, "powerhose_station", None)
    if station is None or station.pid != os.getpid():
        station = hub.powerhose_station = _Station(hub)
    return station


def submit(core: Runner, waiter: object, payload: object, options: Options) -> Ticket:
    """Submits a job whose end settles this future, in a greenlet of its own."""
    return _station().submit(core, waiter, payload, options)
