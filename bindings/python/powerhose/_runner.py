"""The runner of jobs: what a web service holds, wherever the master is."""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from . import _endpoint, _gevent, _log
from ._errors import ConnectError, JobRejected, PowerhoseError
from ._forks import after_fork
from ._jobs import Jobs
from ._powerhose import CURVE_FILE_VARIABLE, SECRET_FILE_VARIABLE, JobReply, Runner

_CONNECT_TIMEOUT = 5.0
_runners: weakref.WeakSet[JobRunner] = weakref.WeakSet()


class JobRunner(Jobs[bytes]):
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
        curve_file: Optional[str] = None,
        timeout: Optional[float] = None,
        connect_timeout: float = _CONNECT_TIMEOUT,
        silence_max: Optional[float] = None,
        caller_spin: Optional[float] = None,
    ) -> JobRunner:
        """A client of a master in another process: of that at `endpoint`, else at `POWERHOSE_ENDPOINT`, else the user's.

        Connects at the first job, so it may stand at the top of a module: no thread starts before, and a server that
        loads its application and then forks has none to lose. All times are in seconds.

        `secret_file` (`POWERHOSE_SECRET_FILE`) has the secret that is shared with the master, `curve_file`
        (`POWERHOSE_CURVE_FILE`) the keys of CURVE, where this build of the package has that: see :class:`NoCurve`.

        >>> runner = JobRunner.connect("ipc:///run/my-service/master.ipc", timeout=2.0)
        >>> runner.endpoints
        ['ipc:///run/my-service/master.ipc']
        """
        if not secret and secret_file is None:
            secret_file = os.environ.get(SECRET_FILE_VARIABLE)
        settings = {
            "secret": secret,
            "secret_file": None if secret else secret_file,
            "curve_file": curve_file or os.environ.get(CURVE_FILE_VARIABLE),
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
        curve_file: Optional[str] = None,
        caller_spin: Optional[float] = None,
    ) -> JobRunner:
        """Starts a master in this process, which listens at these endpoints, at once.

        `curve_file` has the keys with which its `tcp://` endpoints are encrypted. A forked child is a client of it. Jobs for one of `pools` wait for a worker even if none has ever come.

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
            "curve_file": curve_file,
            "caller_spin": caller_spin,
        }
        _log.begin()
        core = Runner.bind(list(endpoints) or [_endpoint.find(None)], _told(settings))
        client = {"timeout": timeout, "secret": client_secrets[0] if client_secrets else None}
        return cls(core.endpoints(), _told(client), core)

    @property
    def endpoints(self) -> list[str]:
        """Where the master listens; a port that the system chose is filled in."""
        return list(self._endpoints)

    @property
    def detailed(self) -> Jobs[JobReply]:
        """The same calls, whose replies are :class:`JobReply` instead of `bytes`: with the headers that the handler set, the
        worker, how long it took, and the bytes as a view that nobody copied.

        >>> reply = runner.detailed.execute(b"payload")     # doctest: +SKIP
        >>> reply.headers, reply.worker, reply.run_time     # doctest: +SKIP
        ({'kind': b'png'}, 1, 0.0021)
        """
        return _Detailed(self)

    def workers(self) -> list[dict[str, Any]]:
        """The workers that are registered now: `id`, `pid`, `host`, `state`, `pools`, `done`, `failed` and more of each."""
        core = self.begun()
        return _gevent.in_thread(core.workers)

    def wait_for_workers(self, wanted: int, within: float = 10.0) -> None:
        """Blocks until so many workers are registered; raises :class:`WorkersMissing` if they are not within this time."""
        core = self.begun()
        _gevent.in_thread(lambda: core.wait_for_workers(wanted, within))

    def close(self, drain_timeout: float = 0.0) -> int:
        """Takes no further jobs, lets those it has finish for up to so many seconds, and ends. Gives how many were lost."""
        self._closed = True
        core = self.core
        if core is None:
            return 0
        return _gevent.in_thread(lambda: core.close(drain_timeout))

    def __enter__(self) -> JobRunner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<JobRunner {', '.join(self._endpoints)}>"

    @property
    def core(self) -> Optional[Runner]:
        core = self._core
        return core if core is not None and core.pid == os.getpid() else None

    def begun(self, within: Optional[float] = None) -> Runner:
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
        _log.begin()
        settings = {**self._settings, "connect_timeout": patience if within is None else min(patience, within)}
        try:
            return Runner.connect(self._endpoints[0], settings)
        except ConnectError as error:
            error.is_retryable, error.http_status = True, 502
            raise

    def _renew(self) -> None:
        """In a forked child: another thread of the parent may have held the lock."""
        self._lock = threading.Lock()


class _Detailed(Jobs[JobReply]):
    """The calls of a runner, with all that is known of each reply."""

    _detailed = True

    def __init__(self, runner: JobRunner) -> None:
        self._runner = runner

    @property
    def core(self) -> Optional[Runner]:
        return self._runner.core

    def begun(self, within: Optional[float] = None) -> Runner:
        return self._runner.begun(within)


def _told(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}


def _renew_all() -> None:
    for runner in list(_runners):
        runner._renew()


@atexit.register
def _close_all() -> None:
    """A master's socket does not outlive its process."""
    for runner in list(_runners):
        core, runner._closed = runner.core, True
        # Here: a hub of gevent may have ended before.
        try:
            if core is not None:
                core.close(0.0)
        except PowerhoseError:
            pass


after_fork(_renew_all)
