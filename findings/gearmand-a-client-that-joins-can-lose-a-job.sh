#!/usr/bin/env bash
# gearmand: a background job is lost when a foreground client joins it and leaves.
#
# What one expects: gearmand lets jobs of the same function and unique id share one run. A background job is a promise: its
# client may go, and gearmand runs it, once more if a worker dies. A second client that asks for the same thing and then goes
# takes nothing away: the manual says of background jobs that the server runs them whether or not a client is there.
#
# What happens: the job that was joined belongs to the client that waits. If that one leaves before a worker has the job, it is
# never run. If it leaves while the job runs and the worker then dies, it is not run again. The order does not matter: a
# background client that joins a foreground job is told JOB_CREATED and is deserted in the same way. `status` goes on
# to count the job as waiting until the next worker asks, finds nothing, and the count drops to 0. No client hears of it.
#
# Seen with Debian 12's gearman-job-server 1.1.20+ds-1. Depends on no time and no option; the same in each of many runs:
#
#     background alone, its client leaves                  waiting: 1  handed out: True
#     background, joined by a foreground client that stays waiting: 1  handed out: True
#     background, joined by a foreground client that left  waiting: 1  handed out: False
#     foreground, joined by a background client, then left waiting: 1  handed out: False
#     running in background, its worker dies               waiting: 1  handed out: True
#     the same, joined by a foreground client that left    waiting: 1  handed out: False
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
    "CAN_DO": 1, "NOOP": 6, "SUBMIT_JOB": 7, "JOB_CREATED": 8, "GRAB_JOB": 9, "NO_JOB": 10, "JOB_ASSIGN": 11,
    "WORK_COMPLETE": 13, "WORK_FAIL": 14, "SUBMIT_JOB_BG": 18, "ERROR": 19,
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


def waiting(port, function):
    """How many jobs of a function the server says that it has."""
    with socket.create_connection(("127.0.0.1", port)) as admin:
        admin.sendall(b"status\n")
        for line in admin.makefile():
            fields = line.split("\t")
            if fields[0] == function:
                return int(fields[1])


def grab(port, function):
    """A worker, and what the server gives it when it asks for a job."""
    worker = Peer(port)
    worker.send("CAN_DO", function)
    return worker, worker.ask("GRAB_JOB")


def try_submits(port, function, steps, worker_dies):
    """Submits one job from several clients, of which some leave; what `status` counts then, and whether a worker gets it."""
    clients, handles = [], set()
    for command, _ in steps:
        client = Peer(port)
        handles.add(tuple(client.ask(command, function, "the same unique", "payload")))
        if worker_dies and not clients:
            first_worker, given = grab(port, function)
            assert given[0] == "JOB_ASSIGN", given
        clients.append(client)
    assert len(handles) == 1, handles
    for client, (_, leaves) in zip(clients, steps):
        if leaves:
            client.close()
    time.sleep(0.3)
    if worker_dies:
        first_worker.close()
        time.sleep(0.3)
    counted = waiting(port, function)
    worker, given = grab(port, function)
    for peer in [worker, *clients]:
        peer.close()
    return counted, given[0] == "JOB_ASSIGN"


foreground, background = "SUBMIT_JOB", "SUBMIT_JOB_BG"
cases = [
    ("background alone, its client leaves", [(background, True)], False, True),
    ("background, joined by a foreground client that stays", [(background, True), (foreground, False)], False, True),
    ("background, joined by a foreground client that left", [(background, False), (foreground, True)], False, False),
    ("foreground, joined by a background client, then left", [(foreground, True), (background, False)], False, False),
    ("running in background, its worker dies", [(background, False)], True, True),
    ("the same, joined by a foreground client that left", [(background, False), (foreground, True)], True, False),
]
server, port = start(sys.argv[1])
changed = False
try:
    for number, (name, steps, worker_dies, expected) in enumerate(cases):
        counted, given = try_submits(port, f"case{number}", steps, worker_dies)
        print(f"{name:52}  waiting: {counted}  handed out: {given}")
        changed |= (counted, given) != (1, expected)
finally:
    server.terminate()
    server.wait()
sys.exit(changed)
PYTHON
python3 "$folder/look.py" "$folder/root"
