#!/usr/bin/env bash
# uvloop: a sleep of less than half a millisecond does not sleep, others end too early, and timers overtake each other.
#
# What one expects: `asyncio.sleep(s)` lasts at least s on any event loop. libuv's timers count whole milliseconds, so uvloop
# rounds up and a short sleep takes a millisecond instead of less: two thousand sleeps of 0.4 ms are two seconds or more.
# Of two timers the one that is due sooner runs first.
#
# What happens: uvloop rounds to the nearest millisecond. Half a millisecond and less is no time at all: a loop that waits
# 0.4 ms between two looks never waits, and takes a whole core. A sleep of 1.4 ms is over after little more than one, before
# its time by the loop's own clock, so that "sleep until the deadline" wakes before the deadline. And two timers that round to
# the same millisecond run in the order in which they were set, whichever is due first. asyncio's own loop, for which all
# this was written, does none of it.
#
# Seen with uvloop 0.23.0 on Python 3.11:
#
#                                         asyncio            uvloop
#     2000 sleeps of 0.4 ms               2.4 to 2.9 s       0.01 to 0.02 s
#     shortest of 200 sleeps of 1.4 ms    2.1 ms             1.0 ms
#     timers set for 1.4 ms, then 0.6 ms  0.6 ms runs first  1.4 ms runs first
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check uvloop==0.23.0
cat > "$folder/look.py" <<'PYTHON'
import asyncio
import sys
import time

import uvloop


async def look():
    """Seconds of 2000 short sleeps, the shortest of 200 longer ones, and which of two timers ran first (of five tries)."""
    loop = asyncio.get_running_loop()
    start = time.monotonic()
    for _ in range(2000):
        await asyncio.sleep(0.0004)
    short = time.monotonic() - start

    shortest = 1.0
    for _ in range(200):
        start = loop.time()
        await asyncio.sleep(0.0014)
        shortest = min(shortest, loop.time() - start)

    first = set()
    for _ in range(5):
        order = []
        loop.call_later(0.0014, order.append, "1.4 ms")
        loop.call_later(0.0006, order.append, "0.6 ms")
        await asyncio.sleep(0.05)
        first.add(order[0])
    return short, shortest, first


print("uvloop", uvloop.__version__, "Python", sys.version.split()[0])
changed = False
for name, run in [("asyncio", asyncio.run), ("uvloop", uvloop.run)]:
    short, shortest, first = run(look())
    print(
        f"{name:7}  2000 sleeps of 0.4 ms: {short:.2f} s   shortest of 200 sleeps of 1.4 ms: {shortest * 1000:.1f} ms   "
        f"of 1.4 ms and 0.6 ms runs first: {' or '.join(first)}"
    )
    if name == "asyncio":
        changed |= short < 0.8 or shortest < 0.00139 or first != {"0.6 ms"}
    else:
        changed |= short > 0.4 or shortest > 0.00139 or first != {"1.4 ms"}
sys.exit(changed)
PYTHON
"$folder/venv/bin/python" "$folder/look.py"
