"""Workers as programs: signals, limits, heartbeats."""

import os
import signal
import subprocess
import sys

import pytest
from conftest import wait_until

import powerhose
from powerhose.__main__ import main


def test_sigterm_lets_the_job_finish_and_the_worker_exit_with_0(master, start_worker, tmp_path):
    for stop in (signal.SIGTERM, signal.SIGINT):
        told = tmp_path / f"told-{stop}"
        worker = start_worker()
        ready = master.submit(b"watch %s" % str(told).encode(), timeout=60)
        wait_until(lambda told=told: told.exists() and told.read_text() == "begun\n")
        worker.send_signal(stop)
        nap = master.submit(b"x", timeout=0.2)
        ready.cancel()
        assert worker.wait(60) == 0
        assert told.read_text() == "begun\ncancelled\n"
        # It took nothing more.
        assert isinstance(nap.exception(60), powerhose.JobError)
        wait_until(lambda: master.workers() == [])


def test_sigterm_ends_an_idle_worker_at_once(master, start_worker):
    worker = start_worker()
    worker.terminate()
    assert worker.wait(60) == 0


def test_a_second_sigint_interrupts_the_handler(master, start_worker, tmp_path):
    worker = start_worker(stderr=subprocess.DEVNULL)
    told = tmp_path / "told"
    future = master.submit(b"watch %s" % str(told).encode(), timeout=60)
    wait_until(lambda: told.exists())
    worker.send_signal(signal.SIGINT)
    # Two at once would be one.
    wait_until(lambda: master.workers()[0]["state"] == "quiet")
    worker.send_signal(signal.SIGINT)
    assert future.exception(60).code == "interrupted"
    assert worker.wait(60) == 130


def test_heartbeats_go_on_while_the_handler_holds_the_interpreters_lock(tmp_path, start):
    # The master gives a worker up after 3 s of silence.
    with powerhose.Cluster("handlers:work", workers=1, worker_start=60) as cluster:
        assert cluster.execute(b"compute 4", timeout=60) == b"computed"
        assert cluster.execute(b"attempt") == b"1"


def test_a_worker_leaves_after_so_many_jobs(master, start_worker):
    worker = start_worker("--max-jobs", "3", "--credit", "1")
    assert [master.execute(b"x", timeout=60) for _ in range(3)] == [b"x"] * 3
    assert worker.wait(60) == 0


def test_a_soft_limit_fails_the_job_and_the_worker_goes_on(master, start_worker):
    start_worker("--soft-limit", "0.2", stderr=subprocess.DEVNULL)
    for payload in (b"nap 30", b"compute 30"):
        with pytest.raises(powerhose.JobFailed, match="SoftLimitExceeded") as caught:
            master.execute(payload, timeout=60)
        assert caught.value.code == "panic"
    assert master.execute(b"x", timeout=60) == b"x"


def test_a_hard_limit_ends_the_process_and_tells_where_it_was(master, start_worker):
    worker = start_worker("--hard-limit", "0.3", stderr=subprocess.PIPE)
    with pytest.raises(powerhose.JobLost):
        master.execute(b"compute 30", timeout=60, attempts_max=1)
    _, errors = worker.communicate(timeout=60)
    assert worker.returncode == 1
    assert "in compute" in errors


def test_a_child_that_a_handler_forks_ends_by_sigterm(master, start_worker):
    start_worker()
    assert master.execute(b"fork", timeout=60) == b"-15"
    assert master.execute(b"x", timeout=60) == b"x"


@pytest.mark.parametrize("limits", [(), ("--hard-limit", "600")])
@pytest.mark.parametrize("way, status", [("exit", b"3"), ("return", b"0"), ("raise", b"1"), ("fail", b"1")])
def test_a_child_that_a_handler_forks_is_no_second_worker(master, start_worker, way, status, limits):
    worker = start_worker(*limits, stderr=subprocess.DEVNULL)
    assert master.execute(b"leave " + way.encode(), timeout=60) == status
    assert master.execute(b"pid", timeout=60) == str(worker.pid).encode()
    assert len(master.workers()) == 1


def test_pools_come_from_the_flag_else_the_handler_else_the_environment(master, start, start_worker):
    start_worker("--pool", "one,two", "--label", "rack=7")
    (worker,) = master.workers()
    assert (worker["pools"], worker["labels"]) == (["one", "two"], [("rack", "7")])
    assert worker["software"].startswith("powerhose-python/")
    start_worker()
    assert sorted(master.workers()[1]["pools"]) == ["default", "other"]
    environment = {"POWERHOSE_ENDPOINT": master.endpoints[0], "POWERHOSE_POOL": "a,b"}
    start(sys.executable, "-m", "powerhose", "work", "handlers:echo", env=environment)
    master.wait_for_workers(3, 60)
    assert sorted(master.workers()[2]["pools"]) == ["a", "b"]


@pytest.mark.parametrize(
    "target, complaint",
    [("handlers", "names no handler"), ("handlers:nothing", "nothing"), ("no_module:x", "no_module")],
)
def test_a_target_that_is_no_handler_is_a_line_and_exit_status_2(target, complaint, capsys):
    assert main(["work", target]) == 2
    assert complaint in capsys.readouterr().err


def test_a_worker_without_a_master_says_so_and_exits_with_1(tmp_path, capsys, monkeypatch):
    arguments = ["work", "handlers:work", "--endpoint", f"ipc://{tmp_path}/nobody.ipc", "--silence-max", "0.2"]
    assert main(arguments) == 1
    assert "no master answered" in capsys.readouterr().err
    monkeypatch.delenv("POWERHOSE_ENDPOINT", raising=False)
    assert main(["work", "handlers:work"]) == 1
    assert "POWERHOSE_ENDPOINT" in capsys.readouterr().err


def test_a_worker_runs_on_a_thread_and_is_stopped_from_another(master):
    import threading

    worker = powerhose.Worker(master.endpoints[0], pool="here")
    thread = threading.Thread(target=worker.run, args=(lambda job: job.payload.upper(),))
    thread.start()
    assert master.execute(b"x", pool="here", timeout=60) == b"X"
    worker.stop()
    thread.join(60)
    assert not thread.is_alive()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_secret_is_shared_with_the_master(tmp_path, start):
    worker_secret, client_secret = b"w" * 32, b"c" * 32
    endpoint = f"ipc://{tmp_path}/master.ipc"
    with powerhose.JobRunner.bind(endpoint, worker_secrets=[worker_secret], client_secrets=[client_secret]) as master:
        file = tmp_path / "secret"
        file.touch(0o600)
        file.write_bytes(worker_secret)
        environment = {"POWERHOSE_SECRET_FILE": str(file)}
        start(sys.executable, "-m", "powerhose", "work", "handlers:work", "--endpoint", endpoint, env=environment)
        master.wait_for_workers(1, 60)
        with powerhose.JobRunner.connect(endpoint, secret=client_secret) as client:
            assert client.execute(b"x", timeout=60) == b"x"
        with powerhose.JobRunner.connect(endpoint, secret=worker_secret) as stranger:
            with pytest.raises(powerhose.ConnectError):
                stranger.execute(b"x", timeout=60)
    with pytest.raises(powerhose.BadSecret):
        powerhose.JobRunner.bind(f"ipc://{tmp_path}/other.ipc", worker_secrets=[b"short"])


@pytest.mark.skipif("POWERHOSE_PROGRAM" not in os.environ, reason="scripts/test-python names the program")
def test_powerhose_run_keeps_workers_of_python(start, tmp_path):
    endpoint = f"ipc://{tmp_path}/master.ipc"
    command = [os.environ["POWERHOSE_PROGRAM"], "run", "--bind", endpoint, "--workers", "2", "--"]
    program = start(*command, sys.executable, "-m", "powerhose", "work", "handlers:work", stderr=subprocess.DEVNULL)
    wait_until(lambda: os.path.exists(f"{tmp_path}/master.ipc"))
    with powerhose.JobRunner.connect(endpoint) as runner:
        runner.wait_for_workers(2, 60)
        before = pids(runner)
        assert runner.execute(b"pool", pool="other", timeout=60) == b"other"
        with pytest.raises(powerhose.JobLost):
            runner.execute(b"die", attempts_max=1, timeout=60)
        # Another one has taken its place.
        wait_until(lambda: len(pids(runner) - before) == 1 and len(pids(runner)) == 2)
    program.terminate()
    # 10 is that of a job which was lost in the quarter of a second before, as ours may have been.
    assert program.wait(60) in (0, 10)


def pids(runner):
    """Of the workers."""
    return {worker["pid"] for worker in runner.workers()}
