"""Tasks of asyncio, uvloop and trio."""

import asyncio
import contextlib

import pytest
import trio
import uvloop
from conftest import wait_until

import powerhose

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(params=LOOPS)
def run(request):
    """Runs a coroutine in a loop of its own."""

    def run(coroutine):
        with contextlib.closing(LOOPS[request.param]()) as loop:
            return loop.run_until_complete(asyncio.wait_for(coroutine, 120))

    return run


def test_tasks_wait_side_by_side(runner, run):
    async def many():
        return await asyncio.gather(*(runner.aexecute(b"%d" % number, timeout=60) for number in range(3000)))

    assert run(many()) == [b"%d" % number for number in range(3000)]
    # A second loop has nothing of the first.
    assert run(runner.aexecute(b"x")) == b"x"


def test_an_error_comes_out_of_the_await(runner, run):
    with pytest.raises(powerhose.JobFailed):
        run(runner.aexecute(b"fail x"))
    with pytest.raises(TypeError):
        run(runner.aexecute("text"))


def test_a_cancelled_task_cancels_its_job(runner, run, tmp_path):
    told = tmp_path / "told"

    async def cancel():
        task = asyncio.ensure_future(runner.aexecute(b"watch %s" % str(told).encode(), timeout=60))
        while not told.exists() or told.read_text() != "begun\n":
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(cancel())
    wait_until(lambda: told.read_text() == "begun\ncancelled\n")


def test_a_loop_that_closes_with_a_job_under_way_leaves_the_others_alone(runner, run):
    loop = asyncio.new_event_loop()
    task = loop.create_task(runner.aexecute(b"nap 0.2", timeout=60))
    loop.run_until_complete(asyncio.sleep(0))
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        loop.run_until_complete(task)
    loop.close()
    assert run(runner.aexecute(b"x", timeout=60)) == b"x"


def test_amap_keeps_the_order_and_takes_both_kinds_of_iterables(runner, run):
    async def payloads():
        for number in range(500):
            yield b"%d" % number

    async def collect(source):
        return [reply async for reply in runner.amap(source, window=16, timeout=60)]

    expected = [b"%d" % number for number in range(500)]
    assert run(collect(payloads())) == expected
    assert run(collect(expected)) == expected


def test_an_error_comes_in_its_turn_and_the_replies_after_it_can_still_be_taken(runner, run, tmp_path):
    told = tmp_path / "told"

    async def payloads():
        yield b"1"
        yield b"fail x"
        yield b"3"
        raise KeyError("payloads")

    async def main():
        replies = runner.amap(payloads())
        assert await replies.__anext__() == b"1"
        with pytest.raises(powerhose.JobFailed):
            await replies.__anext__()
        assert await replies.__anext__() == b"3"
        with pytest.raises(KeyError):
            await replies.__anext__()
        assert [reply async for reply in replies] == []
        replies = runner.amap([b"1", b"watch %s" % str(told).encode()])
        assert await replies.__anext__() == b"1"
        while not told.exists() or told.read_text() != "begun\n":
            await asyncio.sleep(0.01)
        await replies.aclose()
        assert [reply async for reply in replies] == []

    run(main())
    wait_until(lambda: told.read_text() == "begun\ncancelled\n")


def test_a_runner_connects_without_blocking_the_loop(cluster, run):
    other = powerhose.JobRunner.connect(cluster.runner.endpoints[0])
    assert run(other.aexecute(b"x", timeout=60)) == b"x"
    other.close()


def test_tasks_of_trio_wait_and_cancel(runner, tmp_path):
    told = tmp_path / "told"

    async def main():
        replies = []

        async def one(number):
            replies.append(await runner.aexecute(b"%d" % number, timeout=60))

        async with trio.open_nursery() as nursery:
            for number in range(200):
                nursery.start_soon(one, number)
        assert sorted(replies) == sorted(b"%d" % number for number in range(200))
        with pytest.raises(powerhose.JobFailed):
            await runner.aexecute(b"fail x")
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(runner.aexecute, b"watch %s" % str(told).encode())
                while not told.exists() or told.read_text() != "begun\n":
                    await trio.sleep(0.01)
                scope.cancel()
        assert [reply async for reply in runner.amap([b"1", b"2"])] == [b"1", b"2"]

    trio.run(main)
    wait_until(lambda: told.read_text() == "begun\ncancelled\n")
