"""The calls that hand jobs over, whatever form their replies have."""

from __future__ import annotations

from collections.abc import AsyncIterable, Coroutine, Iterable
from typing import Any, Generic, Optional, TypeVar, Union

from . import _asynchronous, _futures, _gevent
from ._options import Headers
from ._powerhose import Many, Runner
from ._replies import AsyncReplies, Replies

R = TypeVar("R")


class Jobs(Generic[R]):
    """Runs jobs, and gives replies of one form: `bytes`, or :class:`JobReply`."""

    _detailed = False

    @property
    def core(self) -> Optional[Runner]:
        """What runs the jobs of this process, if it has begun."""
        raise NotImplementedError

    def begun(self, within: Optional[float] = None) -> Runner:
        """What runs the jobs of this process. The first call connects, for at most so many seconds."""
        raise NotImplementedError

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
    ) -> R:
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
        told = headers and dict(headers)
        options = (pool, timeout, run_timeout, told, once, attempts_max, end_within, self._detailed)
        if _gevent.is_patched():
            green: R = _gevent.execute(self.begun(timeout), payload, options)
            return green
        reply: R = (self.core or self.begun(timeout)).execute(payload, options)
        return reply

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
    ) -> _futures.JobFuture[R]:
        """Hands a job over and returns at once with a :class:`concurrent.futures.Future` of its reply.

        Its `cancel` cancels the job, also one that runs. Parameters as of :meth:`execute`.
        """
        told = headers and dict(headers)
        options = (pool, timeout, run_timeout, told, once, attempts_max, end_within, self._detailed)
        future: _futures.JobFuture[R] = _futures.JobFuture()
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
    ) -> Coroutine[Any, Any, R]:
        """What :meth:`execute` is, for a task of asyncio (also under uvloop) or trio. A task that is cancelled cancels its
        job."""
        told = headers and dict(headers)
        options = (pool, timeout, run_timeout, told, once, attempts_max, end_within, self._detailed)
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
    ) -> Replies[R]:
        """Runs many jobs, and gives their replies in the order of the payloads, which are taken one by one as there is room.

        A few jobs are under way for each worker; at most `window` (4,096) are under way or wait for their turn. Without a
        `timeout`, the time of each counts from when a worker is given it. A job without a reply raises its error when it is
        its turn; those after it can still be taken. Closing the iterator, or dropping it, cancels what is under way.
        """
        told = headers and dict(headers)
        options = (pool, timeout, run_timeout, told, once, attempts_max, end_within, self._detailed)
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
    ) -> AsyncReplies[R]:
        """What :meth:`map` is, for a task: `async for reply in runner.amap(payloads)`. At most `window` (64) jobs are under
        way, and so many payloads are taken before the first reply is given. Its `aclose` is what `close` is there."""
        told = headers and dict(headers)
        options = (pool, timeout, run_timeout, told, once, attempts_max, end_within, self._detailed)
        return _asynchronous.Replies(self, payloads, options, window)
