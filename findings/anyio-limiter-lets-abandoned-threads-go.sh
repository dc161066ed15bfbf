#!/usr/bin/env bash
# AnyIO: a limit of one thread holds on trio, and lets any number of threads run at once on asyncio.
#
# What one expects: `to_thread.run_sync(work, limiter=CapacityLimiter(1), abandon_on_cancel=True)` starts no second thread
# while the first one works, whatever has become of the task that waited for it. The reference says that the limiter
# limits "the total amount of threads running", and AnyIO promises the same behaviour on both of its backends.
#
# What happens: on trio an abandoned thread keeps its token until its function returns. On asyncio the token comes back with
# the cancelled task, while the thread works on: the limiter says that nobody has borrowed, and the next call starts one more
# thread. Four calls that time out one after the other are four threads at once under a limit of one. The default,
# `abandon_on_cancel=False`, does not save it: AnyIO's own timeout then waits for the thread, but `asyncio.wait_for` and a
# plain `task.cancel()` go through the shield and leave the thread behind in the same way.
#
# Seen with anyio 4.16.0 and trio 0.35.0 on Python 3.11:
#
#     trio     fail_after, abandon_on_cancel=True    4 of 4 timed out   threads at once: 1   borrowed in the end: 1
#     asyncio  fail_after, abandon_on_cancel=True    4 of 4 timed out   threads at once: 4   borrowed in the end: 0
#     trio     fail_after, abandon_on_cancel=False   0 of 4 timed out   threads at once: 1   borrowed in the end: 0
#     asyncio  fail_after, abandon_on_cancel=False   0 of 4 timed out   threads at once: 1   borrowed in the end: 0
#     asyncio  wait_for,   abandon_on_cancel=False   4 of 4 timed out   threads at once: 4   borrowed in the end: 0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check anyio==4.16.0 trio==0.35.0
cat > "$folder/look.py" <<'PYTHON'
import asyncio
import sys
import threading
from importlib.metadata import version

import anyio


class Threads:
    """How many threads are at work, and how many were at work at once."""

    def __init__(self):
        self.lock = threading.Lock()
        self.end = threading.Event()
        self.now = self.most = 0

    def work(self, seconds):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.end.wait(seconds)
        with self.lock:
            self.now -= 1


async def fail_after(call):
    with anyio.fail_after(0.3):
        await call()


async def wait_for(call):
    await asyncio.wait_for(call(), 0.3)


async def four_calls(timeout, abandon, seconds):
    """Four calls one after the other: how many timed out, threads at once, tokens that are borrowed in the end."""
    threads = Threads()
    limiter = anyio.CapacityLimiter(1)
    late = 0

    async def call():
        await anyio.to_thread.run_sync(threads.work, seconds, limiter=limiter, abandon_on_cancel=abandon)

    for _ in range(4):
        try:
            await timeout(call)
        except TimeoutError:
            late += 1
    borrowed = limiter.borrowed_tokens
    threads.end.set()
    return late, threads.most, borrowed


print("anyio", version("anyio"), "trio", version("trio"), "Python", sys.version.split()[0])
changed = False
for backend, timeout, abandon, seconds, expected in [
    ("trio", fail_after, True, 20, (4, 1, 1)),
    ("asyncio", fail_after, True, 20, (4, 4, 0)),
    ("trio", fail_after, False, 0.6, (0, 1, 0)),
    ("asyncio", fail_after, False, 0.6, (0, 1, 0)),
    ("asyncio", wait_for, False, 20, (4, 4, 0)),
]:
    seen = anyio.run(four_calls, timeout, abandon, seconds, backend=backend)
    late, most, borrowed = seen
    how = f"{timeout.__name__ + ',':11} abandon_on_cancel={abandon}"
    print(f"{backend:8} {how:37}  {late} of 4 timed out   threads at once: {most}   borrowed in the end: {borrowed}")
    changed |= seen != expected
sys.exit(changed)
PYTHON
"$folder/venv/bin/python" "$folder/look.py"
