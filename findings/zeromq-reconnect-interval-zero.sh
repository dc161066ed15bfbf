#!/usr/bin/env bash
# libzmq: a reconnect interval of 0 means never, not at once.
#
# What one expects: ZMQ_RECONNECT_IVL is the time between attempts to connect again, in milliseconds, and the manual gives one
# special value: -1 for no reconnection. 0 is allowed, so it is no pause, or the shortest one: whoever wants to be back
# first writes 0. At most one fears for the processor.
#
# What happens: 0 is -1 under another name. A connection that has ended is not taken up again, and even the first one is tried
# once only: a client that starts before its server never finds it. Nobody says so: `connect` succeeds, the monitor shows
# CLOSED or DISCONNECTED and no further line. 1 works as one would think of 0.
#
# Seen with pyzmq 27.1.0 over libzmq 4.3.5; the same in each of many runs:
#
#     interval: default  nobody there at first  delivered: True
#     interval: default  peer lost              delivered: True
#     interval:       1  nobody there at first  delivered: True
#     interval:       1  peer lost              delivered: True
#     interval:       0  nobody there at first  delivered: False
#     interval:       0  peer lost              delivered: False
#     interval:      -1  nobody there at first  delivered: False
#     interval:      -1  peer lost              delivered: False
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyzmq==27.1.0
cat > "$folder/look.py" <<'PYTHON'
import socket
import sys
import time

import zmq


def free_endpoint():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"tcp://127.0.0.1:{free.getsockname()[1]}"


def pull_at(context, endpoint):
    pull = context.socket(zmq.PULL)
    pull.bind(endpoint)
    return pull


def try_interval(interval, was_connected):
    """A PUSH finds nobody, or loses its peer; somebody comes soon: is a message delivered?"""
    context = zmq.Context()
    endpoint = free_endpoint()
    push = context.socket(zmq.PUSH)
    push.setsockopt(zmq.SNDTIMEO, 3000)
    if interval is not None:
        push.setsockopt(zmq.RECONNECT_IVL, interval)
    if was_connected:
        pull = pull_at(context, endpoint)
        push.connect(endpoint)
        push.send(b"before")
        pull.recv()
        pull.close(linger=0)
    else:
        push.connect(endpoint)
    time.sleep(0.5)
    pull = pull_at(context, endpoint)
    try:
        push.send(b"after")
    except zmq.Again:
        pass
    delivered = bool(pull.poll(3000))
    context.destroy(linger=0)
    return delivered


print("pyzmq", zmq.__version__, "libzmq", zmq.zmq_version())
changed = False
for interval, expected in [(None, True), (1, True), (0, False), (-1, False)]:
    for was_connected in (False, True):
        delivered = try_interval(interval, was_connected)
        start = "peer lost" if was_connected else "nobody there at first"
        print(f"interval: {'default' if interval is None else interval:>7}  {start:21}  delivered: {delivered}")
        changed |= delivered != expected
sys.exit(changed)
PYTHON
"$folder/venv/bin/python" "$folder/look.py"
