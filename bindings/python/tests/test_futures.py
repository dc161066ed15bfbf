"""Futures of jobs."""

import concurrent.futures
import threading

import pytest
from conftest import wait_until

import powerhose


def test_a_future_gives_the_reply_or_the_error(runner):
    assert runner.submit(b"x").result(60) == b"x"
    error = runner.submit(b"fail x").exception(60)
    assert isinstance(error, powerhose.JobFailed) and error.code == "mine"


def test_futures_work_with_those_who_wait_for_many(runner):
    futures = {runner.submit(b"%d" % number, timeout=60): b"%d" % number for number in range(1000)}
    for future in concurrent.futures.as_completed(futures, 60):
        assert future.result() == futures[future]
    done, rest = concurrent.futures.wait([runner.submit(b"x") for _ in range(10)], 60)
    assert (len(done), len(rest)) == (10, 0)


def test_a_callback_is_called_and_its_error_costs_no_other_future_its_end(runner, caplog):
    called = threading.Event()

    def break_down(_):
        raise SystemExit(1)

    futures = [runner.submit(b"x", timeout=60) for _ in range(10)]
    for future in futures:
        future.add_done_callback(break_down)
    futures.append(runner.submit(b"x", timeout=60))
    futures[-1].add_done_callback(lambda _: called.set())
    assert [future.result(60) for future in futures] == [b"x"] * 11
    assert called.wait(60)


def test_cancelling_a_future_cancels_its_job(runner, tmp_path):
    told = tmp_path / "told"
    future = runner.submit(b"watch %s" % str(told).encode(), timeout=60)
    wait_until(lambda: told.exists() and told.read_text() == "begun\n")
    assert future.cancel() and future.cancelled()
    with pytest.raises(concurrent.futures.CancelledError):
        future.result(60)
    wait_until(lambda: told.read_text() == "begun\ncancelled\n")
    done, _ = concurrent.futures.wait([future], 60)
    assert done == {future}


def test_a_future_that_has_ended_cannot_be_cancelled(runner):
    future = runner.submit(b"x", timeout=60)
    assert future.result(60) == b"x"
    assert not future.cancel()


def test_replies_come_in_the_order_of_the_payloads(runner):
    payloads = [b"%d" % number for number in range(2000)]
    assert list(runner.map(payloads)) == payloads


def test_a_map_takes_its_payloads_as_there_is_room(runner):
    taken = []

    def payloads():
        for number in range(1000):
            taken.append(number)
            yield b"%d" % number

    replies = runner.map(payloads(), window=4)
    assert next(replies) == b"0"
    assert len(taken) <= 8
    assert len(list(replies)) == 999


def test_an_error_of_a_job_comes_in_its_turn_and_the_others_go_on(runner):
    replies = runner.map([b"1", b"fail x", b"3"])
    assert next(replies) == b"1"
    with pytest.raises(powerhose.JobFailed):
        next(replies)
    assert list(replies) == [b"3"]


def test_a_map_that_is_closed_cancels_what_is_under_way(runner, tmp_path):
    told = tmp_path / "told"
    replies = runner.map([b"1", b"watch %s" % str(told).encode(), b"3"])
    assert next(replies) == b"1"
    wait_until(lambda: told.exists() and told.read_text() == "begun\n")
    replies.close()
    assert list(replies) == []
    wait_until(lambda: told.read_text() == "begun\ncancelled\n")


@pytest.mark.parametrize("window", [0, -1])
def test_a_window_below_one_is_a_value_error_at_the_call(runner, window):
    for call in (runner.map, runner.amap):
        with pytest.raises(ValueError, match="window is a number of jobs, at least 1"):
            call([b"1"], window=window)


def test_an_error_of_the_payloads_comes_after_the_replies_before_it(runner):
    def payloads():
        yield b"1"
        raise KeyError("payloads")

    replies = runner.map(payloads())
    assert next(replies) == b"1"
    with pytest.raises(KeyError):
        next(replies)
    with pytest.raises(TypeError):
        list(runner.map([b"1", "text"]))
    with pytest.raises(TypeError):
        runner.map(7)
