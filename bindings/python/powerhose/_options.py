"""What every call that hands over a job takes beside its payload, in the order in which the native half reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Optional, Union

Headers = Mapping[str, Union[str, bytes]]
"""Of a job or a reply: values are bytes, or text, which is sent as UTF-8."""

Options = tuple[
    Optional[str],
    Optional[float],
    Optional[float],
    Optional[Headers],
    bool,
    Optional[int],
    Optional[float],
    bool,
]
"""Pool, timeout, run_timeout, headers, once, attempts_max, end_within, detailed."""
