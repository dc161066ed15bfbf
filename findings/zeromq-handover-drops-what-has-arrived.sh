#!/usr/bin/env bash
# libzmq: ZMQ_ROUTER_HANDOVER throws away messages that have long arrived.
#
# What one expects: with the option a newcomer with a routing id in use takes it over, and the ROUTER disconnects the one that
# had it. That is meant for a client that comes back while the ROUTER still holds its dead connection. What the first
# connection had delivered before waits in the ROUTER's queue; it is read, as after any other end of a connection.
#
# What happens: at the takeover the queue of the first connection is dropped with it. Messages that the ROUTER's side had
# received, and that its thread had not yet read, are gone; the sender has no way to know, and no event counts them. It depends
# on the order: if the first connection ends before the newcomer arrives, everything is read. So the client that had a clean
# end loses nothing, and the one for which the option was made loses all that the ROUTER was late with. Without the
# option it is the other way round: the old messages are read, and the newcomer's never.
#
# Seen with pyzmq 27.1.0 over libzmq 4.3.5. The first client sends ten messages half a second before; the same in each run:
#
#     handover: 1  the first stays alone                  read before: 0  read in all: 10 of 10  the other's: 0 of 1
#     handover: 1  the first has left when another comes  read before: 0  read in all: 10 of 10  the other's: 1 of 1
#     handover: 1  the first is there when another comes  read before: 0  read in all:  0 of 10  the other's: 1 of 1
#     handover: 1  the first is there when another comes  read before: 3  read in all:  3 of 10  the other's: 1 of 1
#     handover: 0  the first is there when another comes  read before: 0  read in all: 10 of 10  the other's: 0 of 1
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyzmq==27.1.0
cat > "$folder/look.py" <<'PYTHON'
import sys
import time

import zmq


def named(context, endpoint):
    """A DEALER with the routing id that all of them have."""
    dealer = context.socket(zmq.DEALER)
    dealer.setsockopt(zmq.ROUTING_ID, b"the client")
    dealer.connect(endpoint)
    return dealer


def try_takeover(handover, read_before, step):
    """A client sends ten messages while the ROUTER's thread is busy; then the step; which of the ten does the ROUTER get?"""
    context = zmq.Context()
    router = context.socket(zmq.ROUTER)
    router.setsockopt(zmq.ROUTER_HANDOVER, handover)
    router.bind("tcp://127.0.0.1:*")
    endpoint = router.getsockopt_string(zmq.LAST_ENDPOINT)
    client = named(context, endpoint)
    for number in range(10):
        client.send(b"old %d" % number)
    time.sleep(0.5)
    seen = [router.recv_multipart()[1] for _ in range(read_before)]
    if step.startswith("has left"):
        client.close()
        time.sleep(0.3)
    if step != "stays alone":
        successor = named(context, endpoint)
        successor.send(b"new")
    time.sleep(0.5)
    while router.poll(300):
        seen.append(router.recv_multipart()[1])
    context.destroy(linger=0)
    return sum(message.startswith(b"old") for message in seen), b"new" in seen


print("pyzmq", zmq.__version__, "libzmq", zmq.zmq_version())
changed = False
for handover, read_before, step, expected in [
    (1, 0, "stays alone", 10),
    (1, 0, "has left when another comes", 10),
    (1, 0, "is there when another comes", 0),
    (1, 3, "is there when another comes", 3),
    (0, 0, "is there when another comes", 10),
]:
    old, new = try_takeover(handover, read_before, step)
    told = f"read before: {read_before}  read in all: {old:2} of 10  the other's: {int(new)} of 1"
    print(f"handover: {handover}  the first {step:27}  {told}")
    changed |= old != expected
sys.exit(changed)
PYTHON
"$folder/venv/bin/python" "$folder/look.py"
