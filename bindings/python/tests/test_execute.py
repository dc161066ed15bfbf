"""Blocking calls: payloads, replies, errors, threads, Ctrl-C."""

import array
import os
import pickle
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import wait_until

import powerhose


@pytest.mark.parametrize(
    "payload",
    [b"bytes", bytearray(b"bytes"), memoryview(b"xbytesx")[1:6], array.array("B", b"bytes"), b"", bytes(1 << 20)],
)
def test_a_payload_is_anything_with_the_buffer_protocol_and_a_reply_is_bytes(runner, payload):
    reply = runner.execute(payload)
    assert type(reply) is bytes
    assert reply == bytes(payload)


def test_a_view_that_is_not_contiguous_is_sent_as_what_it_shows(runner):
    assert runner.execute(memoryview(b"a-b-c")[::2]) == b"abc"


@pytest.mark.parametrize("payload", ["text", None, 7, [1, 2]])
def test_what_is_no_bytes_is_a_type_error_at_the_call_and_harms_nothing_else(runner, payload):
    for call in (runner.execute, runner.submit):
        with pytest.raises(TypeError, match=type(payload).__name__):
            call(payload)
    assert runner.execute(b"next") == b"next"


@pytest.mark.parametrize("option", [{"timeout": 0}, {"timeout": -1}, {"timeout": float("nan")}, {"end_within": -1}])
def test_a_time_out_of_bounds_is_a_value_error_at_the_call(runner, option):
    with pytest.raises(ValueError, match="seconds"):
        runner.execute(b"x", **option)
    with pytest.raises(ValueError, match="not both"):
        runner.execute(b"x", timeout=1, run_timeout=1)


@pytest.mark.parametrize(
    ("option", "error", "text"),
    [
        ({"timeout": 1e300}, ValueError, "timeout is a number of seconds that ends some day, not 1e300"),
        ({"run_timeout": "2"}, TypeError, "run_timeout is a number of seconds, not str"),
        ({"end_within": b"2"}, TypeError, "end_within is a number of seconds, not bytes"),
        ({"pool": 3}, TypeError, "pool is a str, not int"),
        ({"attempts_max": -1}, ValueError, "attempts_max is a number from 1 on, not -1"),
        ({"attempts_max": "2"}, TypeError, "attempts_max is an int, not str"),
    ],
)
def test_an_option_that_is_none_is_told_by_its_name(runner, option, error, text):
    for call in (runner.execute, runner.submit):
        with pytest.raises(error, match=f"^{text}"):
            call(b"x", **option)


def test_a_job_has_a_pool_headers_and_time(runner):
    assert runner.execute(b"pool", pool="other") == b"other"
    assert (
        runner.execute(b"headers", headers={"a": "ä", "b": b"\xff"})
        == repr([("a", "ä".encode()), ("b", b"\xff")]).encode()
    )
    assert 0 < float(runner.execute(b"remaining", timeout=60)) <= 60
    assert runner.execute(b"reply bytes") == b"bytes"


def test_a_failure_has_its_code_and_text(runner):
    with pytest.raises(powerhose.JobFailed) as caught:
        runner.execute(b"fail because")
    error = caught.value
    assert (error.code, error.text, error.may_have_run, error.http_status) == ("mine", "because", True, 500)
    assert error.worker is not None and error.job is not None and error.attempts == 1


@pytest.mark.parametrize(
    "payload, code, text",
    [
        (b"crash no", "panic", "ValueError: no"),
        (b"exit", "panic", "SystemExit: 3"),
        (b"text", "bad_reply", "must be bytes"),
        (b"nothing", "bad_reply", "must be bytes"),
    ],
)
def test_a_handler_that_breaks_fails_its_job_and_its_process_lives_on(cluster, payload, code, text):
    pids = cluster.pids
    with pytest.raises(powerhose.JobFailed, match=text) as caught:
        cluster.execute(payload)
    assert caught.value.code == code
    assert cluster.pids == pids


@pytest.mark.parametrize("kind, code", [("surrogate", "panic"), ("code", "7"), ("str", "panic"), ("base", "panic")])
def test_a_failure_that_is_hard_to_tell_is_told_all_the_same(cluster, kind, code):
    pids = cluster.pids
    with pytest.raises(powerhose.JobFailed) as caught:
        cluster.execute(b"odd " + kind.encode())
    assert caught.value.code == code
    assert cluster.pids == pids


def test_a_timeout_is_a_timeout_error_and_tells_whether_the_job_ran(runner):
    with pytest.raises(powerhose.JobTimedOut) as caught:
        runner.execute(b"nap 0.5", timeout=0.05)
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.may_have_run and caught.value.http_status == 504


def test_a_job_that_kills_its_workers_is_lost_with_the_signal(cluster):
    with pytest.raises(powerhose.JobLost) as caught:
        cluster.execute(b"die", attempts_max=1, timeout=60)
    assert (caught.value.code, caught.value.signal, caught.value.may_have_run) == ("worker", 9, True)
    assert cluster.execute(b"next", timeout=60) == b"next"


def test_a_refused_job_has_not_run_and_says_why(runner):
    with pytest.raises(powerhose.NoWorkers) as caught:
        runner.execute(b"x", pool="nobody", timeout=60)
    assert isinstance(caught.value, powerhose.JobRejected)
    assert (caught.value.code, caught.value.may_have_run, caught.value.is_overload) == ("no_workers", False, True)
    with pytest.raises(powerhose.JobRejected, match="no name of a pool"):
        runner.execute(b"x", pool="a b")


def test_every_error_can_be_pickled_with_all_that_it_tells(runner):
    for payload, options in [(b"fail x", {}), (b"nap 1", {"timeout": 0.01}), (b"x", {"pool": "nobody", "timeout": 60})]:
        with pytest.raises(powerhose.JobError) as caught:
            runner.execute(payload, **options)
        copy = pickle.loads(pickle.dumps(caught.value))
        assert type(copy) is type(caught.value)
        assert (copy.__dict__, str(copy)) == (caught.value.__dict__, str(caught.value))


def test_any_number_of_threads_may_call(runner):
    def many(number):
        return all(
            runner.execute(b"%d %d" % (number, call), timeout=60) == b"%d %d" % (number, call) for call in range(50)
        )

    with ThreadPoolExecutor(32) as threads:
        assert all(threads.map(many, range(32)))


def test_other_threads_run_while_one_waits(runner):
    begun, counted = threading.Event(), 0

    def wait():
        begun.set()
        runner.execute(b"nap 0.5", timeout=60)

    thread = threading.Thread(target=wait)
    thread.start()
    begun.wait()
    while thread.is_alive():
        counted += 1
    assert counted > 1000


def test_control_c_ends_the_wait_and_cancels_the_job(start, cluster, tmp_path):
    told = tmp_path / "told"
    program = f"""
import powerhose
try:
    powerhose.JobRunner.connect({cluster.runner.endpoints[0]!r}).execute(b"watch {told}", timeout=60)
except KeyboardInterrupt:
    print("interrupted")
"""
    import subprocess

    process = start(sys.executable, "-c", program, stdout=subprocess.PIPE)
    wait_until(lambda: told.exists() and told.read_text() == "begun\n")
    os.kill(process.pid, signal.SIGINT)
    assert process.communicate(timeout=60)[0] == "interrupted\n"
    wait_until(lambda: told.read_text() == "begun\ncancelled\n")


def test_an_error_of_a_signal_handler_comes_out_of_the_call(runner):
    class Alarm(Exception):
        pass

    def ring(*_):
        raise Alarm

    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(Alarm):
            runner.execute(b"nap 5", timeout=60)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert runner.execute(b"next", timeout=60) == b"next"


def test_curve_is_refused_by_its_name_where_this_build_has_none(tmp_path):
    key = "0" * 40
    client, master = tmp_path / "client", tmp_path / "master"
    client.write_text(f"server {key}\npublic {key}\nsecret {key}\n")
    master.write_text(f"public {key}\nsecret {key}\nallow {key}\n")
    for begin in (
        lambda: powerhose.JobRunner.bind("tcp://127.0.0.1:0", curve_file=str(master)),
        lambda: powerhose.JobRunner.connect("tcp://127.0.0.1:1", curve_file=str(client)).execute(b"x"),
        lambda: powerhose.Worker("tcp://127.0.0.1:1", curve_file=str(client)).run(lambda job: b""),
    ):
        with pytest.raises(powerhose.NoCurve, match="CURVE"):
            begin()
    for begin in (
        lambda: powerhose.JobRunner.bind("tcp://127.0.0.1:0", curve_file=str(client)),
        lambda: powerhose.JobRunner.connect("tcp://127.0.0.1:1", curve_file=str(master)).execute(b"x"),
        lambda: powerhose.Worker("tcp://127.0.0.1:1", curve_file=str(tmp_path / "none")).run(lambda job: b""),
    ):
        with pytest.raises(powerhose.BadKeys):
            begin()
