"""An executor of :mod:`concurrent.futures` over worker processes: a drop-in for `ProcessPoolExecutor`."""

from __future__ import annotations

import atexit
import importlib.util
import itertools
import os
import pickle
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from concurrent import futures
from functools import partial
from typing import Any, Optional, TypeVar

from . import _call
from ._cluster import Cluster, refuse_unknown, settings_of_executors
from ._futures import JobFuture, submit
from ._powerhose import cores
from ._runner import JobRunner

T = TypeVar("T")

_UNLIMITED = 365 * 86400.0
_QUEUE_JOBS_MAX = 100_000_000
_executors: weakref.WeakSet[Executor] = weakref.WeakSet()


class Executor(futures.Executor):
    """Calls functions in worker processes. Functions, arguments and results go by pickle (by cloudpickle where it is
    installed and pickle cannot).

    The processes start at the first call. A call whose worker dies ends as :class:`JobLost`; the others go on, and another
    worker starts. A future's `cancel` works at any time. It works in `loop.run_in_executor`, too.

    >>> with Executor(max_workers=1) as executor:
    ...     executor.submit(pow, 2, 10).result(), list(executor.map(abs, [-1, -2]))
    (1024, [1, 2])

    :param max_workers: how many processes. Default: one for each core.
    :param initializer: is called in each with `initargs` before its first call.
    :param runner: runs the calls on workers that are there already (`python -m powerhose work powerhose._callee:call`).
    :param pool: which workers.
    :param timeout: how many seconds a call may take from when a worker has it. Default: any time.
    :param attempts_max: how many workers may die with a call before it ends as lost. Default: 1.
    :param mp_context: for those who come from `ProcessPoolExecutor`; the processes are always started as by `spawn`.
    :param max_tasks_per_child: how many calls a process takes before another starts in its place: `max_jobs` of a cluster.
    :param cluster: settings of the :class:`Cluster`, as `worker_start` or `hard_limit`.
    """

    def __init__(
        self,
        max_workers: Optional[int] = None,
        initializer: Optional[Callable[..., object]] = None,
        initargs: tuple[Any, ...] = (),
        *,
        runner: Optional[JobRunner] = None,
        pool: Optional[str] = None,
        timeout: Optional[float] = None,
        attempts_max: int = 1,
        mp_context: Any = None,
        max_tasks_per_child: Optional[int] = None,
        **cluster: Any,
    ) -> None:
        refuse_unknown(cluster, settings_of_executors())
        if mp_context is not None and mp_context.get_start_method() != "spawn":
            raise ValueError("mp_context: the processes are started anew, as by 'spawn', and never forked")
        if max_tasks_per_child is not None:
            cluster.setdefault("max_jobs", max_tasks_per_child)
        if max_workers is not None and max_workers <= 0:
            raise ValueError("max_workers must be greater than 0")
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        self._max_workers = max_workers or cores()
        self._setup = (initializer, initargs)
        self._runner = runner
        self._options = (pool, None, timeout or _UNLIMITED, None, False, attempts_max, None, False)
        self._settings: dict[str, Any] = {"queue_jobs_max": _QUEUE_JOBS_MAX, **cluster}
        self._pool = pool
        self._cluster: Optional[Cluster] = None
        self._folder: Optional[str] = None
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._shut = False
        self._pending: set[JobFuture[Any]] = set()
        _executors.add(self)

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> JobFuture[T]:
        """Calls `fn(*args, **kwargs)` in a worker. Gives a future at once."""
        payload = _pickled((fn, args, kwargs))
        with self._lock:
            if self._shut:
                raise RuntimeError("cannot schedule new futures after shutdown")
            runner = self._runner or self._start()
            future: JobFuture[T] = JobFuture()
            future.decode = _call.result
            self._pending.add(future)
        future.add_done_callback(self._pending.discard)
        return submit(runner.begun(), future, payload, self._options)

    def map(
        self,
        fn: Callable[..., T],
        *iterables: Iterable[Any],
        timeout: Optional[float] = None,
        chunksize: int = 1,
        **later: Any,
    ) -> Iterator[T]:
        """As :func:`map`, with the calls in workers, `chunksize` of them in a job. What later Pythons take besides
        (`buffersize` from 3.14 on) is taken there."""
        if chunksize < 1:
            raise ValueError("chunksize must be >= 1.")
        if chunksize == 1:
            return super().map(fn, *iterables, timeout=timeout, **later)
        chunks = _chunks(zip(*iterables), chunksize)
        return itertools.chain.from_iterable(super().map(partial(_call_chunk, fn), chunks, timeout=timeout, **later))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Takes no further calls. Waits for those under way, or cancels them, and ends the processes."""
        if self._pid != os.getpid():
            # Calls, processes and folder are those of the process that forked this one.
            self._shut = True
            return
        with self._lock:
            self._shut = True
            pending, cluster = list(self._pending), self._cluster
        if cancel_futures:
            for future in pending:
                future.cancel()
        if cluster is None:
            return
        if wait:
            self._close_when_done(pending, cluster)
        else:
            arguments = (pending, cluster)
            threading.Thread(target=self._close_when_done, args=arguments, daemon=True).start()

    def _start(self) -> JobRunner:
        main = None
        try:
            from multiprocessing import spawn

            main = spawn.get_preparation_data("powerhose")
            # Of it only what makes `__main__` of this program known there.
            main = {name: main[name] for name in ("init_main_from_name", "init_main_from_path") if name in main} or None
        except Exception:  # Where it is not known what runs, functions of `__main__` cannot be either.
            main = None
        # It stays until the end: workers that are started again read it, too.
        self._folder = tempfile.mkdtemp(prefix="powerhose-")
        setup = os.path.join(self._folder, "setup.pickle")
        with open(setup, "wb") as file:
            pickle.dump((main, _pickled(self._setup)), file)
        cluster = Cluster(
            "powerhose._callee:call",
            workers=self._max_workers,
            pool=self._pool,
            environment={_call.SETUP_VARIABLE: setup},
            **self._settings,
        )
        try:
            cluster.start()
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        self._cluster, self._runner = cluster, cluster.runner
        return cluster.runner

    def _close_when_done(self, pending: list[JobFuture[Any]], cluster: Cluster) -> None:
        futures.wait(pending)
        cluster.close(0.0)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def _pickled(value: object) -> bytes:
    try:
        return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    except Exception:
        if importlib.util.find_spec("cloudpickle") is None:
            raise
        cloudpickle: Any = importlib.import_module("cloudpickle")
        packed: bytes = cloudpickle.dumps(value)
        return packed


def _chunks(items: Iterable[tuple[Any, ...]], size: int) -> Iterator[tuple[tuple[Any, ...], ...]]:
    items = iter(items)
    while True:
        chunk = tuple(itertools.islice(items, size))
        if not chunk:
            return
        yield chunk


def _call_chunk(fn: Callable[..., T], chunk: tuple[tuple[Any, ...], ...]) -> list[T]:
    return [fn(*arguments) for arguments in chunk]


@atexit.register
def _shut_down() -> None:
    """As those of the standard library do, a program that ends waits for its calls."""
    for executor in list(_executors):
        executor.shutdown()
