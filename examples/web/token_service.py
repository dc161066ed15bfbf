#!/usr/bin/env python3
"""The token service in Python, with workers in C++ or Rust: a master, worker processes, and gunicorn with gevent before them.

    token_service.py --worker-program build/token_worker

It takes the options of examples/token's `token-service`, and is started by that one's tests. Secrets, keys, claims and tokens
are never in its log, on a command line or in the environment: the workers read the keyring from a file in this process's
memory. It issues tokens to every caller, so it never listens beyond this machine unless told to.
"""

import argparse
import base64
import ctypes
import fcntl
import ipaddress
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys

import powerhose

DRAIN_SECONDS = 10
SECRET_BYTES = range(32, 1025)
SECRETS_MAX = 16
WEB_PROCESSES = 2


def options():
    parser = argparse.ArgumentParser(description="Issues and checks signed tokens over HTTP")
    parser.add_argument("--address", default="127.0.0.1:8080", help="where to listen; port 0 takes a free one")
    parser.add_argument("--let-anyone-ask", action="store_true", help="listen beyond this machine")
    parser.add_argument("--timeout", type=float, default=10, help="how many seconds one token may take")
    parser.add_argument("--workers", type=int, help="worker processes; one for each core unless set")
    parser.add_argument("--worker-program", default=os.environ.get("TOKEN_WORKER_PROGRAM"))
    parser.add_argument("--secret-file", help="secrets, one a line (at least 32 bytes): the first signs, all verify")
    parser.add_argument("--key", action="append", default=[], help="private key for JWTs, PKCS#8 in PEM or DER")
    parser.add_argument("--lifetime", type=int, default=300, help="seconds, where the claims name no expiry")
    parser.add_argument("--longest-lifetime", type=int, default=24 * 60 * 60, help="seconds that claims may ask for")
    chosen = parser.parse_args()
    if not chosen.worker_program:
        parser.error("--worker-program is needed, or TOKEN_WORKER_PROGRAM: this service computes no tokens itself")
    if chosen.lifetime > chosen.longest_lifetime:
        parser.error("--lifetime is longer than --longest-lifetime")
    return chosen


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        sys.exit(f"cannot read {path}: {error.strerror}")


def secrets_of(path):
    """The secrets of a file, or one for this run. No complaint shows what stands there."""
    if path is None:
        print(
            "no --secret-file: a secret is made for this run; once it ends, nobody can check its tokens",
            file=sys.stderr,
        )
        return [secrets.token_bytes(SECRET_BYTES[0])]
    found = []
    for number, line in enumerate(read(path).split(b"\n"), 1):
        secret = line.strip()
        if not secret or secret.startswith(b"#"):
            continue
        if len(secret) not in SECRET_BYTES:
            bounds = f"at least {SECRET_BYTES[0]} are needed, at most {SECRET_BYTES[-1]} allowed"
            sys.exit(f"secret file {path}: line {number}: the secret has {len(secret)} bytes, {bounds}")
        found.append(secret)
    if not 0 < len(found) <= SECRETS_MAX:
        sys.exit(f"secret file {path}: it has {len(found)} secrets, from 1 to {SECRETS_MAX} are expected")
    return found


def key_of(path):
    """PKCS#8 in DER. Whether it is a key, the workers find out."""
    content = read(path)
    if b"-----BEGIN " not in content:
        return content
    block = re.search(rb"-----BEGIN PRIVATE KEY-----(.*?)-----END PRIVATE KEY-----", content, re.DOTALL)
    if block is None:
        sys.exit(f"key file {path}: the PEM file holds no private key (BEGIN PRIVATE KEY)")
    return base64.b64decode(block[1])


def lay_out_keyring(chosen):
    """Where the workers find the keyring: it never touches a disk, cannot be changed, and is gone with this process."""
    keyring = {
        "secrets": [base64.urlsafe_b64encode(secret).decode() for secret in secrets_of(chosen.secret_file)],
        "keys": [base64.urlsafe_b64encode(key_of(path)).decode() for path in chosen.key],
        "default_seconds": chosen.lifetime,
        "longest_seconds": chosen.longest_lifetime,
    }
    file = os.memfd_create("token-keyring", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.fchmod(file, 0o400)
    os.write(file, json.dumps(keyring).encode())
    seal, shrink, grow, write = 1, 2, 4, 8
    add_seals = 1033
    fcntl.fcntl(file, add_seals, seal | shrink | grow | write)
    return f"/proc/{os.getpid()}/fd/{file}"


def listen(chosen):
    host, _, port = chosen.address.rpartition(":")
    address = ipaddress.ip_address(host.strip("[]"))
    if not address.is_loopback and not chosen.let_anyone_ask:
        sys.exit(
            f"{chosen.address} is reachable from other machines, and this service gives tokens to whoever asks; "
            "if something in front of it decides who may ask, add --let-anyone-ask"
        )
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    try:
        return socket.create_server((str(address), int(port)), family=family, backlog=1024), address
    except OSError as error:
        sys.exit(f"cannot listen on {chosen.address}: {error.strerror}")


def start_gunicorn(listener, endpoint, timeout):
    """It ends with this process, however that ends."""
    libc, end_with_parent = ctypes.CDLL(None), 1
    command = [sys.executable, "-m", "gunicorn", "--worker-class", "gevent", "--workers", str(WEB_PROCESSES)]
    command += ["--graceful-timeout", str(DRAIN_SECONDS), "--log-level", "error"]
    command += ["--bind", f"fd://{listener.fileno()}", "token_app:app"]
    return subprocess.Popen(
        command,
        cwd=os.path.dirname(os.path.abspath(__file__)),
        env={**os.environ, "POWERHOSE_ENDPOINT": endpoint, "TOKEN_TIMEOUT": str(timeout)},
        pass_fds=[listener.fileno()],
        # A Ctrl-C reaches this process alone, which ends gunicorn with patience.
        start_new_session=True,
        preexec_fn=lambda: libc.prctl(end_with_parent, signal.SIGTERM),
    )


def main():
    chosen = options()
    # Before all else: a port that is taken is then found out at once.
    listener, address = listen(chosen)
    keyring = lay_out_keyring(chosen)
    cluster = powerhose.Cluster([chosen.worker_program, "worker", "--keyring", keyring], workers=chosen.workers)
    # Whoever is told to end before gunicorn runs ends the cluster by leaving it.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    with cluster:
        gunicorn = start_gunicorn(listener, cluster.runner.endpoints[0], chosen.timeout)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: gunicorn.terminate())
        host, port = listener.getsockname()[:2]
        listener.close()
        print(f"listening on http://{f'[{host}]' if address.version == 6 else host}:{port}", file=sys.stderr)
        if address.is_loopback:
            whom = "whoever asks on this machine is given a token; other machines do not reach this address"
        else:
            whom = "whoever reaches this address is given a token"
        print(whom, file=sys.stderr, flush=True)
        status = gunicorn.wait()
        cluster.close(DRAIN_SECONDS)
    sys.exit(status)


if __name__ == "__main__":
    try:
        main()
    except powerhose.PowerhoseError as error:
        sys.exit(str(error))
