#!/usr/bin/env bash
# Children of uvloop and of node are not under `nohup`, though their parent is.
#
# What one expects: a signal that is ignored stays ignored over fork and exec, as POSIX has it. It is all that `nohup` does,
# and supervisors count on it: what is started with SIGHUP (or SIGINT) ignored keeps that, and so do all its children,
# whatever starts them. The same for blocked signals. uvloop is a faster event loop for the same program.
#
# What happens: with subprocess, asyncio, trio and gevent the children inherit both. With uvloop, and in node, each child
# begins with all signals at their defaults and none blocked. The same asyncio program under the same `nohup` leaves workers
# that outlive the terminal on one loop and die with it on the other; the parent, which is safe, sees them end by SIGHUP.
# Running on libuv is not what makes it: gevent can run on it too, and its children inherit as they should.
#
# Seen with uvloop 0.23.0, trio 0.35.0, gevent 26.9.0 on Python 3.11, node 20 (parent: SIGHUP ignored, SIGUSR1 blocked):
#
#     subprocess      child survives SIGHUP   SIGUSR1 blocked in it
#     asyncio         child survives SIGHUP   SIGUSR1 blocked in it
#     trio            child survives SIGHUP   SIGUSR1 blocked in it
#     gevent (libuv)  child survives SIGHUP   SIGUSR1 blocked in it
#     uvloop          child dies of SIGHUP    SIGUSR1 not blocked in it
#     node            child dies of SIGHUP    SIGUSR1 not blocked in it
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check uvloop==0.23.0 trio==0.35.0 \
    gevent==26.9.0 cffi==2.1.1
cat > "$folder/with_gevent.py" <<'PYTHON'
from gevent import monkey

monkey.patch_all()

import json
import subprocess
import sys

print(json.dumps([subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout for command in json.loads(sys.argv[1])]))
PYTHON
cat > "$folder/with_node.js" <<'JAVASCRIPT'
const { spawnSync } = require("child_process");

const commands = JSON.parse(process.argv[2]);
console.log(JSON.stringify(commands.map(([program, ...rest]) => String(spawnSync(program, rest).stdout))));
JAVASCRIPT
cat > "$folder/look.py" <<'PYTHON'
import asyncio
import json
import os
import signal
import subprocess
import sys
from importlib.metadata import version

import trio
import uvloop

folder = sys.argv[1]
# The first child sends SIGHUP to itself and says something if that was nothing; the second prints its blocked signals.
COMMANDS = [["sh", "-c", "kill -HUP $$; echo survives"], ["grep", "SigBlk", "/proc/self/status"]]


def with_subprocess():
    return [subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout for command in COMMANDS]


async def with_asyncio():
    texts = []
    for command in COMMANDS:
        child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        texts.append((await child.communicate())[0].decode())
    return texts


async def with_trio():
    return [(await trio.run_process(one, capture_stdout=True, check=False)).stdout.decode() for one in COMMANDS]


def in_process(*command, **environment):
    command = [*command, json.dumps(COMMANDS)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, env={**os.environ, **environment}).stdout)


for name in ["uvloop", "trio", "gevent"]:
    print(name, version(name), end="  ")
print("Python", sys.version.split()[0], flush=True)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
changed = False
for name, run, expected in [
    ("subprocess", with_subprocess, True),
    ("asyncio", lambda: asyncio.run(with_asyncio()), True),
    ("trio", lambda: trio.run(with_trio), True),
    ("gevent (libuv)", lambda: in_process(sys.executable, folder + "/with_gevent.py", GEVENT_LOOP="libuv-cffi"), True),
    ("uvloop", lambda: uvloop.run(with_asyncio()), False),
    ("node", lambda: in_process("node", folder + "/with_node.js"), False),
]:
    said, mask = run()
    survives = said == "survives\n"
    blocked = bool(int(mask.split()[1], 16) & 1 << (signal.SIGUSR1 - 1))
    print(
        f"{name:14}  child {'survives' if survives else 'dies of'} SIGHUP {'' if survives else ' '}  "
        f"SIGUSR1 {'' if blocked else 'not '}blocked in it"
    )
    changed |= survives != expected or blocked != expected
sys.exit(changed)
PYTHON
node --version
"$folder/venv/bin/python" "$folder/look.py" "$folder"
