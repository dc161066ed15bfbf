#!/usr/bin/env python3
"""The same commands, run by the package of bindings/python in the place of examples/python."""
import argparse, types

import powerhose
from commands_worker import by_header, handlers


def run(job):
    peer, call = map(int, job.id.split("."))
    seen = types.SimpleNamespace(id=peer << 40 | call, attempt=job.attempt, pool=job.pool, headers=job.headers,
                                 payload=job.payload, deadline_ms=handlers.now_ms() + int(job.remaining * 1000))
    try:
        return by_header(seen)
    except handlers.Failed as failed:
        code, text = (*map(str, failed.args), "", "")[:2]
        raise powerhose.Failure(code, text) from None


parser = argparse.ArgumentParser()
parser.add_argument("endpoint")
parser.add_argument("--pool", action="append")
options = parser.parse_args()
powerhose.Worker(options.endpoint, pool=options.pool or ["default"]).run(run)
