#!/usr/bin/env bash
# gearmand: a worker's last function comes first, and the workers' libraries turn that round, or not.
#
# What one expects: gearmand's help (`--round-robin`) says what it does without that option: it gives out work in the order in
# which the worker added its functions. So a worker that can do "urgent" and then "usual" is given all that is urgent first.
#
# What happens: it is the reverse. The function that was named last is looked at first, and as long as one job waits for it
# no other function of that worker is served; not even a job of high priority, for priorities count within a function only.
# To name a function again moves nothing. Whether a program sees the order of the help or the reverse depends on its library:
# libgearman, from which the `gearman` tool is made, names the functions in reverse, so there the help is right; Perl's
# Gearman::Worker names them as registered, so there the last one wins. The same two lines, moved from one to the other,
# turn the priority of the functions upside down.
#
# Seen with Debian 12's gearman-job-server, gearman-tools 1.1.20+ds-1 and libgearman-client-perl 2.004.015-1; the same in
# each of many runs. Each registers first, second, third; two jobs of each wait, those of `first` with high priority:
#
#     on the wire        third third second second first first
#     gearman -w         first first second second third third
#     Gearman::Worker    third third second second first first
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/packages" "$folder/root"
(
    cd "$folder/packages"
    apt-get -qq download gearman-job-server=1.1.20+ds-1 gearman-tools=1.1.20+ds-1 libgearman8=1.1.20+ds-1 \
        libgearman-client-perl=2.004.015-1 libstring-crc32-perl liblist-moreutils-perl liblist-moreutils-xs-perl \
        libexporter-tiny-perl libboost-program-options1.74.0 libevent-2.1-7 libevent-pthreads-2.1-7 libhashkit2 \
        libhiredis0.14 libmariadb3 libmemcached11 libpq5 libsqlite3-0 2> errors || { cat errors; exit 1; }
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
    "CAN_DO": 1, "NOOP": 6, "JOB_CREATED": 8, "GRAB_JOB": 9, "NO_JOB": 10, "JOB_ASSIGN": 11, "WORK_COMPLETE": 13,
    "WORK_FAIL": 14, "SUBMIT_JOB_BG": 18, "ERROR": 19, "SUBMIT_JOB_HIGH_BG": 32,
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


FUNCTIONS = ["first", "second", "third"]


def fill(port):
    """Two jobs for each function, in turns."""
    client = Peer(port)
    for _ in range(2):
        for function in FUNCTIONS:
            command = "SUBMIT_JOB_HIGH_BG" if function == "first" else "SUBMIT_JOB_BG"
            assert client.ask(command, function, "", function + "\n")[0] == "JOB_CREATED"
    client.close()


def on_the_wire(port):
    worker = Peer(port)
    for function in FUNCTIONS:
        worker.send("CAN_DO", function)
    served = []
    while (given := worker.ask("GRAB_JOB"))[0] == "JOB_ASSIGN":
        served.append(given[2])
        worker.send("WORK_COMPLETE", given[1], "done")
    worker.close()
    return served


def by_program(command, environment, written):
    """Runs a worker until the file that it writes a line to at each job has six."""
    open(written, "w").close()
    worker = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    for _ in range(100):
        with open(written) as lines:
            served = lines.read().split()
        if len(served) >= 6:
            break
        time.sleep(0.1)
    worker.kill()
    worker.wait()
    return served


def tool(port, root):
    written = root + "/tool"
    command = [root + "/usr/bin/gearman", "-h", "127.0.0.1", "-p", str(port), "-w"]
    for function in FUNCTIONS:
        command += ["-f", function]
    libraries = dict(os.environ, LD_LIBRARY_PATH=root + "/usr/lib/x86_64-linux-gnu")
    return by_program([*command, "--", "tee", "-a", written], libraries, written)


def perl(port, root):
    written = root + "/perl"
    program = """
        use Gearman::Worker;
        my $worker = Gearman::Worker->new(job_servers => ["127.0.0.1:$ARGV[0]"]);
        sub write_down {
            open(my $file, ">>", $ARGV[1]);
            print $file $_[0]->arg;
            close $file;
            return "done";
        }
        $worker->register_function($_, \\&write_down) for qw(FUNCTIONS);
        $worker->work while 1;
    """.replace("FUNCTIONS", " ".join(FUNCTIONS))
    modules = root + "/usr/share/perl5:" + root + "/usr/lib/x86_64-linux-gnu/perl5/5.36"
    return by_program(["perl", "-e", program, str(port), written], dict(os.environ, PERL5LIB=modules), written)


root = sys.argv[1]
server, port = start(root)
seen = {}
try:
    for name, serve in [
        ("on the wire", lambda: on_the_wire(port)),
        ("gearman -w", lambda: tool(port, root)),
        ("Gearman::Worker", lambda: perl(port, root)),
    ]:
        fill(port)
        seen[name] = serve()
        print(f"{name:18} {' '.join(seen[name])}")
finally:
    server.terminate()
    server.wait()
in_order = [function for function in FUNCTIONS for _ in range(2)]
backwards = [function for function in reversed(FUNCTIONS) for _ in range(2)]
sys.exit(seen != {"on the wire": backwards, "gearman -w": in_order, "Gearman::Worker": backwards})
PYTHON
python3 "$folder/look.py" "$folder/root"
