"""Where the master is if nobody says so: the same place as the program `powerhose` takes."""

from __future__ import annotations

import os
import stat
import tempfile
from typing import Optional

from ._errors import ConnectError
from ._powerhose import ENDPOINT_VARIABLE


def find(endpoint: Optional[str]) -> str:
    """This one, else that of `POWERHOSE_ENDPOINT`, else the user's default.

    >>> find("ipc:///run/my/master.ipc")
    'ipc:///run/my/master.ipc'
    """
    if endpoint is not None:
        return endpoint
    return os.environ.get(ENDPOINT_VARIABLE) or "ipc://" + os.path.join(_folder(), "master.ipc")


def _folder() -> str:
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(runtime) and _is_ours(runtime):
        return os.path.join(runtime, "powerhose")
    if os.geteuid() == 0:
        return "/run/powerhose"
    folder = os.path.join(tempfile.gettempdir(), f"powerhose-{os.geteuid()}")
    if not _is_private(folder):
        raise ConnectError(f"others can get into {folder}: remove it, or name an endpoint", http_status=502)
    return folder


def _is_private(folder: str) -> bool:
    """Where every user can write, another may have made it first. One that is not there is nobody's."""
    try:
        found = os.lstat(folder)
    except FileNotFoundError:
        return True
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and found.st_mode & 0o077 == 0


def _is_ours(folder: str) -> bool:
    try:
        return os.lstat(folder).st_uid == os.geteuid()
    except OSError:
        return False
