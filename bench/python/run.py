#!/usr/bin/env python3
"""Measures the Python package beside multiprocessing.Pool and ProcessPoolExecutor, in one run, in turns.

    cargo build --release -p powerhose-bench
    (cd bindings/python && maturin build --release --no-default-features --features abi3-py311 --out wheels)
    venv/bin/pip install bindings/python/wheels/*.whl
    venv/bin/python bench/python/run.py --rust target/release/powerhose-bench

W1 is one caller, one call at a time, 64 bytes, one worker. W2 is 64 bytes, 64 in flight, W3 a hundred microseconds and more of
hashlib, W4 a MiB, 8 in flight; two workers. "views" is W4 with `buffer` instead of `payload` at both ends. Prints medians and
ranges, and each as so many times the row that it is held against, of the same repeat.
"""

import argparse
import asyncio
import concurrent.futures
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tracemalloc

import work
from measure import FORK, LARGE, SMALL, endless, latency, mapped, plain, resident, tasks, threads, window

from powerhose import Executor, _powerhose
from powerhose._cluster import Cluster
from powerhose._runner import JobRunner

WAYS = {
    "w1": ["execute"],
    "w2": ["threads", "submit", "aexecute", "map"],
    "w3": ["threads", "map"],
    "w4": ["threads", "map", "views"],
}


@contextlib.contextmanager
def rust_workers(program, load, workers):
    cluster = _powerhose.Cluster([program, "worker", load], [], workers, None, None, {})
    try:
        native = cluster.runner()
        yield JobRunner(native.endpoints(), {}, native)
    finally:
        cluster.close(0.0)


def python_workers(function, workers):
    return Cluster(f"work:{function}", workers=workers, worker_start=60)


def of_executor(load, seconds):
    job = work.chain if load == "w3" else work.echo
    payload, in_flight = (LARGE, 8) if load == "w4" else (SMALL, 64)
    with concurrent.futures.ProcessPoolExecutor(1 if load == "w1" else 2, mp_context=FORK) as executor:
        executor.submit(job, payload).result()
        if load == "w1":
            return latency(lambda: executor.submit(job, payload).result(), seconds)
        return window(lambda again: executor.submit(job, payload).add_done_callback(again), in_flight, seconds)


def of_pool(load, seconds):
    job = work.chain if load == "w3" else work.echo
    payload, in_flight = (LARGE, 8) if load == "w4" else (SMALL, 64)
    with FORK.Pool(1 if load == "w1" else 2) as pool:
        pool.apply(job, (payload,))
        if load == "w1":
            return latency(lambda: pool.apply(job, (payload,)), seconds)
        return window(lambda again: pool.apply_async(job, (payload,), callback=again), in_flight, seconds)


def ours(way, load, seconds, runner):
    payload, in_flight = (LARGE, 8) if load == "w4" else (SMALL, 64)
    runner.execute(payload)
    if load == "w1":
        return latency(lambda: runner.execute(payload), seconds)
    if way == "threads":
        return threads(lambda: runner.execute(payload), in_flight, seconds)
    if way == "submit":
        return window(lambda again: runner.submit(payload).add_done_callback(again), in_flight, seconds)
    if way == "aexecute":
        return asyncio.run(tasks(runner, payload, in_flight, seconds))
    if way == "views":
        replies = runner.detailed.map(endless(payload), window=in_flight)
        return mapped((reply.buffer for reply in replies), seconds)
    return mapped(runner.map(endless(payload), window=in_flight if load == "w4" else None), seconds)


def with_rust(way, load, seconds, program):
    work_name = {"w3": "hmac", "w4": "echo-large"}.get(load, "echo")
    with rust_workers(program, work_name, 1 if load == "w1" else 2) as runner:
        return ours(way, load, seconds, runner)


def with_python(way, load, seconds):
    function = "chain_job" if load == "w3" else "view_job" if way == "views" else "echo_job"
    with python_workers(function, 1 if load == "w1" else 2) as cluster:
        return ours(way, load, seconds, cluster.runner)


def our_executor(seconds):
    with Executor(2, worker_start=60) as executor:
        executor.submit(work.echo, SMALL).result()
        return window(lambda again: executor.submit(work.echo, SMALL).add_done_callback(again), 64, seconds)


def rusts_own_w1(program):
    """The median of Rust's own `execute`, in microseconds."""
    command = [program, "w1", "--json", "--repeats", "1", "--only", "execute"]
    report = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return report["loads"][0]["rows"][0]["median"] / 1000


def memory_of_a_call(program, measure):
    """Bytes of 10,000 concurrent `aexecute`, each, beside the same tasks of asyncio that only wait."""

    async def hold(begin):
        before = measure()
        waiting = [asyncio.ensure_future(begin()) for _ in range(10_000)]
        await asyncio.sleep(1)
        used = measure() - before
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return used / 10_000

    async def only_waits():
        await asyncio.get_running_loop().create_future()

    with rust_workers(program, "echo", 1) as runner:
        runner.execute(b"x")
        ours = asyncio.run(hold(lambda: runner.aexecute(SMALL, pool="nobody", timeout=60)))
    return ours - asyncio.run(hold(only_waits))


def traced(program):
    """Only those that Python took: exact, but slow."""
    tracemalloc.start()
    try:
        return memory_of_a_call(program, lambda: tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()


def rows(options):
    """Name, and what measures it."""
    rust, seconds = options.rust, options.seconds
    if rust:
        yield "w1 Rust's own execute", lambda: rusts_own_w1(rust)
        yield "bytes of a waiting aexecute beside asyncio's own", lambda: memory_of_a_call(rust, resident)
        yield "bytes of those that Python took", lambda: traced(rust)
    for load in ("w1", "w2", "w3", "w4"):
        yield f"{load} ProcessPoolExecutor", lambda load=load: of_executor(load, seconds)
        yield f"{load} multiprocessing.Pool", lambda load=load: of_pool(load, seconds)
        if load == "w3":
            yield "w3 plain processes", lambda: plain(work.chain, seconds)
        for way in WAYS[load]:
            if rust and load != "w3":
                yield f"{load} Rust workers, {way}", lambda way=way, load=load: with_rust(way, load, seconds, rust)
            yield f"{load} Python workers, {way}", lambda way=way, load=load: with_python(way, load, seconds)
        if load == "w2":
            yield "w2 Executor.submit", lambda: our_executor(seconds)


def held_against(name):
    """The row that this one is compared with."""
    load, _, _ = name.partition(" ")
    if load == "w1":
        return "w1 Rust's own execute"
    if load == "w3":
        return "w3 plain processes"
    return f"{load} ProcessPoolExecutor" if load in ("w2", "w4") else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rust", help="the program powerhose-bench, for workers in Rust")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each row, in each repeat")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", default="", help="rows whose names contain this")
    options = parser.parse_args()
    os.environ["PYTHONPATH"] = os.path.dirname(os.path.abspath(__file__))
    measured = {}
    for _ in range(options.repeats):
        for name, measure in rows(options):
            if options.only in name:
                measured.setdefault(name, []).append(measure())
                print(name, round(measured[name][-1], 1), file=sys.stderr, flush=True)
    print("load", *os.getloadavg(), file=sys.stderr)
    print("| | median | range | times | held against |\n|---|---|---|---|---|")
    for name, values in measured.items():
        unit = "µs" if name.startswith("w1") else "B" if name.startswith("bytes") else "/s"
        against = held_against(name)
        times = [value / other for value, other in zip(values, measured.get(against, []))]
        ratio = f"{statistics.median(times):.2f} | {against}" if times else " | "
        print(
            f"| {name} | {statistics.median(values):,.0f} {unit} | {min(values):,.0f} to {max(values):,.0f} | {ratio} |"
        )


if __name__ == "__main__":
    main()
