"""A worker: it runs the jobs of a master, one after the other, in this process."""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Callable, NamedTuple, Optional, TypeVar, Union

from . import _hard_limit, _powerhose
from . import _log as _logs
from ._errors import Failure, SoftLimitExceeded
from ._forks import after_fork
from ._powerhose import Job

F = TypeVar("F", bound=Callable[[Job], Any])
Pools = Union[str, Sequence[str]]
_log = logging.getLogger("powerhose.worker")


class Reply(NamedTuple):
    """A reply with headers. A handler that has none returns the bytes alone."""

    payload: Any
    headers: Mapping[str, Union[str, bytes]] = {}


class Handler(NamedTuple):
    """What `@handler` says of a function."""

    pools: tuple[str, ...]


def handler(*, pool: Pools = _powerhose.DEFAULT_POOL) -> Callable[[F], F]:
    """Says which pools a function serves. It stays the function that it is.

    >>> @handler(pool="hash")
    ... def digest(job):
    ...     return job.payload[::-1]
    >>> digest.powerhose_handler.pools
    ('hash',)
    """

    def mark(function: F) -> F:
        function.powerhose_handler = Handler(_names(pool))  # type: ignore[attr-defined]
        return function

    return mark


class Worker:
    """A worker. It registers when :meth:`run` is called: load keys, models and caches before.

    :param endpoint: where the master is. Default: `POWERHOSE_ENDPOINT`, which a supervisor sets.
    :param pool: the pools that it offers. Default: those of the handler, else `POWERHOSE_POOL`, else `default`.
    :param credit: how many jobs it takes at once. They wait in this process while one runs. Default: 64.
    :param labels: what an operator sees beside it.
    :param secret: shared with the master. Default: that of the file `POWERHOSE_SECRET_FILE`.
    :param curve_file: with its CURVE keys. Default: `POWERHOSE_CURVE_FILE`. See :class:`NoCurve`.
    :param silence_max: after how many seconds without a master it gives up. Default: 30.
    :param max_jobs: leaves after so many jobs, for a supervisor to start another.
    :param soft_limit: after how many seconds a handler is interrupted by :class:`SoftLimitExceeded`: its job fails, unless
        it handles that. Only where `run` is called on the main thread.
    :param hard_limit: after how many seconds the process ends, whatever it does, with the stacks of its threads on standard
        error. Its job is lost, or tried elsewhere.
    """

    def __init__(
        self,
        endpoint: Optional[str] = None,
        *,
        pool: Optional[Pools] = None,
        credit: Optional[int] = None,
        labels: Optional[Mapping[str, str]] = None,
        secret: Optional[bytes] = None,
        curve_file: Optional[str] = None,
        silence_max: Optional[float] = None,
        max_jobs: Optional[int] = None,
        soft_limit: Optional[float] = None,
        hard_limit: Optional[float] = None,
    ) -> None:
        for name, value in (("max_jobs", max_jobs), ("soft_limit", soft_limit), ("hard_limit", hard_limit)):
            if value is not None and not 0 < value < float("inf"):
                raise ValueError(f"{name} is above 0, not {value}")
        self._endpoint = endpoint
        self._pools = None if pool is None else _names(pool)
        self._credit = credit
        self._labels = dict(labels or {})
        self._secret = secret
        self._curve_file = curve_file
        self._silence_max = silence_max
        self._max_jobs = max_jobs
        self._soft_limit = soft_limit
        self._hard_limit = hard_limit
        self._core: Optional[_powerhose.Worker] = None
        self._stopped = False
        self._running = False
        self._pid = os.getpid()

    def run(self, handler: Callable[[Job], Any]) -> None:
        """Registers, and calls the handler with one job after the other, until the worker is told to leave.

        The handler returns bytes, or a :class:`Reply`. A :class:`Failure` that it raises fails the job with its code; any
        other exception, and `sys.exit`, with the code `panic`, and the traceback is logged. What is no bytes fails with the
        code `bad_reply`. The process lives on. Heartbeats go on while it computes.

        On the main thread SIGTERM and SIGINT let it finish its job, say goodbye and return; a second SIGINT interrupts.
        """
        on_main_thread = threading.current_thread() is threading.main_thread()
        if self._soft_limit is not None and not on_main_thread:
            raise ValueError("a soft_limit needs a worker that runs on the main thread")
        _logs.begin()
        core = self._core = self._open(handler)
        self._pid = os.getpid()
        # The watchdog asks this thread so where it hangs. It stays: the process may have other workers.
        faulthandler.register(signal.SIGURG, file=2, all_threads=False)
        try:
            if on_main_thread:
                core.watch_signals()
            if self._stopped:
                core.stop()
            with self._limits():
                self._serve(core, handler)
        finally:
            self._core = None
            # A child that the handler forked and that comes here ends: the worker is its parent's.
            if self._pid == os.getpid():
                core.leave()

    def stop(self) -> None:
        """Tells it to leave, from any thread: it finishes its job, and `run` returns."""
        self._stopped = True
        core = self._core
        if core is not None:
            core.stop()

    def _open(self, handler: Callable[[Job], Any]) -> _powerhose.Worker:
        marked: Optional[Handler] = getattr(handler, "powerhose_handler", None)
        pools = self._pools or (marked.pools if marked else _pools_of_environment())
        software = f"powerhose-python/{_powerhose.__version__}"
        offered = [(pool, self._credit) for pool in pools]
        labels = list(self._labels.items())
        settings = {
            "secret": self._secret,
            "secret_file": None if self._secret else os.environ.get(_powerhose.SECRET_FILE_VARIABLE),
            "curve_file": self._curve_file or os.environ.get(_powerhose.CURVE_FILE_VARIABLE),
            "silence_max": self._silence_max,
        }
        told = {name: value for name, value in settings.items() if value is not None}
        return _powerhose.Worker(self._endpoint, offered, labels, software, told)

    def _serve(self, core: _powerhose.Worker, handler: Callable[[Job], Any]) -> None:
        answered = 0
        while True:
            job = core.next_job()
            if job is None:
                return
            self._answer(job, handler)
            answered += 1
            if answered == self._max_jobs:
                core.stop()

    def _answer(self, job: Job, handler: Callable[[Job], Any]) -> None:
        try:
            reply = self._call(job, handler)
        except Failure as failure:
            if self._pid != os.getpid():
                raise
            _fail(job, getattr(failure, "code", "error"), getattr(failure, "text", str(failure)))
            return
        except KeyboardInterrupt:
            _fail(job, "interrupted", "the worker was interrupted")
            raise
        except BaseException as error:
            if self._pid != os.getpid():
                raise
            # All of it is for this worker's log, not for the job's caller.
            _log.exception("the handler raised an error")
            text = traceback.format_exception_only(type(error), error)[-1].strip()
            _fail(job, "panic", text)
            return
        if self._pid != os.getpid():
            raise SystemExit(0)
        payload, headers = reply if isinstance(reply, Reply) else (reply, None)
        try:
            job._finish(payload, headers and dict(headers))
        except Exception as error:
            _fail(job, "bad_reply", str(error))

    def _call(self, job: Job, handler: Callable[[Job], Any]) -> Any:
        if self._soft_limit is None and self._hard_limit is None:
            return handler(job)
        if self._hard_limit is not None:
            _hard_limit.begin(self._hard_limit)
        try:
            return self._call_softly(job, handler)
        finally:
            if self._hard_limit is not None:
                _hard_limit.end()

    def _call_softly(self, job: Job, handler: Callable[[Job], Any]) -> Any:
        if self._soft_limit is None:
            return handler(job)
        self._running = True
        signal.setitimer(signal.ITIMER_REAL, self._soft_limit)
        try:
            return handler(job)
        finally:
            # From here on an alarm that is under way interrupts nothing.
            self._running = False
            signal.setitimer(signal.ITIMER_REAL, 0)

    @contextmanager
    def _limits(self) -> Generator[None, None, None]:
        if self._soft_limit is None:
            yield
            return

        def alarm(*_: object) -> None:
            if self._running:
                self._running = False
                raise SoftLimitExceeded(f"the job ran longer than {self._soft_limit:g} s")

        before = signal.signal(signal.SIGALRM, alarm)
        try:
            yield
        finally:
            signal.signal(signal.SIGALRM, before)


def _fail(job: Job, code: object, text: object) -> None:
    """Whatever a handler says of its failure can be sent: also what is no text, or no Unicode."""
    clean = [str(part).encode(errors="backslashreplace").decode() for part in (code, text)]
    job._fail(*clean)


def _pools_of_environment() -> tuple[str, ...]:
    return tuple(filter(None, os.environ.get(_powerhose.POOL_VARIABLE, "").split(",")))


def _names(pools: Pools) -> tuple[str, ...]:
    return (pools,) if isinstance(pools, str) else tuple(pools)


def load(target: str) -> Callable[[Job], Any]:
    """The handler that `module:name` or `path/to/file.py:name` names.

    >>> load("operator:length_hint").__name__
    'length_hint'
    >>> load("operator")
    Traceback (most recent call last):
    ...
    ValueError: `operator` names no handler: module:name, or file.py:name
    """
    place, _, name = target.rpartition(":")
    if not place or not name:
        raise ValueError(f"`{target}` names no handler: module:name, or file.py:name")
    found: Any = _module(place)
    for part in name.split("."):
        found = getattr(found, part)
    if not callable(found):
        raise ValueError(f"`{target}` is no handler: it cannot be called")
    return found  # type: ignore[no-any-return]


def _module(place: str) -> Any:
    import importlib
    import importlib.util

    if not place.endswith(".py"):
        return importlib.import_module(place)
    spec = importlib.util.spec_from_file_location("powerhose_handler", place)
    if spec is None or spec.loader is None:
        raise ImportError(f"{place} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    loader: Any = spec.loader
    loader.exec_module(module)
    return module


after_fork(_powerhose.restore_signals)
