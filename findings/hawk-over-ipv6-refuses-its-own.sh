#!/usr/bin/env bash
# HAWK over IPv6: npm's server refuses npm's client and takes hawkauthlib's, and so it goes around.
#
# What one expects: the host is in what a client signs, and HAWK takes it from the URL on one side and from the Host header
# on the other. So a client and a server of the same library agree about `http://[::1]:8080/`, as they do over IPv4, and
# if libraries disagree about the brackets, then the pairs of different ones fail.
#
# What happens: the brackets are in the Host header and in the URL, and each library keeps or drops them as its parsers do,
# which are different ones for the two sides. hawk (npm) drops them when it signs and keeps them when it verifies: every
# request of its own is a "Bad mac". Its server understands hawkauthlib, whose requests mohawk refuses; mohawk's server
# understands npm's client. Four of nine pairs work, and no client works with all. Over IPv4 all nine do.
#
# Seen with hawk 9.0.2 on node 20, mohawk 1.1.0, hawkauthlib 2.0.0 on Python 3.11:
#
#     [::1]        at hawk   at mohawk   at hawkauthlib
#     hawk         refused   accepted    refused
#     mohawk       refused   accepted    refused
#     hawkauthlib  accepted  refused     accepted
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check mohawk==1.1.0 hawkauthlib==2.0.0 requests==2.34.2
npm install --silent --no-audit --no-fund --prefix "$folder" hawk@9.0.2
cat > "$folder/server.js" <<'JAVASCRIPT'
// Listens on both loopback addresses and prints the two ports.
const hawk = require("hawk");
const http = require("http");

const credentials = async (id) => ({ id, key: "a made-up key", algorithm: "sha256" });
const answer = async (request, response) => {
  response.statusCode = await hawk.server.authenticate(request, credentials).then(() => 200, () => 401);
  response.end();
};
const listen = (host) => new Promise((done) => {
  const server = http.createServer(answer).listen(0, host, () => done(server.address().port));
});
(async () => console.log(await listen("127.0.0.1"), await listen("::1")))();
JAVASCRIPT
cat > "$folder/client.js" <<'JAVASCRIPT'
// Asks for each URL of the command line and prints the states of the answers.
const hawk = require("hawk");

(async () => {
  const credentials = { id: "somebody", key: "a made-up key", algorithm: "sha256" };
  const states = [];
  for (const url of process.argv.slice(2)) {
    const { header } = hawk.client.header(url, "GET", { credentials });
    states.push((await fetch(url, { headers: { Authorization: header } })).status);
  }
  console.log(JSON.stringify(states));
})();
JAVASCRIPT
node "$folder/server.js" > "$folder/ports" &
server=$!
cat > "$folder/look.py" <<'PYTHON'
import json
import socket
import subprocess
import sys
import threading
import time
from importlib.metadata import version
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import hawkauthlib
import mohawk
import requests
from webob import Request

folder = sys.argv[1]
KEY = "a made-up key"
CREDENTIALS = {"id": "somebody", "key": KEY, "algorithm": "sha256"}


class Quiet(WSGIRequestHandler):
    def log_message(self, *parts):
        pass


class OverIPv6(WSGIServer):
    address_family = socket.AF_INET6


def at_mohawk(request):
    try:
        mohawk.Receiver(
            lambda id: CREDENTIALS, request.headers["Authorization"], request.url, "GET",
            accept_untrusted_content=True, seen_nonce=lambda id, nonce, timestamp: False,
        )
        return True
    except mohawk.exc.HawkFail:
        return False


def at_hawkauthlib(request):
    return hawkauthlib.check_signature(request, KEY)


def serve(verify):
    """Serves on both loopback addresses and returns the two ports."""

    def application(environment, start_response):
        start_response("200 OK" if verify(Request(environment)) else "401 Unauthorized", [("Content-Length", "0")])
        return []

    ports = []
    for host, kind in [("127.0.0.1", WSGIServer), ("::1", OverIPv6)]:
        server = make_server(host, 0, application, server_class=kind, handler_class=Quiet)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        ports.append(server.server_port)
    return ports


def ports_of_npm():
    """node writes its ports as soon as it listens."""
    for _ in range(300):
        if (line := open(folder + "/ports").read()).endswith("\n"):
            return line.split()
        time.sleep(0.1)
    raise SystemExit("node does not start")


def with_hawk(urls):
    return json.loads(subprocess.run(["node", folder + "/client.js", *urls], check=True, capture_output=True).stdout)


def with_mohawk(urls):
    signed = [mohawk.Sender(CREDENTIALS, url, "GET", always_hash_content=False).request_header for url in urls]
    return [requests.get(url, headers={"Authorization": one}).status_code for url, one in zip(urls, signed)]


def with_hawkauthlib(urls):
    states = []
    for url in urls:
        request = Request.blank(url)
        hawkauthlib.sign_request(request, "somebody", KEY)
        states.append(requests.get(url, headers={"Authorization": request.headers["Authorization"]}).status_code)
    return states


print("mohawk", version("mohawk"), "hawkauthlib", version("hawkauthlib"), "Python", sys.version.split()[0])
ports = list(zip(ports_of_npm(), serve(at_mohawk), serve(at_hawkauthlib)))
clients = [("hawk", with_hawk), ("mohawk", with_mohawk), ("hawkauthlib", with_hawkauthlib)]
changed = False
for host, own, expected in [
    ("127.0.0.1", ports[0], [[200, 200, 200]] * 3),
    ("[::1]", ports[1], [[401, 200, 401], [401, 200, 401], [200, 401, 200]]),
]:
    print(f"{host:11}  at hawk   at mohawk   at hawkauthlib")
    for (name, ask), states in zip(clients, expected):
        seen = ask([f"http://{host}:{port}/" for port in own])
        words = ["accepted" if state == 200 else "refused" for state in seen]
        print(f"{name:11}  {words[0]:8}  {words[1]:10}  {words[2]}")
        changed |= seen != states
sys.exit(changed)
PYTHON
"$folder/venv/bin/python" "$folder/look.py" "$folder"
