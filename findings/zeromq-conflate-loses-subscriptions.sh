#!/usr/bin/env bash
# libzmq: ZMQ_CONFLATE keeps only the last message, and only the last subscription.
#
# What one expects: with ZMQ_CONFLATE a SUB keeps the last message that reached it, a PUB the last one for each subscriber. The
# manual speaks of messages, names PUB and SUB among the kinds that know the option, and warns of messages of several parts
# only. What a socket has subscribed to is no message; setsockopt says that each subscription was taken.
#
# What happens: subscriptions travel to the publisher through the same queue, backwards, and that queue keeps one thing too.
# What was subscribed before the connection stood collapses into one of them, on either side: a PUB with the option deprives
# subscribers that know nothing of it. It comes back with each reconnect, also where each subscription was made in peace and
# had worked: the subscriber sends its list anew in one go, and one of it survives. Nobody is told.
#
# Seen with pyzmq 27.1.0 over libzmq 4.3.5; the same in each of many runs, over tcp and ipc:
#
#     option at: nobody  subscribed before  arrives: apples bananas cherries
#     option at: nobody  subscribed slowly  arrives: apples bananas cherries  after a reconnect: apples bananas cherries
#     option at: SUB     subscribed before  arrives: cherries
#     option at: SUB     subscribed slowly  arrives: apples bananas cherries  after a reconnect: cherries
#     option at: PUB     subscribed before  arrives: cherries
#     option at: PUB     subscribed slowly  arrives: apples bananas cherries  after a reconnect: cherries
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyzmq==27.1.0
cat > "$folder/look.py" <<'PYTHON'
import sys
import time

import zmq

TOPICS = [b"apples", b"bananas", b"cherries"]


def arrives(publisher, subscriber):
    """Which topics reach the subscriber; each is published alone, thrice, so that none replaces another or comes too early."""
    seen = set()
    for _ in range(3):
        for topic in TOPICS:
            publisher.send(topic)
            if subscriber.poll(200):
                seen.add(subscriber.recv().decode())
    return sorted(seen)


def bound(context, conflate, endpoint):
    publisher = context.socket(zmq.PUB)
    publisher.setsockopt(zmq.CONFLATE, conflate)
    publisher.bind(endpoint)
    return publisher, publisher.getsockopt_string(zmq.LAST_ENDPOINT)


def new_subscriber(context, conflate):
    subscriber = context.socket(zmq.SUB)
    subscriber.setsockopt(zmq.CONFLATE, conflate)
    subscriber.setsockopt(zmq.RECONNECT_IVL, 50)
    return subscriber


def try_option(publisher_has_it, subscriber_has_it):
    """What arrives if all was subscribed before the connect; if slowly; and then when the publisher is back."""
    context = zmq.Context()
    publisher, endpoint = bound(context, publisher_has_it, "tcp://127.0.0.1:*")
    early = new_subscriber(context, subscriber_has_it)
    for topic in TOPICS:
        early.setsockopt(zmq.SUBSCRIBE, topic)
    early.connect(endpoint)
    time.sleep(1)
    before = arrives(publisher, early)
    early.close(linger=0)
    slow = new_subscriber(context, subscriber_has_it)
    slow.connect(endpoint)
    for topic in TOPICS:
        time.sleep(0.5)
        slow.setsockopt(zmq.SUBSCRIBE, topic)
        time.sleep(0.5)
        publisher.send(b"for nobody, but the publisher looks at what has come")
    slowly = arrives(publisher, slow)
    publisher.close(linger=0)
    time.sleep(0.5)
    publisher, _ = bound(context, publisher_has_it, endpoint)
    time.sleep(1)
    after = arrives(publisher, slow)
    context.destroy(linger=0)
    return before, slowly, after


print("pyzmq", zmq.__version__, "libzmq", zmq.zmq_version())
changed = False
for name, publisher_has_it, subscriber_has_it in [("nobody", 0, 0), ("SUB", 0, 1), ("PUB", 1, 0)]:
    before, slowly, after = try_option(publisher_has_it, subscriber_has_it)
    print(f"option at: {name:6}  subscribed before  arrives: {' '.join(before)}")
    print(f"option at: {name:6}  subscribed slowly  arrives: {' '.join(slowly)}  after a reconnect: {' '.join(after)}")
    kept = 3 if name == "nobody" else 1
    changed |= (len(before), len(slowly), len(after)) != (kept, 3, kept)
sys.exit(changed)
PYTHON
"$folder/venv/bin/python" "$folder/look.py"
