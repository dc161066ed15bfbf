"""Payloads and replies: what crosses without a copy, how long it lives, and all that is known of a reply."""

import array
import asyncio
import gc
import sys

import pytest
from conftest import wait_until

import powerhose

LARGE = 1 << 20


@pytest.mark.parametrize("size", [0, 100, LARGE])
def test_a_detailed_reply_tells_where_it_comes_from(runner, size):
    payload = b"reply " + bytes(size)
    begun = runner.detailed.execute(b"reply first")
    for reply in (
        runner.detailed.execute(payload),
        runner.detailed.submit(payload).result(60),
        next(runner.detailed.map([payload])),
        asyncio.run(runner.detailed.aexecute(payload)),
    ):
        assert type(reply) is powerhose.JobReply
        assert type(reply.payload) is bytes and reply.payload == bytes(size)
        assert reply.buffer.readonly and reply.buffer == reply.payload
        assert reply.headers == {"name": b"value"}
        assert reply.worker in {worker["id"] for worker in runner.workers()}
        assert reply.attempts == 1 and reply.wait_time >= 0 and reply.run_time >= 0
        assert reply.job != begun.job and reply.job in repr(reply)


@pytest.fixture
def patient(tmp_path):
    """A master whose jobs wait for the first worker."""
    with powerhose.JobRunner.bind(f"ipc://{tmp_path}/patient.ipc", pools=["default"]) as master:
        yield master


def test_a_view_of_a_reply_outlives_it(runner):
    view = runner.detailed.execute(b"x" * LARGE).buffer
    gc.collect()
    for _ in range(20):
        runner.execute(b"y" * LARGE)
    assert view == b"x" * LARGE


@pytest.mark.parametrize("size", [10, LARGE])
def test_a_handler_gives_back_what_came_and_may_keep_it(runner, size):
    payload = b"shared " + b"x" * size
    assert runner.execute(payload) == b"x" * size
    with powerhose.Cluster("handlers:work", workers=1, worker_start=60) as cluster:
        before = b""
        for number in range(5):
            payload = b"kept " + b"%d" % number * size
            assert cluster.execute(payload, timeout=60) == before
            before = payload


@pytest.mark.parametrize(
    "make", [bytearray, lambda data: array.array("B", data), lambda data: memoryview(bytearray(data))]
)
def test_what_can_change_is_copied_at_the_call(patient, start_worker, make):
    changed = make(b"x" * LARGE)
    future = patient.submit(changed, timeout=60)
    changed[:] = make(b"y" * LARGE)
    start_worker(of=patient)
    assert future.result(60) == b"x" * LARGE


def test_a_payload_is_held_as_long_as_it_is_needed_and_no_longer(patient, start_worker):
    payload = b"x" * LARGE
    references = sys.getrefcount(payload)
    future = patient.submit(payload, timeout=60)
    assert sys.getrefcount(payload) == references + 1, "it is not copied"
    start_worker(of=patient)
    assert future.result(60) == payload

    def is_let_go():
        patient.execute(b"next", timeout=60)
        return sys.getrefcount(payload) == references

    wait_until(is_let_go)


def test_a_payload_is_let_go_when_its_job_is_cancelled(master):
    payload = b"x" * LARGE
    references = sys.getrefcount(payload)
    future = master.submit(payload, pool="later", timeout=60)
    future.cancel()

    def is_let_go():
        with pytest.raises(powerhose.JobError):
            master.execute(b"next", timeout=0.01)
        return sys.getrefcount(payload) == references

    wait_until(is_let_go)
