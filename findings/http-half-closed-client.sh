#!/usr/bin/env bash
# HTTP servers and a client that has closed its sending half: some answer, some hang up, and all of them run the request.
#
# What one expects: a client may send its whole request, close its sending half ("this was all", as `nc -N` and many a
# script over a socket do) and read the answer: TCP allows it, and the request is complete. Servers answer; if there are
# some that take it for a client that went away, then they at least stop the work, or say so in their logs.
#
# What happens: it is a matter of luck, and not of the kind of server. Of two ASGI servers hypercorn answers, and uvicorn
# hangs up at once, without a byte (so do daphne 4.2.3 and granian 2.8.9, left out here for the time they take). All kinds
# of gunicorn's workers answer, and so does waitress. node hangs up, though its sockets are allowed to be half open. The ones
# that hang up let the application run to its end all the same and tell it nothing when it sends; aiohttp notes a 200 for
# the answer that nobody got.
#
# Seen on Python 3.11 and node 20, an answer that takes half a second:
#
#     uvicorn 0.54.0 (h11)        hung up after 0.0 s    the application ran to its end
#     uvicorn 0.54.0 (httptools)  hung up after 0.0 s    the application ran to its end
#     hypercorn 0.18.0            answered after 0.5 s   the application ran to its end
#     gunicorn 27.0.1 (sync)      answered after 0.5 s   the application ran to its end
#     gunicorn 27.0.1 (gthread)   answered after 0.5 s   the application ran to its end
#     waitress 3.0.2              answered after 0.5 s   the application ran to its end
#     aiohttp 3.14.5              hung up after 0.0 s    the application ran to its end
#     node                        hung up after 0.0 s    the application ran to its end
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    uvicorn==0.54.0 httptools==0.9.0 hypercorn==0.18.0 gunicorn==27.0.1 waitress==3.0.2 aiohttp==3.14.5
cat > "$folder/application.py" <<'PYTHON'
import asyncio
import time

from aiohttp import web


def tell():
    """The application ran to its end: the file `ran` grows by a letter."""
    with open("ran", "a") as ran:
        ran.write("x")


async def asgi(scope, receive, send):
    while scope["type"] == "lifespan":
        event = (await receive())["type"]
        await send({"type": event + ".complete"})
        if event == "lifespan.shutdown":
            return
    await asyncio.sleep(0.5)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
    await send({"type": "http.response.body", "body": b"done"})
    tell()


def wsgi(environment, start_response):
    time.sleep(0.5)
    start_response("200 OK", [("Content-Length", "4")])
    tell()
    return [b"done"]


async def handle(request):
    await asyncio.sleep(0.5)
    tell()
    return web.Response(text="done")


def aiohttp(arguments):
    application = web.Application()
    application.router.add_get("/", handle)
    return application
PYTHON
cat > "$folder/application.js" <<'JAVASCRIPT'
const http = require("http");

http.createServer((request, response) => {
  setTimeout(() => {
    response.end("done");
    require("fs").appendFileSync("ran", "x");
  }, 500);
}).listen(Number(process.argv[2]), "127.0.0.1");
JAVASCRIPT
cat > "$folder/look.py" <<'PYTHON'
import os
import socket
import subprocess
import sys
import time
from importlib.metadata import version

folder = sys.argv[1]
os.chdir(folder)


def size_of_ran():
    return os.path.getsize("ran") if os.path.exists("ran") else 0


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def ask(port, half_close):
    """One request: the last bytes of the answer, and how long it took."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        start = time.monotonic()
        answer = b""
        while part := connection.recv(65536):
            answer += part
        return answer.endswith(b"done"), time.monotonic() - start


def wait_until(condition):
    for _ in range(200):
        if condition():
            return True
        time.sleep(0.1)
    return False


def answers(port):
    try:
        return ask(port, False)[0]
    except OSError:
        return False


def look(command, port):
    """Starts a server, sees that it answers, and asks once more with the sending half closed."""
    with open("log", "w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        if not wait_until(lambda: answers(port)):
            raise SystemExit(f"{command[0]} does not serve: " + open("log").read())
        time.sleep(0.2)
        before = size_of_ran()
        answered, seconds = ask(port, True)
        return answered, seconds, wait_until(lambda: size_of_ran() > before)
    finally:
        server.terminate()
        server.wait()


def servers():
    """Name, command with PORT for the port, and whether it answers a client whose sending half is closed."""
    bin = folder + "/venv/bin/"
    for parser in ["h11", "httptools"]:
        name = f"uvicorn {version('uvicorn')} ({parser})"
        yield name, [bin + "uvicorn", "application:asgi", "--http", parser, "--port", "PORT"], False
    yield "hypercorn " + version("hypercorn"), [bin + "hypercorn", "application:asgi", "-b", "127.0.0.1:PORT"], True
    for kind in ["sync", "gthread"]:
        name = f"gunicorn {version('gunicorn')} ({kind})"
        yield name, [bin + "gunicorn", "application:wsgi", "-b", "127.0.0.1:PORT", "-k", kind], True
    yield "waitress " + version("waitress"), [bin + "waitress-serve", "--listen=127.0.0.1:PORT", "application:wsgi"], True
    yield "aiohttp " + version("aiohttp"), [
        bin + "python", "-m", "aiohttp.web", "-H", "127.0.0.1", "-P", "PORT", "application:aiohttp"
    ], False
    yield "node", ["node", "application.js", "PORT"], False


changed = False
for name, command, expected in servers():
    port = free_port()
    answered, seconds, ran = look([word.replace("PORT", str(port)) for word in command], port)
    how = f"{'answered' if answered else 'hung up'} after {seconds:.1f} s"
    print(f"{name:26}  {how:22} the application {'ran to its end' if ran else 'was stopped'}")
    changed |= answered != expected or not ran
sys.exit(changed)
PYTHON
node --version
"$folder/venv/bin/python" "$folder/look.py" "$folder"
