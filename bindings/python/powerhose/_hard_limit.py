"""The end of a process whose handler runs too long, whatever it does: by :mod:`faulthandler`, whose thread needs no lock.

A child that is forked while one is pending would wait at its end, for ever, for a thread that did not come with it.
"""

from __future__ import annotations

import faulthandler
import os
import time
from typing import Optional

_ends_at: Optional[float] = None


def begin(seconds: float) -> None:
    """After so many seconds the process ends, with the stacks of its threads on standard error."""
    global _ends_at
    _ends_at = time.monotonic() + seconds
    _arm()


def end() -> None:
    """It does not."""
    global _ends_at
    _ends_at = None
    faulthandler.cancel_dump_traceback_later()


def _arm() -> None:
    if _ends_at is not None:
        faulthandler.dump_traceback_later(max(_ends_at - time.monotonic(), 0.001), exit=True, file=2)


def _disarm() -> None:
    if _ends_at is not None:
        faulthandler.cancel_dump_traceback_later()


def _forget() -> None:
    global _ends_at
    _ends_at = None


os.register_at_fork(before=_disarm, after_in_parent=_arm, after_in_child=_forget)
