"""What a program sees of the types: mypy and pyright check it in strict mode, nothing runs it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from typing import Optional

import powerhose


@powerhose.handler(pool=["sign", "verify"])
def handle(job: powerhose.Job) -> bytes:
    header: Optional[bytes] = job.headers.get("name")
    if header is None or job.is_cancelled or job.remaining < 0.1:
        raise powerhose.Failure("late", f"{job.id} of {job.pool}, attempt {job.attempt}")
    return job.payload + header


def call(runner: powerhose.JobRunner) -> bytes:
    future: Future[bytes] = runner.submit(b"x", pool="sign", headers={"name": "value", "other": b"bytes"})
    replies: Iterator[bytes] = runner.map([b"1", bytearray(b"2"), memoryview(b"3")], window=8)
    try:
        return runner.execute(b"x", timeout=2.0, once=True) + future.result() + next(replies)
    except powerhose.JobFailed as error:
        return (error.code or "").encode()
    except powerhose.JobError as error:
        seconds: Optional[float] = error.retry_after
        return str((error.may_have_run, error.http_status, seconds)).encode()


async def call_in_task(runner: powerhose.JobRunner) -> list[bytes]:
    replies: AsyncIterator[bytes] = runner.amap([b"1"])
    return [await runner.aexecute(b"x"), *[reply async for reply in replies]]


def call_with_details(runner: powerhose.JobRunner) -> tuple[bytes, memoryview, dict[str, bytes], float]:
    future: Future[powerhose.JobReply] = runner.detailed.submit(b"x")
    replies: Iterator[powerhose.JobReply] = runner.detailed.map([b"1"])
    reply = runner.detailed.execute(b"x", pool="sign")
    worker: int = reply.worker + future.result().attempts + next(replies).worker
    return reply.payload, reply.buffer, reply.headers, reply.run_time + reply.wait_time + worker


def square(number: int) -> int:
    return number * number


def main() -> None:
    with powerhose.Cluster(handle, workers=2) as cluster, powerhose.Executor(2) as executor:
        call(cluster.runner)
        result: int = executor.submit(square, 7).result()
        results: list[int] = list(executor.map(square, range(10)))
        print(result, results, cluster.pids, cluster.execute(b"x"))
    powerhose.Worker(pool="sign", max_jobs=100, soft_limit=2.0).run(handle)
