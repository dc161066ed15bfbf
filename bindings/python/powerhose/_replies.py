"""The jobs of a map that are under way: what `map` shares between greenlets and tasks.

A job without a reply raises its error in its turn, and those after it can still be taken: so this is no generator, which its
first error would end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Iterator
from typing import Generic, Optional, Protocol, TypeVar

WINDOW = 64
"""How many jobs of a map are under way at most, if the caller does not say. Enough for the workers of a large machine."""


R = TypeVar("R", covariant=True)


class Replies(Iterator[R], Protocol[R]):
    """Replies in the order of their payloads."""

    def close(self) -> None:
        """Cancels what is under way. There are no further replies."""


class AsyncReplies(Protocol[R]):
    """The same, for tasks."""

    def __aiter__(self) -> AsyncReplies[R]: ...

    def __anext__(self) -> Awaitable[R]: ...

    async def aclose(self) -> None:
        """Cancels what is under way. There are no further replies."""


class UnderWay(Protocol):
    def cancel(self) -> None: ...


J = TypeVar("J", bound=UnderWay)


class Window(Generic[J]):
    """Jobs in the order of their payloads, and whether there are more payloads."""

    def __init__(self, jobs_max: Optional[int]) -> None:
        if jobs_max is not None and jobs_max < 1:
            raise ValueError(f"window is a number of jobs, at least 1, not {jobs_max}")
        self._jobs_max = jobs_max or WINDOW
        self._jobs: deque[J] = deque()
        self._is_exhausted = False
        self._problem: Optional[Exception] = None

    def has_room(self) -> bool:
        return not self._is_exhausted and len(self._jobs) < self._jobs_max

    def add(self, job: J) -> None:
        self._jobs.append(job)

    def end(self, problem: Optional[Exception] = None) -> None:
        """There are no further payloads. What was wrong with the next one is raised after the replies before it."""
        self._is_exhausted, self._problem = True, problem

    def next(self) -> Optional[J]:
        """The job whose turn it is; none after the last."""
        if self._jobs:
            return self._jobs.popleft()
        problem, self._problem = self._problem, None
        if problem is not None:
            raise problem
        return None

    def close(self) -> None:
        """Cancels what is under way, and takes no further payloads."""
        self.end()
        while self._jobs:
            self._jobs.popleft().cancel()

    def __del__(self) -> None:
        # One that was refused has nothing.
        if hasattr(self, "_jobs"):
            self.close()
