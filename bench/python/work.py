"""What is measured as a job: the loads of docs/BENCHMARKS.md, for workers of all kinds."""

import hmac

import powerhose

_base = hmac.new(b"k" * 4096, b"", "sha256")


def echo(data):
    return data


def chain(data):
    """401 chained HMAC-SHA256 whose key is prepared once."""
    seed = data
    for _ in range(401):
        mac = _base.copy()
        mac.update(seed)
        seed = mac.hexdigest().encode()
    return seed


@powerhose.handler()
def echo_job(job):
    return job.payload


@powerhose.handler()
def view_job(job):
    return job.buffer


@powerhose.handler()
def chain_job(job):
    return chain(job.payload)
