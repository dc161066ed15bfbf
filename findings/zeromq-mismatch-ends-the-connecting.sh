#!/usr/bin/env bash
# libzmq: a connecting socket that once met a socket of the wrong type never connects again.
#
# What one expects: a socket that connects goes on trying for as long as it lives. If another program stood at the
# endpoint for a moment (an old version, a mistake in a configuration), the socket finds the right one as soon as that has
# taken the place, as it does after any other end of a connection.
#
# What happens: the handshake fails because the types do not fit, and the socket gives the endpoint up for good. Nobody
# says so. `connect` and `send` succeed, the socket's monitor shows CONNECTED and DISCONNECTED but no failure of the
# handshake and no further try. Only a new `connect` helps.
#
# Seen with pyzmq 27.1.0 over libzmq 4.3.5, over ipc and over tcp:
#
#     push at a router, then a pull   connected again: False   CONNECTED DISCONNECTED
#     push at a pull, then a pull     connected again: True    CONNECTED HANDSHAKE_SUCCEEDED DISCONNECTED ...
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyzmq==27.1.0
cat > "$folder/look.py" <<'PYTHON'
import sys
import time

import zmq
from zmq.utils.monitor import recv_monitor_message


def events(monitor, seconds):
    """What the monitor shows in this time, each event once."""
    seen = []
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0 and monitor.poll(left * 1000):
        seen.append(recv_monitor_message(monitor)["event"].name)
    return list(dict.fromkeys(seen))


def try_endpoint(first, endpoint):
    """A PUSH connects to `first`, whose place is then taken by a PULL: does a message reach that, and what was seen?"""
    context = zmq.Context()
    server = context.socket(first)
    server.bind(endpoint)
    push = context.socket(zmq.PUSH)
    push.setsockopt(zmq.LINGER, 0)
    push.setsockopt(zmq.SNDTIMEO, 1000)
    push.setsockopt(zmq.RECONNECT_IVL, 50)
    monitor = push.get_monitor_socket()
    push.connect(endpoint)
    seen = events(monitor, 1)
    server.close()
    seen += events(monitor, 0.5)
    pull = context.socket(zmq.PULL)
    pull.bind(endpoint)
    try:
        push.send(b"is anybody there?")
    except zmq.Again:
        pass
    reached = bool(pull.poll(5000))
    seen += events(monitor, 0.5)
    context.destroy(linger=0)
    return reached, seen


print("pyzmq", zmq.__version__, "libzmq", zmq.zmq_version())
changed = False
for place in ["ipc://" + sys.argv[1] + "/{}", "tcp://127.0.0.1:{}"]:
    for number, (name, first, expected) in enumerate(
        [("push at a router, then a pull", zmq.ROUTER, False), ("push at a pull, then a pull", zmq.PULL, True)]
    ):
        reached, seen = try_endpoint(first, place.format(47310 + number))
        print(f"{place[:3]}  {name:30}  connected again: {reached!s:5}  {' '.join(seen)}")
        failures = [event for event in seen if event.startswith("HANDSHAKE_FAILED")]
        changed |= reached != expected or bool(failures)
sys.exit(changed)
PYTHON
"$folder/venv/bin/python" "$folder/look.py" "$folder"
