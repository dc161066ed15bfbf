"""The examples behind their servers, as they would run in production."""

import concurrent.futures
import hashlib
import os
import pathlib
import signal
import socket
import sys
import time
import urllib.error
import urllib.request

import pytest
from conftest import wait_until

import powerhose

EXAMPLES = str(pathlib.Path(__file__).parents[3] / "examples" / "web")
GUNICORN = ["gunicorn", "--workers", "2", "--graceful-timeout", "10", "--log-level", "error"]
SERVERS = {
    "flask, sync": [*GUNICORN, "flask_app:app"],
    "flask, sync, preloaded": [*GUNICORN, "--preload", "flask_app:app"],
    "flask, gthread": [*GUNICORN, "--threads", "8", "flask_app:app"],
    "flask, gevent": [*GUNICORN, "--worker-class", "gevent", "flask_app:app"],
    "flask, gevent, preloaded": [*GUNICORN, "--worker-class", "gevent", "--preload", "flask_app:app"],
    "pyramid and cornice, gevent": [*GUNICORN, "--worker-class", "gevent", "pyramid_app:app"],
    "django, sync": [*GUNICORN, "django_app:app"],
    "fastapi, asyncio": ["uvicorn", "--loop", "asyncio", "--log-level", "error", "fastapi_app:app"],
    "fastapi, uvloop": ["uvicorn", "--loop", "uvloop", "--log-level", "error", "fastapi_app:app"],
    "fastapi, hypercorn": ["hypercorn", "fastapi_app:app"],
    "fastapi, hypercorn with trio": ["hypercorn", "--worker-class", "trio", "fastapi_app:app"],
    "fastapi, hypercorn with two processes": ["hypercorn", "--workers", "2", "fastapi_app:app"],
    "fastapi, daphne": ["daphne", "fastapi_app:app"],
    "django, daphne": ["daphne", "django_app:asgi"],
    "django, asgi": ["uvicorn", "--log-level", "error", "django_app:asgi"],
}
COOPERATIVE = [name for name in SERVERS if "gevent" in name or "fastapi" in name]


@pytest.fixture(scope="module")
def workers():
    handler = os.path.join(EXAMPLES, "handlers.py") + ":digest"
    with powerhose.Cluster(handler, workers=4, pool="hash", worker_start=60) as cluster:
        yield cluster


@pytest.fixture(params=SERVERS)
def server(request, start, workers):
    """The name and the address of a server that answers."""
    name = request.param
    program, *arguments = SERVERS[name]
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port = chosen.getsockname()[1]
    place = {
        "gunicorn": ["--bind", f"127.0.0.1:{port}"],
        "hypercorn": ["--bind", f"127.0.0.1:{port}"],
        "uvicorn": ["--host", "127.0.0.1", "--port", str(port)],
        "daphne": ["--bind", "127.0.0.1", "--port", str(port)],
    }[program]
    environment = {"POWERHOSE_ENDPOINT": workers.runner.endpoints[0]}
    process = start(sys.executable, "-m", program, *place, *arguments, env=environment, cwd=EXAMPLES)
    address = f"http://127.0.0.1:{port}"
    wait_until(lambda: answers(address, process))
    yield name, address, process
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) in (0, -signal.SIGTERM)


def answers(address, process):
    assert process.poll() is None, "the server ended"
    try:
        return call(address + "/alive")[0] == 200
    except OSError:
        return False


def call(address, body=None):
    try:
        with urllib.request.urlopen(urllib.request.Request(address, body), timeout=60) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_a_service_answers_and_names_what_went_wrong(server):
    name, address, _ = server
    for number in range(20):
        body = b"body %d" % number
        assert call(address + "/digest", body) == (200, hashlib.sha256(body).hexdigest().encode())
    status, text = call(address + "/digest", b"")
    assert status == 400 and b"empty: there is nothing to hash" in text
    if name in ("django, asgi", "django, daphne"):
        assert call(address + "/async/digest", b"x") == (200, hashlib.sha256(b"x").hexdigest().encode())
    if name in COOPERATIVE:
        waits_cooperatively(address)


def waits_cooperatively(address):
    """While jobs of half a second run, requests without a job are answered at once."""
    with concurrent.futures.ThreadPoolExecutor(12) as threads:
        slow = [threads.submit(call, address + "/digest", b"slow %d" % number) for number in range(8)]
        quickest = []
        while not all(future.done() for future in slow):
            begun = time.monotonic()
            assert call(address + "/alive")[0] == 200
            quickest.append(time.monotonic() - begun)
        assert all(future.result()[0] == 200 for future in slow)
    # A server that stood still for every job would have answered a few times only.
    assert len(quickest) > 10
