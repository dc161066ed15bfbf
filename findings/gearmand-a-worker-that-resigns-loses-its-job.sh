#!/usr/bin/env bash
# gearmand: a worker that takes a function back while it works on it loses the job that it has.
#
# What one expects: CANT_DO says that the worker is no longer able to do a function, RESET_ABILITIES that it can do nothing
# any more. Both are how a worker leaves softly: no new jobs, the one in hand is finished and answered, then the connection
# ends. The protocol's text speaks of the list of abilities only, and ties a job to the worker's connection.
#
# What happens: gearmand puts the job that runs back into the queue at once. Another worker is given the same job while the
# first one still works on it, and when the first one reports, it is told ERROR JOB_NOT_FOUND and the result is thrown away.
# With one worker the client waits for ever, because nobody else can do the function. So the soft way to leave runs every
# job in hand twice. Naming the function again with CAN_DO does no harm; naming it twice and taking it back once does.
#
# Seen with Debian 12's gearman-job-server 1.1.20+ds-1. Depends on no time and no option; the same in each of many runs:
#
#     nothing           also given to the second: False  client: ['WORK_COMPLETE', 'H:host:1', 'first']  worker: None
#     CAN_DO            also given to the second: False  client: ['WORK_COMPLETE', 'H:host:2', 'first']  worker: None
#     CAN_DO, CANT_DO   also given to the second: True   client: None  worker: ['ERROR', 'JOB_NOT_FOUND', ...]
#     CANT_DO           also given to the second: True   client: None  worker: ['ERROR', 'JOB_NOT_FOUND', ...]
#     RESET_ABILITIES   also given to the second: True   client: None  worker: ['ERROR', 'JOB_NOT_FOUND', ...]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/packages" "$folder/root"
(
    cd "$folder/packages"
    apt-get -qq download gearman-job-server=1.1.20+ds-1 libboost-program-options1.74.0 libevent-2.1-7 libevent-pthreads-2.1-7 \
        libhashkit2 libhiredis0.14 libmariadb3 libmemcached11 libpq5 libsqlite3-0 2> errors || { cat errors; exit 1; }
    for package in *.deb; do dpkg -x "$package" "$folder/root"; done
)
cat > "$folder/look.py" <<'PYTHON'
import os
import select
import socket
import struct
import subprocess
import sys
import time

COMMANDS = {
    "CAN_DO": 1, "CANT_DO": 2, "RESET_ABILITIES": 3, "NOOP": 6, "SUBMIT_JOB": 7, "JOB_CREATED": 8, "GRAB_JOB": 9,
    "NO_JOB": 10, "JOB_ASSIGN": 11, "WORK_COMPLETE": 13, "WORK_FAIL": 14, "ERROR": 19,
}


class Peer:
    """A connection that writes and reads packets of Gearman's protocol."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))

    def send(self, name, *fields):
        body = b"\0".join(field.encode() for field in fields)
        self.socket.sendall(b"\0REQ" + struct.pack(">II", COMMANDS[name], len(body)) + body)

    def receive(self, seconds=5):
        """The next packet as a list, its name first, or None if none comes in time."""
        if not select.select([self.socket], [], [], seconds)[0]:
            return None
        number, length = struct.unpack(">4xII", self.socket.recv(12, socket.MSG_WAITALL))
        fields = self.socket.recv(length, socket.MSG_WAITALL).decode().split("\0") if length else []
        return [next(name for name in COMMANDS if COMMANDS[name] == number), *fields]

    def ask(self, name, *fields):
        self.send(name, *fields)
        return self.receive()

    def close(self):
        self.socket.close()


def start(root):
    """Starts gearmand on a free port of loopback; gives the process and the port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    libraries = dict(os.environ, LD_LIBRARY_PATH=root + "/usr/lib/x86_64-linux-gnu")
    command = [root + "/usr/sbin/gearmand", "--listen=127.0.0.1", f"--port={port}", "--log-file=none"]
    server = subprocess.Popen(command, env=libraries)
    for _ in range(100):
        try:
            Peer(port).close()
            return server, port
        except ConnectionRefusedError:
            time.sleep(0.1)
    server.kill()
    sys.exit("gearmand does not answer")


def try_words(port, function, words):
    """A worker with a job in hand says the words: is a second worker given the job, who hears what of the first's result?"""
    client, first, second = Peer(port), Peer(port), Peer(port)
    client.ask("SUBMIT_JOB", function, "", "payload")
    first.send("CAN_DO", function)
    given = first.ask("GRAB_JOB")
    assert given[0] == "JOB_ASSIGN", given
    for word in words:
        first.send(word, *([] if word == "RESET_ABILITIES" else [function]))
    time.sleep(0.3)
    second.send("CAN_DO", function)
    again = second.ask("GRAB_JOB")
    first.send("WORK_COMPLETE", given[1], "first")
    result, refusal = client.receive(0.5), first.receive(0.5)
    for peer in (client, first, second):
        peer.close()
    return again[0] == "JOB_ASSIGN" and again[1] == given[1], result, refusal


cases = [
    ([], False),
    (["CAN_DO"], False),
    (["CAN_DO", "CANT_DO"], True),
    (["CANT_DO"], True),
    (["RESET_ABILITIES"], True),
]
server, port = start(sys.argv[1])
changed = False
try:
    for number, (words, expected) in enumerate(cases):
        twice, result, refusal = try_words(port, f"case{number}", words)
        print(f"{', '.join(words) or 'nothing':16}  also given to the second: {twice!s:5}  client: {result}  worker: {refusal}")
        lost = result is None and refusal is not None and refusal[1] == "JOB_NOT_FOUND"
        done = result is not None and result[0] == "WORK_COMPLETE" and refusal is None
        changed |= twice != expected or not (lost if expected else done)
finally:
    server.terminate()
    server.wait()
sys.exit(changed)
PYTHON
python3 "$folder/look.py" "$folder/root"
