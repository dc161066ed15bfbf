"""Waiting in tasks: of asyncio (and its replacements, as uvloop), or of trio.

A loop watches one descriptor for all jobs of its tasks, and takes what has ended until there is no more.
"""

from __future__ import annotations

import asyncio
import sys
import weakref
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Optional, TypeVar, Union

from ._options import Options
from ._powerhose import Completions, Runner, Ticket
from ._replies import Window

if TYPE_CHECKING:
    from ._jobs import Jobs

T = TypeVar("T")


def _trio() -> Any:
    """The module trio, if this is one of its tasks."""
    trio = sys.modules.get("trio")
    return trio if trio is not None and trio.lowlevel.in_trio_run() else None


async def in_thread(function: Callable[[], T]) -> T:
    """Calls what blocks on another thread."""
    trio = _trio()
    if trio is not None:
        result: T = await trio.to_thread.run_sync(function)
        return result
    return await asyncio.get_running_loop().run_in_executor(None, function)


async def execute(runner: Jobs[Any], payload: object, options: Options) -> Any:
    """Runs a job for this task, and cancels it if the task is."""
    core = runner.core
    if core is None:
        core = await in_thread(partial(runner.begun, options[1]))
    trio = _trio()
    if trio is not None:
        return await _trio_execute(trio, core, payload, options)
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    ticket = _of_loop(asyncio.get_running_loop()).submit(core, future, payload, options)
    # While it waits it holds what it needs, and no more.
    del runner, core, payload, options
    try:
        return await future
    except BaseException:
        if future.cancelled():
            ticket.cancel()
        raise


_loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Completions] = weakref.WeakKeyDictionary()


def _of_loop(loop: asyncio.AbstractEventLoop) -> Completions:
    completions = _loops.get(loop)
    if completions is None:
        for other in [other for other in _loops if other.is_closed()]:
            del _loops[other]
        completions = _loops[loop] = Completions()
        loop.add_reader(completions.fileno(), _settle, completions)
    return completions


def _settle(completions: Completions) -> None:
    for future, reply, error in completions.drain():
        if future.done():
            continue
        if error is None:
            future.set_result(reply)
        else:
            future.set_exception(error)


class _Waiter:
    """A task of trio that waits for a job."""

    def __init__(self, trio: Any) -> None:
        self.event: Any = trio.Event()
        self.reply: Any = None
        self.error: Optional[BaseException] = None

    def settle(self, reply: Any, error: Optional[BaseException]) -> None:
        self.reply, self.error = reply, error
        self.event.set()


async def _trio_execute(trio: Any, core: Runner, payload: object, options: Options) -> Any:
    waiter = _Waiter(trio)
    ticket: Ticket = _of_run(trio).submit(core, waiter, payload, options)
    try:
        await waiter.event.wait()
    except BaseException:
        ticket.cancel()
        raise
    if waiter.reply is None:
        raise waiter.error or RuntimeError("a job ended without an end")
    return waiter.reply


_run_variable: Any = None


def _of_run(trio: Any) -> Completions:
    global _run_variable
    if _run_variable is None:
        _run_variable = trio.lowlevel.RunVar("powerhose")
    try:
        completions: Completions = _run_variable.get()
    except LookupError:
        completions = Completions()
        _run_variable.set(completions)
        trio.lowlevel.spawn_system_task(partial(_watch, trio, completions), name="powerhose")
    return completions


async def _watch(trio: Any, completions: Completions) -> None:
    while True:
        await trio.lowlevel.wait_readable(completions.fileno())
        for waiter, reply, error in completions.drain():
            waiter.settle(reply, error)


class Replies:
    """Replies in the order of the payloads, for tasks."""

    def __init__(
        self,
        runner: Jobs[Any],
        payloads: Union[Iterable[object], AsyncIterable[object]],
        options: Options,
        window: Optional[int],
    ) -> None:
        self._window: Window[_UnderWay] = Window(window)
        self._payloads = payloads.__aiter__() if isinstance(payloads, AsyncIterable) else _each(iter(payloads))
        self._runner = runner
        self._options = options

    def __aiter__(self) -> Replies:
        return self

    async def __anext__(self) -> Any:
        core = self._runner.core
        if core is None:
            core = await in_thread(partial(self._runner.begun, self._options[1]))
        submit = _begin_trio if _trio() is not None else _begin_asyncio
        while self._window.has_room():
            try:
                self._window.add(submit(core, await self._payloads.__anext__(), self._options))
            except StopAsyncIteration:
                self._window.end()
            except Exception as problem:
                self._window.end(problem)
        job = self._window.next()
        if job is None:
            raise StopAsyncIteration
        return await job.wait()

    async def aclose(self) -> None:
        """Cancels what is under way. There are no further replies."""
        self._window.close()


async def _each(payloads: Iterator[object]) -> AsyncIterator[object]:
    for payload in payloads:
        yield payload


class _UnderWay:
    """A job of a window."""

    def __init__(self, ticket: Ticket, wait: Callable[[], Any]) -> None:
        self.ticket = ticket
        self.wait_for_end = wait

    async def wait(self) -> Any:
        try:
            return await self.wait_for_end()
        except BaseException:
            self.ticket.cancel()
            raise

    def cancel(self) -> None:
        self.ticket.cancel()


def _begin_asyncio(core: Runner, payload: object, options: Options) -> _UnderWay:
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()
    # One whose turn never comes has an error that nobody looks at.
    future.add_done_callback(_look_at)
    ticket = _of_loop(loop).submit(core, future, payload, options)

    async def wait() -> Any:
        return await future

    return _UnderWay(ticket, wait)


def _look_at(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()


def _begin_trio(core: Runner, payload: object, options: Options) -> _UnderWay:
    trio = _trio()
    waiter = _Waiter(trio)
    ticket = _of_run(trio).submit(core, waiter, payload, options)

    async def wait() -> Any:
        await waiter.event.wait()
        if waiter.reply is None:
            raise waiter.error or RuntimeError("a job ended without an end")
        return waiter.reply

    return _UnderWay(ticket, wait)
