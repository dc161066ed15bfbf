"""The runner of jobs: what a web service holds, wherever the master is."""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections.abc import AsyncIterable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, Optional, Union

from . import _asynchronous, _endpoint, _futures, _gevent
from ._errors import ConnectError, JobRejected, PowerhoseError
from ._forks import after_fork
from ._options import Headers
from ._powerhose import SECRET_FILE_VARIABLE, Many, Runner

_CONNECT_TIMEOUT = 5.0
_runners: weakref.WeakSet[JobRunner] = weakref.WeakSet()


class JobRunner:
    """Runs jobs on worker processes. Any number of threads, greenlets and tasks may use one at once.

    Made by :meth:`connect` or :meth:`bind`. In a forked child it connects anew by itself.
    """

    def __init__(self, endpoints: Sequence[str], settings: Mapping[str, Any], core: Optional[Runner] = None) -> None:
        self._endpoints = list(endpoints)
        self._settings = dict(settings)
        self._core = core
        self._lock = threading.Lock()
        self._closed = False
        _runners.add(self)

    @classmethod
    def connect(
        cls,
        endpoint: Optional[str] = None,
        *,
        secret: Optional[bytes] = None,
        secret_file: Optional[str] = None,
        timeout: Optional[float] = None,
        connect_timeout: float = _CONNECT_TIMEOUT,
        silence_max: Optional[float] = None,
        caller_spin: Optional[float] = None,
    ) -> JobRunner:
        """A client of a master in another process: of that at `endpoint`, else at `POWERHOSE_ENDPOINT`, else the user's.

        Connects at the first job, so it may stand at the top of a module: no thread starts before, and a server that
        loads its application and then forks has none to lose. All times are in seconds.

        >>> runner = JobRunner.connect("ipc:///run/my-service/master.ipc", timeout=2.0)
        >>> runner.endpoints
        ['ipc:///run/my-service/master.ipc']
        """
        if not secret and secret_file is None:
            secret_file = os.environ.get(SECRET_FILE_VARIABLE)
        settings = {
            "secret": secret,
            "secret_file": None if secret else secret_file,
            "timeout": timeout,
            "connect_timeout": connect_timeout,
            "silence_max": silence_max,
            "caller_spin": caller_spin,
        }
        return cls([_endpoint.find(endpoint)], _told(settings))

    @classmethod
    def bind(
        cls,
        *endpoints: str,
        timeout: Optional[float] = None,
        payload_bytes_max: Optional[int] = None,
        queue_jobs_max: Optional[int] = None,
        pools: Sequence[str] = (),
        worker_secrets: Sequence[bytes] = (),
        client_secrets: Sequence[bytes] = (),
        caller_spin: Optional[float] = None,
    ) -> JobRunner:
        """Starts a master in this process, which listens at these endpoints, at once.

        A forked child is a client of it. Jobs for one of `pools` wait for a worker even if none has ever come.

        >>> import os, tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> runner = JobRunner.bind("ipc://" + os.path.join(folder.name, "master.ipc"))
        >>> runner.workers()
        []
        >>> runner.close()
        0
        >>> folder.cleanup()
        """
        settings = {
            "timeout": timeout,
            "payload_bytes_max": payload_bytes_max,
            "queue_jobs_max": queue_jobs_max,
            "pools": list(pools) or None,
            "worker_secrets": list(worker_secrets) or None,
            "client_secrets": list(client_secrets) or None,
            "caller_spin": caller_spin,
        }
        core = Runner.bind(list(endpoints) or [_endpoint.find(None)], _told(settings))
        client = {"timeout": timeout, "secret": client_secrets[0] if client_secrets else None}
        return cls(core.endpoints(), _told(client), core)

    @property
    def endpoints(self) -> list[str]:
        """Where the master listens; a port that the system chose is filled in."""
        return list(self._endpoints)

    def execute(
        self,
        payload: object,
        *,
        pool: Optional[str] = None,
        timeout: Optional[float] = None,
        run_timeout: Optional[float] = None,
        headers: Optional[Headers] = None,
        once: bool = False,
        attempts_max: Optional[int] = None,
        end_within: Optional[float] = None,
    ) -> bytes:
        """Runs a job and blocks until its reply is there. Other threads run meanwhile; in a process that gevent has
        patched, other greenlets do. Ctrl-C cancels the job.

        :param payload: anything with the buffer protocol. A `str` is a TypeError.
        :param pool: which workers can run it. Default: `default`.
        :param timeout: how many seconds the caller waits. Default: the runner's, 5 s.
        :param run_timeout: instead of `timeout`: how long a worker may take. Waiting for a worker does not count.
        :param headers: for the worker.
        :param once: never dispatches it a second time: if its worker dies, it ends as lost.
        :param attempts_max: how many workers may die with it. Default: the master's, 3.
        :param end_within: ends the worker's process if the job still runs so long after nobody waits for it any longer.
        :raises JobError: there is no reply; its subclass says why.
        """
        options = (pool, timeout, run_timeout, headers and dict(headers), once, attempts_max, end_within)
        if _gevent.is_patched():
            return _gevent.execute(self.begun(timeout), payload, options)
        return (self.core or self.begun(timeout)).execute(payload, options)

    def submit(
        self,
        payload: object,
        *,
        pool: Optional[str] = None,
        timeout: Optional[float] = None,
        run_timeout: Optional[float] = None,
        headers: Optional[Headers] = None,
        once: bool = False,
        attempts_max: Optional[int] = None,
        end_within: Optional[float] = None,
    ) -> _futures.JobFuture[bytes]:
        """Hands a job over and returns at once with a :class:`concurrent.futures.Future` of its reply.

        Its `cancel` cancels the job, also one that runs. Parameters as of :meth:`execute`.
        """
        options = (pool, timeout, run_timeout, headers and dict(headers), once, attempts_max, end_within)
        future: _futures.JobFuture[bytes] = _futures.JobFuture()
        return _futures.submit(self.begun(timeout), future, payload, options)

    def aexecute(
        self,
        payload: object,
        *,
        pool: Optional[str] = None,
        timeout: Optional[float] = None,
        run_timeout: Optional[float] = None,
        headers: Optional[Headers] = None,
        once: bool = False,
        attempts_max: Optional[int] = None,
        end_within: Optional[float] = None,
    ) -> Coroutine[Any, Any, bytes]:
        """What :meth:`execute` is, for a task of asyncio (also under uvloop) or trio. A task that is cancelled cancels its
        job."""
        options = (pool, timeout, run_timeout, headers and dict(headers), once, attempts_max, end_within)
        # No coroutine around another: ten thousand that wait hold one each.
        return _asynchronous.execute(self, payload, options)

    def map(
        self,
        payloads: Iterable[object],
        *,
        pool: Optional[str] = None,
        timeout: Optional[float] = None,
        run_timeout: Optional[float] = None,
        headers: Optional[Headers] = None,
        once: bool = False,
        attempts_max: Optional[int] = None,
        end_within: Optional[float] = None,
        window: Optional[int] = None,
    ) -> Union[Many, _gevent.Replies]:
        """Runs many jobs, and gives their replies in the order of the payloads, which are taken one by one as there is room.

        A few jobs are under way for each worker; at most `window` (4,096) are under way or wait for their turn. Without a
        `timeout`, the time of each counts from when a worker is given it. A job without a reply raises its error when it is
        its turn; those after it can still be taken. Closing the iterator, or dropping it, cancels what is under way.
        """
        options = (pool, timeout, run_timeout, headers and dict(headers), once, attempts_max, end_within)
        if _gevent.is_patched():
            return _gevent.Replies(self.begun(timeout), payloads, options, window)
        return Many(self.begun(timeout), payloads, options, window)

    def amap(
        self,
        payloads: Union[Iterable[object], AsyncIterable[object]],
        *,
        pool: Optional[str] = None,
        timeout: Optional[float] = None,
        run_timeout: Optional[float] = None,
        headers: Optional[Headers] = None,
        once: bool = False,
        attempts_max: Optional[int] = None,
        end_within: Optional[float] = None,
        window: Optional[int] = None,
    ) -> _asynchronous.Replies:
        """What :meth:`map` is, for a task: `async for reply in runner.amap(payloads)`. At most `window` (64) jobs are under
        way, and so many payloads are taken before the first reply is given. Its `aclose` is what `close` is there."""
        options = (pool, timeout, run_timeout, headers and dict(headers), once, attempts_max, end_within)
        return _asynchronous.Replies(self, payloads, options, window)

    def workers(self) -> list[dict[str, Any]]:
        """The workers that are registered now: `id`, `pid`, `host`, `state`, `pools`, `done`, `failed` and more of each."""
        return self.begun().workers()

    def wait_for_workers(self, wanted: int, within: float = 10.0) -> None:
        """Blocks until so many workers are registered; raises :class:`WorkersMissing` if they are not within this time."""
        self.begun().wait_for_workers(wanted, within)

    def close(self, drain_timeout: float = 0.0) -> int:
        """Takes no further jobs, lets those it has finish for up to so many seconds, and ends. Gives how many were lost."""
        self._closed = True
        core = self.core
        if core is None:
            return 0
        return core.close(drain_timeout)

    def __enter__(self) -> JobRunner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<JobRunner {', '.join(self._endpoints)}>"

    @property
    def core(self) -> Optional[Runner]:
        """What runs the jobs of this process, if it has begun."""
        core = self._core
        return core if core is not None and core.pid == os.getpid() else None

    def begun(self, within: Optional[float] = None) -> Runner:
        """What runs the jobs of this process. The first call connects, for at most so many seconds."""
        core = self.core
        if core is not None:
            return core
        with _gevent.lock_of(self) if _gevent.is_patched() else self._lock:
            core = self.core
            if core is not None:
                return core
            if self._closed:
                raise JobRejected("job was rejected: the runner is closed", code="closed", http_status=503)
            self._core = core = _gevent.in_thread(lambda: self._connect(within))
            return core

    def _connect(self, within: Optional[float]) -> Runner:
        patience = self._settings.get("connect_timeout", _CONNECT_TIMEOUT)
        settings = {**self._settings, "connect_timeout": patience if within is None else min(patience, within)}
        try:
            return Runner.connect(self._endpoints[0], settings)
        except ConnectError as error:
            error.is_retryable, error.http_status = True, 502
            raise

    def _renew(self) -> None:
        """In a forked child: another thread of the parent may have held the lock."""
        self._lock = threading.Lock()


def _told(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}


def _renew_all() -> None:
    for runner in list(_runners):
        runner._renew()


@atexit.register
def _close_all() -> None:
    """A master's socket does not outlive its process."""
    for runner in list(_runners):
        try:
            runner.close()
        except PowerhoseError:
            pass


after_fork(_renew_all)
