#!/usr/bin/env bash
# libzmq: heartbeats cut off a healthy peer that reads slowly, lose its messages, and undo the bounds of the queues.
#
# What one expects: heartbeats are the business of the I/O threads, so a peer whose application is busy still answers: its
# process is well. If it does not read, the high water marks hold the sender back until it reads again. That is back-pressure,
# which is no fault and ends no connection.
#
# What happens: a full inbound queue stops the reader's I/O thread from reading that connection at all, so the PING is not
# read either. The sender takes the silence for death and ends the connection, connects again, is welcomed, fills the fresh
# buffers, and so on in each interval. Each end loses what was on its way: some messages over tcp, about half of all over
# ipc. And the bound is gone: with each connection the sender may send a whole set of buffers more, which over tcp the reader
# finds in the kernel later. Sender and reader are two healthy sockets in one process, and nobody sets any wrong option.
#
# Seen with pyzmq 27.1.0 over libzmq 4.3.5. The PULL does not read for 3 s; both queues have 10 messages of 2 kB. The counts
# depend on the kernel's buffers; that only heartbeats lose any does not:
#
#     tcp  heartbeat:   0 ms  sent: 1455  lost:    0  connections ended: 0
#     tcp  heartbeat: 300 ms  sent: 5815  lost:    5  connections ended: 4
#     ipc  heartbeat:   0 ms  sent:   60  lost:    0  connections ended: 0
#     ipc  heartbeat: 300 ms  sent:  165  lost:  110  connections ended: 4
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyzmq==27.1.0
cat > "$folder/look.py" <<'PYTHON'
import sys
import tempfile
import time

import zmq
from zmq.utils.monitor import recv_monitor_message


def try_heartbeat(interval, place):
    """A PULL does not read for three seconds: what of all that PUSH was allowed to send does it read then?"""
    context = zmq.Context()
    pull = context.socket(zmq.PULL)
    pull.setsockopt(zmq.RCVHWM, 10)
    pull.bind(place)
    push = context.socket(zmq.PUSH)
    push.setsockopt(zmq.SNDHWM, 10)
    push.setsockopt(zmq.HEARTBEAT_IVL, interval)
    monitor = push.get_monitor_socket()
    push.connect(pull.getsockopt_string(zmq.LAST_ENDPOINT))
    sent = 0
    until = time.monotonic() + 3
    while time.monotonic() < until:
        if push.poll(50, zmq.POLLOUT):
            push.send(b"%06d" % sent + b"x" * 2000)
            sent += 1
    read = set()
    while pull.poll(1500):
        read.add(int(pull.recv()[:6]))
    ends = 0
    while monitor.poll(0):
        ends += recv_monitor_message(monitor)["event"] == zmq.EVENT_DISCONNECTED
    context.destroy(linger=0)
    return sent, sent - len(read), ends


print("pyzmq", zmq.__version__, "libzmq", zmq.zmq_version())
changed = False
with tempfile.TemporaryDirectory() as folder:
    for number, place in enumerate(["tcp://127.0.0.1:*", f"ipc://{folder}/wire"]):
        for interval in (0, 300):
            sent, lost, ends = try_heartbeat(interval, place)
            print(f"{place[:3]}  heartbeat: {interval:3} ms  sent: {sent:4}  lost: {lost:4}  connections ended: {ends}")
            changed |= (lost > 0) != (interval > 0) or (ends > 0) != (interval > 0)
sys.exit(changed)
PYTHON
"$folder/venv/bin/python" "$folder/look.py"
