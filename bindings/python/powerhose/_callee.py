"""The handler of an executor's workers: loads what the executor left for them, then calls functions.

Imported by workers only.
"""

from __future__ import annotations

import os
import pickle
from typing import Any, Optional

from . import _call, _cluster
from ._powerhose import Job

_main: Optional[dict[str, Any]] = None


def _loads(data: bytes) -> Any:
    """Functions of the program that the caller runs have `__main__` for a module: here as there, from when one is wanted."""
    global _main
    try:
        return pickle.loads(data)
    except AttributeError:
        if _main is None:
            raise
        main, _main = _main, None
        _load_main(main)
        return pickle.loads(data)


def _load_main(main: dict[str, Any]) -> None:
    from multiprocessing import spawn

    _cluster.is_loading_main = True
    try:
        spawn.prepare(main)
    finally:
        _cluster.is_loading_main = False


def _prepare() -> None:
    """What the executor wants done in each worker before it registers."""
    global _main
    file = os.environ.pop(_call.SETUP_VARIABLE, None)
    if file is None:
        return
    with open(file, "rb") as opened:
        _main, packed = pickle.load(opened)
    initializer, initargs = _loads(packed)
    if initializer is not None:
        initializer(*initargs)


def call(job: Job) -> bytes:
    """The handler."""
    return _call.call(job, _loads)


_prepare()
