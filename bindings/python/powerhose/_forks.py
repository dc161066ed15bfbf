"""What a forked child must do anew: nothing that has a thread or a lock behind it comes with it."""

from __future__ import annotations

import os
from typing import Callable

_renewals: list[Callable[[], None]] = []


def after_fork(renew: Callable[[], None]) -> None:
    """Lets `renew` run in every forked child, before anything else does."""
    _renewals.append(renew)


def _renew() -> None:
    for renew in _renewals:
        renew()


os.register_at_fork(after_in_child=_renew)
