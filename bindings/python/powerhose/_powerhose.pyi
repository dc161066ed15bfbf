"""The native half of the package."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Optional, Union

from ._options import Options

__version__: str
DEFAULT_POOL: str
ENDPOINT_VARIABLE: str
SECRET_FILE_VARIABLE: str
CURVE_FILE_VARIABLE: str
POOL_VARIABLE: str

class Runner:
    pid: int
    @staticmethod
    def connect(endpoint: str, settings: Mapping[str, Any]) -> Runner: ...
    @staticmethod
    def bind(endpoints: list[str], settings: Mapping[str, Any]) -> Runner: ...
    def execute(self, payload: object, options: Options) -> Any: ...
    def workers(self) -> list[dict[str, Any]]: ...
    def wait_for_workers(self, wanted: int, within: float) -> None: ...
    def endpoints(self) -> list[str]: ...
    def close(self, drain_timeout: float) -> int: ...

class Completions:
    def __init__(self) -> None: ...
    def __len__(self) -> int: ...
    def fileno(self) -> int: ...
    def submit(self, runner: Runner, waiter: object, payload: object, options: Options) -> Ticket: ...
    def drain(self) -> list[tuple[Any, Any, Optional[BaseException]]]: ...

class Ticket:
    def cancel(self) -> None: ...

class Many:
    def __init__(self, runner: Runner, payloads: Iterable[object], options: Options, window: Optional[int]) -> None: ...
    def __iter__(self) -> Many: ...
    def __next__(self) -> Any: ...
    def close(self) -> None: ...

class JobReply:
    """A reply, and how it came to be. Given by the calls of :attr:`JobRunner.detailed`."""

    @property
    def payload(self) -> bytes:
        """The worker's bytes."""
    @property
    def buffer(self) -> memoryview:
        """The same, read only, without a copy (from Python 3.11 on)."""
    @property
    def headers(self) -> dict[str, bytes]:
        """The headers that the handler set."""
    @property
    def job(self) -> str:
        """The job's id, which the logs of master and worker carry too."""
    @property
    def worker(self) -> int:
        """The id of the worker that made it."""
    @property
    def attempts(self) -> int:
        """How often the job was dispatched, from 1."""
    @property
    def wait_time(self) -> float:
        """Seconds that the job waited at the master for its (last) worker."""
    @property
    def run_time(self) -> float:
        """Seconds that the handler ran, by the worker's clock."""

class Worker:
    def __init__(
        self,
        endpoint: Optional[str],
        pools: list[tuple[str, Optional[int]]],
        labels: list[tuple[str, str]],
        software: str,
        settings: Mapping[str, Any],
    ) -> None: ...
    def watch_signals(self) -> None: ...
    def stop(self) -> None: ...
    def next_job(self) -> Optional[Job]: ...
    def leave(self) -> None: ...

class Job:
    """One attempt of one job, as a handler sees it."""

    @property
    def payload(self) -> bytes:
        """The caller's bytes."""
    @property
    def buffer(self) -> memoryview:
        """The same, read only, without a copy (from Python 3.11 on). It may be kept, and be the reply or a part of it."""
    @property
    def id(self) -> str:
        """The id, the same in the caller's errors and in the logs of the master."""
    @property
    def attempt(self) -> int:
        """Which dispatch of the job this is, from 1. A higher one means that it may have run before."""
    @property
    def pool(self) -> str:
        """The pool."""
    @property
    def once(self) -> bool:
        """Whether the caller forbade a second dispatch."""
    @property
    def remaining(self) -> float:
        """Seconds until the caller gives up; 0 once it has."""
    @property
    def is_cancelled(self) -> bool:
        """Whether nobody waits for the reply any longer: a handler may then return early, whatever it returns."""
    @property
    def headers(self) -> dict[str, bytes]:
        """The caller's headers."""
    def _finish(self, reply: object, headers: Optional[Mapping[str, Union[str, bytes]]]) -> None: ...
    def _fail(self, code: str, text: str) -> None: ...

class Cluster:
    def __init__(
        self,
        command: list[str],
        environment: list[tuple[str, str]],
        workers: Optional[int],
        worker_start: Optional[float],
        endpoint: Optional[str],
        settings: Mapping[str, Any],
    ) -> None: ...
    def runner(self) -> Runner: ...
    def pids(self) -> list[int]: ...
    def close(self, drain_timeout: float) -> int: ...

def log_from(level: int) -> int: ...
def take_log() -> tuple[list[tuple[int, float, str, str]], int]: ...
def forget_log() -> None: ...
def cores() -> int: ...
def restore_signals() -> None: ...
