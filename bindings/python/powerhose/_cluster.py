"""A master in this process and worker processes around a handler, with one call."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Optional, Union

from . import _gevent, _log, _powerhose
from ._errors import ClusterError
from ._runner import JobRunner
from ._worker import Handler, Pools

is_loading_main = False
"""Whether a worker is importing the program that its executor runs in."""


class Cluster:
    """A master in this process, and workers that run a handler, each in a process of its own. They are started again when
    they die, and end with this process, also when it is killed.

    It starts when it is entered, or by :meth:`start`. Its `runner` runs jobs; so do its own methods of the same names.

    >>> with Cluster("operator:attrgetter('payload')", workers=1) as cluster:  # doctest: +SKIP
    ...     cluster.execute(b"hello")

    :param handler: `module:name` or `file.py:name`, or the function itself, if the workers can import it by its name. Or a
        list: the command of a worker program in any language, which has `pool` and the like in its own arguments.
    :param workers: how many. Default: one for each core.
    :param pool: the pools that they offer. Default: those of the handler, else `default`.
    :param endpoint: where the master listens. Default: a socket in a private folder that is removed at the end.
    :param worker_start: how many seconds a worker may take to register. Default: 10.
    :param environment: of the workers, beside that of this process.
    :param python: the interpreter of the workers. Default: this one.
    :param max_jobs, soft_limit, hard_limit: see :class:`Worker`.
    :param settings: those of :meth:`JobRunner.bind`.
    """

    def __init__(
        self,
        handler: Union[str, Callable[..., Any], list[str]],
        *,
        workers: Optional[int] = None,
        pool: Optional[Pools] = None,
        endpoint: Optional[str] = None,
        worker_start: Optional[float] = None,
        environment: Optional[Mapping[str, str]] = None,
        python: str = sys.executable,
        max_jobs: Optional[int] = None,
        soft_limit: Optional[float] = None,
        hard_limit: Optional[float] = None,
        **settings: Any,
    ) -> None:
        refuse_unknown(settings, _kwargs_of(JobRunner.bind))
        limits = {"--max-jobs": max_jobs, "--soft-limit": soft_limit, "--hard-limit": hard_limit}
        flags = [word for flag, value in limits.items() if value is not None for word in (flag, str(value))]
        if isinstance(handler, str) or callable(handler):
            for name in _pools(handler, pool):
                flags += ["--pool", name]
            self._command = [python, "-m", "powerhose", "work", _target(handler), *flags]
        else:
            if flags or pool is not None:
                raise ValueError("the command of a worker program says its pools and limits itself")
            self._command = list(handler)
        self._workers = workers
        self._worker_start = worker_start
        self._endpoint = endpoint
        self._environment = {"PYTHONPATH": _path(), **(environment or {})}
        self._settings = settings
        self._core: Optional[_powerhose.Cluster] = None
        self._runner: Optional[JobRunner] = None

    def start(self) -> Cluster:
        """Starts the master and the workers, and waits until all of them have registered."""
        if self._core is not None:
            raise ClusterError("the cluster was started before")
        if is_loading_main:
            raise ClusterError("a worker imports this program: start processes below `if __name__ == '__main__':` only")
        _log.begin()
        environment = list(self._environment.items())
        self._core = core = _gevent.in_thread(
            lambda: _powerhose.Cluster(
                self._command, environment, self._workers, self._worker_start, self._endpoint, self._settings
            )
        )
        native = core.runner()
        self._runner = JobRunner(native.endpoints(), {}, native)
        self.execute = self._runner.execute
        self.submit = self._runner.submit
        self.aexecute = self._runner.aexecute
        self.map = self._runner.map
        self.amap = self._runner.amap
        return self

    @property
    def runner(self) -> JobRunner:
        """What runs jobs on the workers."""
        if self._runner is None:
            raise ClusterError("the cluster was not started")
        return self._runner

    @property
    def pids(self) -> list[int]:
        """The process ids of the workers."""
        return [] if self._core is None else self._core.pids()

    def close(self, drain_timeout: float = 30.0) -> int:
        """Takes no further jobs, lets those it has finish for up to so many seconds, then ends the workers and the master.
        Gives how many jobs were lost."""
        core = self._core
        if core is None:
            return 0
        return _gevent.in_thread(lambda: core.close(drain_timeout))

    def __enter__(self) -> Cluster:
        return self.start()

    def __exit__(self, kind: object, *_: object) -> None:
        # After an error nobody waits for what is under way.
        self.close(30.0 if kind is None else 0.0)


def refuse_unknown(given: Mapping[str, Any], known: Collection[str]) -> None:
    """A setting that does not exist is a TypeError where it is given, as it is for the keywords of a function."""
    for name in given:
        if name not in known:
            raise TypeError(f"there is no setting {name!r}: there are {', '.join(sorted(known))}")


def settings_of_executors() -> Collection[str]:
    """Those of a cluster and its master that an executor does not set itself."""
    own = {"workers", "pool", "environment"}
    return (_kwargs_of(Cluster.__init__) | _kwargs_of(JobRunner.bind)) - own


def _kwargs_of(function: Any) -> set[str]:
    return set(getattr(function, "__func__", function).__kwdefaults__)


def _target(handler: Union[str, Callable[..., Any]]) -> str:
    if isinstance(handler, str):
        return handler
    module, name = getattr(handler, "__module__", None), getattr(handler, "__qualname__", "<")
    if module == "__main__":
        module = getattr(sys.modules["__main__"], "__file__", None)
        module = module and os.path.abspath(module)
    if module is None or "<" in name:
        raise ValueError("a worker cannot import this handler by its name: name one as module:name")
    return f"{module}:{name}"


def _pools(handler: Union[str, Callable[..., Any]], pool: Optional[Pools]) -> Sequence[str]:
    if isinstance(pool, str):
        return [pool]
    marked = getattr(handler, "powerhose_handler", None)
    return pool or (marked.pools if isinstance(marked, Handler) else ())


def _path() -> str:
    """The workers import from where this process does."""
    return os.pathsep.join(os.path.abspath(entry) for entry in sys.path)
