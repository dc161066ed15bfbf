#!/usr/bin/env bash
# libzmq: a limit for messages keeps peers out by their kind, their name and their encryption.
#
# What one expects: ZMQ_MAXMSGSIZE bounds the size of an inbound message; a peer that sends a larger one is disconnected. A
# service whose jobs have at most 40 bytes sets 40, and everybody who keeps to that is served.
#
# What happens: the limit is laid on what the wire carries, and the commands of the handshake count. READY names the sender's
# kind, and for some kinds its routing id: 26 bytes for a PUSH, 41 for a DEALER, one more for each byte of its id. A peer
# whose READY is longer never gets in, whatever it sends, and tries again each 100 ms for ever. CURVE's handshake needs more,
# and then each message counts 33 bytes more than it has: the same limit allows 320 bytes in the clear and 287 encrypted.
# Nothing at the sender tells the reason; its `send` succeeds.
#
# Seen with pyzmq 27.1.0 over libzmq 4.3.5; to the byte the same in each run:
#
#     limit:  25  PUSH,   id of  0, clear   message of   5 bytes arrives: False
#     limit:  26  PUSH,   id of  0, clear   message of   5 bytes arrives: True
#     limit:  40  DEALER, id of  0, clear   message of   5 bytes arrives: False
#     limit:  41  DEALER, id of  0, clear   message of   5 bytes arrives: True
#     limit:  60  DEALER, id of 19, clear   message of   5 bytes arrives: True
#     limit:  60  DEALER, id of 20, clear   message of   5 bytes arrives: False
#     limit: 260  PUSH,   id of  0, curve   message of   5 bytes arrives: False
#     limit: 320  PUSH,   id of  0, curve   message of 287 bytes arrives: True
#     limit: 320  PUSH,   id of  0, curve   message of 288 bytes arrives: False
#     limit: 320  PUSH,   id of  0, clear   message of 320 bytes arrives: True
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyzmq==27.1.0
cat > "$folder/look.py" <<'PYTHON'
import sys

import zmq


def try_limit(limit, kind, routing_id, curve, size):
    """Whether a message of this size arrives at a socket with this ZMQ_MAXMSGSIZE."""
    context = zmq.Context()
    receiver = context.socket(zmq.PULL if kind == zmq.PUSH else zmq.ROUTER)
    receiver.setsockopt(zmq.MAXMSGSIZE, limit)
    sender = context.socket(kind)
    if routing_id:
        sender.setsockopt(zmq.ROUTING_ID, routing_id)
    if curve:
        public, secret = zmq.curve_keypair()
        receiver.curve_server = True
        receiver.curve_secretkey = secret
        sender.curve_serverkey = public
        sender.curve_publickey, sender.curve_secretkey = zmq.curve_keypair()
    receiver.bind("tcp://127.0.0.1:*")
    sender.connect(receiver.getsockopt_string(zmq.LAST_ENDPOINT))
    sender.send(b"x" * size)
    arrived = bool(receiver.poll(2000))
    context.destroy(linger=0)
    return arrived


print("pyzmq", zmq.__version__, "libzmq", zmq.zmq_version())
changed = False
for limit, kind, id_length, curve, size, expected in [
    (25, zmq.PUSH, 0, False, 5, False),
    (26, zmq.PUSH, 0, False, 5, True),
    (40, zmq.DEALER, 0, False, 5, False),
    (41, zmq.DEALER, 0, False, 5, True),
    (60, zmq.DEALER, 19, False, 5, True),
    (60, zmq.DEALER, 20, False, 5, False),
    (260, zmq.PUSH, 0, True, 5, False),
    (320, zmq.PUSH, 0, True, 287, True),
    (320, zmq.PUSH, 0, True, 288, False),
    (320, zmq.PUSH, 0, False, 320, True),
]:
    arrived = try_limit(limit, kind, b"i" * id_length, curve, size)
    sender = f"{kind.name + ',':7} id of {id_length:2}, {'curve' if curve else 'clear'}"
    print(f"limit: {limit:3}  {sender}   message of {size:3} bytes arrives: {arrived}")
    changed |= arrived != expected
sys.exit(changed)
PYTHON
"$folder/venv/bin/python" "$folder/look.py"
