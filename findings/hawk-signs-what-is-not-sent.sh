#!/usr/bin/env bash
# HAWK clients sign another URL than the one their HTTP library sends, each one for other URLs.
#
# What one expects: a valid URL in plain ASCII, given to the signer and to the HTTP client word for word, is what both use.
# An apostrophe in a path, a `%7E`, an empty query: all of them are valid as they stand (RFC 3986).
#
# What happens: both read the URL with parsers of their own, and these disagree about what to leave alone.
#   * hawk (npm) writes an apostrophe in the path as %27, but fetch sends it as it is; in a query both write %27. It also
#     signs the question mark of an empty query, which fetch leaves out.
#   * mohawk signs `%7E` as it stands, and requests sends `~`; and it signs no path where there is none.
#   * hawkauthlib has none of these, but signs no path where there is none: requests sends `/`.
# So each library refuses its own client, and for other URLs than its neighbour, without a word on why. requests-hawk signs
# what requests is about to send, and all is well.
#
# Seen with hawk 9.0.2 (node 20, fetch), mohawk 1.1.0, hawkauthlib 2.0.0, requests-hawk 1.2.1 (requests 2.34.2):
#
#                        hawk      mohawk    hawkauthlib  requests-hawk at mohawk
#     /o'brien           refused   accepted  accepted     accepted
#     /?name=o'brien     accepted  accepted  accepted     accepted
#     /%7Ebrien          accepted  refused   accepted     accepted
#     /brien?            refused   accepted  accepted     accepted
#     (no path)          accepted  refused   refused      accepted
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    mohawk==1.1.0 hawkauthlib==2.0.0 requests==2.34.2 requests-hawk==1.2.1
npm install --silent --no-audit --no-fund --prefix "$folder" hawk@9.0.2
cat > "$folder/look.js" <<'JAVASCRIPT'
// Serves, asks for each path of the command line with hawk and fetch, and prints the states of the answers.
const hawk = require("hawk");
const http = require("http");

const credentials = { id: "somebody", key: "a made-up key", algorithm: "sha256" };
const server = http.createServer(async (request, response) => {
  const verdict = hawk.server.authenticate(request, async () => credentials);
  response.statusCode = await verdict.then(() => 200, () => 401);
  response.end();
});
server.listen(0, "127.0.0.1", async () => {
  const states = [];
  for (const path of process.argv.slice(2)) {
    const url = `http://127.0.0.1:${server.address().port}${path}`;
    const { header } = hawk.client.header(url, "GET", { credentials });
    states.push((await fetch(url, { headers: { Authorization: header } })).status);
  }
  console.log(JSON.stringify(states));
  process.exit();
});
JAVASCRIPT
cat > "$folder/look.py" <<'PYTHON'
import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version

import hawkauthlib
import mohawk
import requests
from requests_hawk import HawkAuth
from webob import Request

folder = sys.argv[1]
KEY = "a made-up key"
CREDENTIALS = {"id": "somebody", "key": KEY, "algorithm": "sha256"}


def at_mohawk(url, header):
    try:
        mohawk.Receiver(
            lambda id: CREDENTIALS, header, url, "GET",
            accept_untrusted_content=True, seen_nonce=lambda id, nonce, timestamp: False,
        )
        return True
    except mohawk.exc.HawkFail:
        return False


def at_hawkauthlib(url, header):
    return hawkauthlib.check_signature(Request.blank(url, headers={"Authorization": header}), KEY)


def serve(verify):
    """A server that gives the verifier the URL exactly as the request line and the Host header have it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            url = "http://" + self.headers["Host"] + self.path
            self.send_response(200 if verify(url, self.headers["Authorization"]) else 401)
            self.end_headers()

        def log_message(self, *parts):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def with_mohawk(url):
    return {"headers": {"Authorization": mohawk.Sender(CREDENTIALS, url, "GET", always_hash_content=False).request_header}}


def with_hawkauthlib(url):
    request = Request.blank(url)
    hawkauthlib.sign_request(request, "somebody", KEY)
    return {"headers": {"Authorization": request.headers["Authorization"]}}


def with_requests_hawk(url):
    return {"auth": HawkAuth(id="somebody", key=KEY, always_hash_content=False)}


def states(verify, sign):
    place = serve(verify)
    return [requests.get(place + path, **sign(place + path)).status_code for path in PATHS]


PATHS = ["/o'brien", "/?name=o'brien", "/%7Ebrien", "/brien?", ""]
for name in ["mohawk", "hawkauthlib", "requests-hawk", "requests"]:
    print(name, version(name), end="  ")
print("Python", sys.version.split()[0])
npm = json.loads(subprocess.run(["node", folder + "/look.js", *PATHS], check=True, capture_output=True).stdout)
seen = [npm, states(at_mohawk, with_mohawk), states(at_hawkauthlib, with_hawkauthlib), states(at_mohawk, with_requests_hawk)]
print(f"{'':17}  hawk      mohawk    hawkauthlib  requests-hawk at mohawk")
for path, *row in zip(PATHS, *seen):
    words = ["accepted" if state == 200 else "refused" for state in row]
    print(f"{path or '(no path)':17}  {words[0]:8}  {words[1]:8}  {words[2]:11}  {words[3]}")
expected = [[401, 200, 200, 401, 200], [200, 200, 401, 200, 401], [200, 200, 200, 200, 401], [200] * 5]
sys.exit(seen != expected)
PYTHON
"$folder/venv/bin/python" "$folder/look.py" "$folder"
