"""How it is measured: calls a second, microseconds a call, bytes."""

import asyncio
import multiprocessing
import os
import statistics
import threading
import time

SMALL, LARGE = bytes(64), bytes(1 << 20)
FORK = multiprocessing.get_context("fork")


def latency(call, seconds):
    """Median of one call after the other, in microseconds."""
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        begun = time.perf_counter_ns()
        call()
        times.append(time.perf_counter_ns() - begun)
    return statistics.median(times[len(times) // 10 :]) / 1000


def threads(call, in_flight, seconds):
    """Calls a second of so many threads."""
    counts, stopped = [0] * in_flight, threading.Event()

    def loop(number):
        while not stopped.is_set():
            call()
            counts[number] += 1

    started = [threading.Thread(target=loop, args=(number,)) for number in range(in_flight)]
    for thread in started:
        thread.start()
    time.sleep(seconds / 4)
    before, begun = sum(counts), time.perf_counter()
    time.sleep(seconds)
    rate = (sum(counts) - before) / (time.perf_counter() - begun)
    stopped.set()
    for thread in started:
        thread.join()
    return rate


def window(submit, in_flight, seconds):
    """Calls a second, so many under way: each that ends submits the next. `submit` takes what to call then."""
    count, running, ended = 0, True, threading.Semaphore(0)

    def again(*_):
        nonlocal count
        count += 1
        if running:
            submit(again)
        else:
            ended.release()

    for _ in range(in_flight):
        submit(again)
    time.sleep(seconds / 4)
    before, begun = count, time.perf_counter()
    time.sleep(seconds)
    rate = (count - before) / (time.perf_counter() - begun)
    running = False
    for _ in range(in_flight):
        ended.acquire()
    return rate


def mapped(results, seconds):
    """Results a second of an endless iterator."""
    end = time.perf_counter() + seconds / 4
    while time.perf_counter() < end:
        next(results)
    count, begun = 0, time.perf_counter()
    while time.perf_counter() < begun + seconds:
        for _ in range(100):
            next(results)
        count += 100
    return count / (time.perf_counter() - begun)


def endless(payload):
    while True:
        yield payload


def plain(job, seconds):
    """Jobs a second of two plain processes."""
    cells = [FORK.Value("Q", 0, lock=False) for _ in range(2)]

    def loop(cell):
        # As workers are: the system shares a busy machine out among sessions.
        os.setsid()
        while True:
            job(SMALL)
            cell.value += 1

    processes = [FORK.Process(target=loop, args=(cell,), daemon=True) for cell in cells]
    for process in processes:
        process.start()
    time.sleep(seconds / 4)
    before, begun = sum(cell.value for cell in cells), time.perf_counter()
    time.sleep(seconds)
    rate = (sum(cell.value for cell in cells) - before) / (time.perf_counter() - begun)
    for process in processes:
        process.kill()
        process.join()
    return rate


async def tasks(runner, payload, in_flight, seconds):
    count, running = 0, True

    async def loop():
        nonlocal count
        while running:
            await runner.aexecute(payload)
            count += 1

    loops = [asyncio.ensure_future(loop()) for _ in range(in_flight)]
    await asyncio.sleep(seconds / 4)
    before, begun = count, time.perf_counter()
    await asyncio.sleep(seconds)
    rate = (count - before) / (time.perf_counter() - begun)
    running = False
    await asyncio.gather(*loops)
    return rate


def resident():
    """Bytes of this process, whoever took them."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
