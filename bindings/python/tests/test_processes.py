"""Forks, exits, and what stays behind: nothing."""

import multiprocessing
import os
import signal
import threading

import pytest

import powerhose


def child(function):
    """The exit status of a forked child that runs this."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            signal.alarm(60)
            function()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_forked_child_connects_anew(cluster):
    runner = powerhose.JobRunner.connect(cluster.runner.endpoints[0])
    assert runner.execute(b"parent") == b"parent"

    def calls():
        assert runner.execute(b"child", timeout=30) == b"child"
        assert runner.submit(b"child", timeout=30).result(30) == b"child"
        assert list(runner.map([b"1", b"2"])) == [b"1", b"2"]

    assert [child(calls) for _ in range(3)] == [0, 0, 0]
    assert runner.execute(b"parent") == b"parent"
    runner.close()


def test_a_child_of_the_masters_process_is_a_client_of_it(cluster):
    def calls():
        assert cluster.execute(b"child", timeout=30) == b"child"
        assert cluster.close() == 0
        assert child(lambda: cluster.execute(b"grandchild", timeout=30)) == 0

    assert child(calls) == 0
    assert cluster.execute(b"parent", timeout=30) == b"parent"


def test_a_fork_while_other_threads_call_leaves_the_child_free(cluster):
    """Whatever locks the other threads hold at that moment."""
    stopped = threading.Event()

    def call():
        while not stopped.is_set():
            cluster.execute(b"x", timeout=60)
            cluster.submit(b"x", timeout=60).result(60)

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        assert [child(lambda: cluster.execute(b"child", timeout=30)) for _ in range(20)] == [0] * 20
    finally:
        stopped.set()
        for thread in threads:
            thread.join(60)


def _square(number):
    return int(_runner.execute(b"%d" % number, timeout=30)) ** 2


def test_a_child_leaves_the_jobs_of_its_parent_alone(cluster):
    future = cluster.submit(b"nap 0.5", timeout=60)
    replies = cluster.map([b"nap 0.2"] * 4)

    def calls():
        nonlocal replies
        future.cancel()
        with pytest.raises(RuntimeError, match="forked"):
            next(replies)
        replies = None

    assert child(calls) == 0
    assert future.result(60) == b"slept"
    assert list(replies) == [b"slept"] * 4


def test_control_c_ends_a_wait_for_a_master_that_is_not_there(script, tmp_path):
    program = """
    import os, signal, sys, threading, time, powerhose
    runner = powerhose.JobRunner.connect(sys.argv[1], connect_timeout=60)
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    begun = time.monotonic()
    try:
        runner.execute(b"x", timeout=60)
    except KeyboardInterrupt:
        print(time.monotonic() - begun < 30)
    """
    assert script(program, f"ipc://{tmp_path}/nobody.ipc") == "True\n"


def test_a_multiprocessing_pool_uses_the_runner_of_its_parent(cluster):
    global _runner
    _runner = cluster.runner
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(_square, range(10)) == [number**2 for number in range(10)]


def test_no_thread_starts_before_the_first_job(script, cluster):
    program = """
    import os, sys, powerhose
    runner = powerhose.JobRunner.connect(sys.argv[1])
    print(len(os.listdir("/proc/self/task")))
    runner.execute(b"x", timeout=30)
    print(len(os.listdir("/proc/self/task")))
    """
    assert script(program, cluster.runner.endpoints[0]).split() == ["1", "3"]


@pytest.mark.parametrize(
    "ending",
    [
        "threading.Thread(target=runner.execute, args=(b'nap 1',), daemon=True).start(); time.sleep(0.1)",
        "futures = [runner.submit(b'nap 1') for _ in range(10)]",
        "replies = runner.map([b'nap 1'] * 10); next(replies)",
        "loop = asyncio.new_event_loop(); loop.create_task(runner.aexecute(b'nap 1')); loop.run_until_complete(asyncio.sleep(0.1))",
        "sys.modules['kept'] = runner",
        "runner.close()",
    ],
)
def test_an_interpreter_ends_with_jobs_under_way(script, cluster, ending):
    program = f"""
    import asyncio, os, sys, threading, time, powerhose
    runner = powerhose.JobRunner.connect(sys.argv[1], timeout=30)
    runner.execute(b"x")
    {ending}
    print("ends")
    # asyncio itself complains about a task that is left.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    """
    output = script(program, cluster.runner.endpoints[0])
    assert output == "ends\n"


def test_an_interpreter_that_ends_leaves_no_process_and_no_socket_behind(script, tmp_path):
    program = """
    import sys, powerhose
    cluster = powerhose.Cluster("handlers:work", workers=2, endpoint=sys.argv[1], worker_start=60).start()
    print(*cluster.pids)
    """
    pids = script(program, f"ipc://{tmp_path}/master.ipc").split()
    assert len(pids) == 2
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)
    assert not os.path.exists(tmp_path / "master.ipc")


def test_a_closed_runner_refuses_jobs(cluster):
    for use in (lambda runner: runner.execute(b"x"), lambda runner: None):
        runner = powerhose.JobRunner.connect(cluster.runner.endpoints[0])
        use(runner)
        assert runner.close() == 0
        with pytest.raises(powerhose.JobRejected) as caught:
            runner.execute(b"x")
        assert caught.value.code == "closed"


def test_nobody_at_the_endpoint_is_a_typed_error_within_the_jobs_time(tmp_path):
    runner = powerhose.JobRunner.connect(f"ipc://{tmp_path}/nobody.ipc")
    with pytest.raises(powerhose.ConnectError, match="no master answered") as caught:
        runner.execute(b"x", timeout=0.1)
    assert isinstance(caught.value, ConnectionError) and not caught.value.may_have_run
    with pytest.raises(powerhose.ConnectError):
        powerhose.JobRunner.connect("nonsense").execute(b"x")


def test_the_endpoint_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("POWERHOSE_ENDPOINT", "ipc:///run/mine/master.ipc")
    assert powerhose.JobRunner.connect().endpoints == ["ipc:///run/mine/master.ipc"]
    monkeypatch.delenv("POWERHOSE_ENDPOINT")
    monkeypatch.setenv("XDG_RUNTIME_DIR", os.path.dirname(os.path.abspath(__file__)))
    assert powerhose.JobRunner.connect().endpoints[0].endswith("/powerhose/master.ipc")


def test_a_master_survives_its_clients_and_a_client_its_master(tmp_path, start):
    endpoint = f"ipc://{tmp_path}/master.ipc"
    runner = powerhose.JobRunner.connect(endpoint)
    for _ in range(2):
        with powerhose.Cluster("handlers:work", workers=1, endpoint=endpoint, worker_start=60):
            for _ in range(100):
                try:
                    assert runner.execute(b"x", timeout=5) == b"x"
                    break
                except powerhose.JobError as error:
                    assert error.is_retryable or isinstance(error, powerhose.JobRejected), error
            else:
                pytest.fail("the client never came back")
    runner.close()


def test_the_predecessor_in_the_same_folder_is_told_of(script, tmp_path):
    import shutil

    copy = tmp_path / "powerhose"
    shutil.copytree(os.path.dirname(powerhose.__file__), copy)
    (copy / "broker.py").touch()
    program = """
    import sys, warnings
    sys.path.insert(0, sys.argv[1])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        import powerhose
    print(*(warning.message for warning in caught))
    """
    assert "uninstall both" in script(program, str(tmp_path))


def test_a_second_interpreter_is_refused(script):
    program = """
    import sys
    if sys.version_info >= (3, 13):
        import _interpreters as interpreters
    else:
        import _xxsubinterpreters as interpreters
    import powerhose
    # One with a lock of its own, where there are such, and one that shares it.
    kinds = [("isolated",), ("legacy",)] if sys.version_info >= (3, 13) else [()]
    for kind in kinds:
        other = interpreters.create(*kind)
        attempt = "try: import powerhose\\nexcept ImportError as error: print(error, flush=True)"
        interpreters.run_string(other, attempt)
    """
    refusals = script(program).splitlines()
    assert refusals and all("subinterpreters" in refusal for refusal in refusals)
