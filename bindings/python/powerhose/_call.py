"""Calls of functions as jobs: what the worker of an :class:`Executor` does, and how its caller reads the reply.

Both unpickle what the other sent: they must trust each other.
"""

from __future__ import annotations

import pickle
import traceback
from typing import Any, Callable, Optional

from ._powerhose import Job

SETUP_VARIABLE = "POWERHOSE_EXECUTOR_SETUP"


class RemoteTraceback(Exception):
    """Where an error was raised in a worker: the cause of the error that the caller gets."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return self.text


def call(job: Job, loads: Callable[[bytes], Any] = pickle.loads) -> bytes:
    """The handler: calls a function with its arguments, gives what it returns or raises."""
    try:
        function, args, kwargs = loads(job.payload)
        return pickle.dumps((function(*args, **kwargs), None, None), pickle.HIGHEST_PROTOCOL)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        return _pickled(error, text)


def _pickled(error: BaseException, text: str) -> bytes:
    """An error that cannot be pickled, or not be read again, becomes one that can."""
    error.__traceback__ = None
    try:
        reply = pickle.dumps((None, error, text), pickle.HIGHEST_PROTOCOL)
        pickle.loads(reply)
        return reply
    except Exception:
        return pickle.dumps((None, RuntimeError(f"{type(error).__name__}: {error}"), text), pickle.HIGHEST_PROTOCOL)


def result(reply: bytes) -> Any:
    """What the function returned; raises what it raised."""
    value: Any
    error: Optional[BaseException]
    value, error, text = pickle.loads(reply)
    if error is not None:
        raise error from RemoteTraceback(f'\n"""\n{text}"""')
    return value
