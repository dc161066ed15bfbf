"""Clusters, and the executor over them."""

import asyncio
import concurrent.futures
import multiprocessing
import os
import time

import pytest

import powerhose


def square(number):
    return number * number


def add(one, other, *, more=0):
    return one + other + more


def raise_key_error():
    raise KeyError("gone")


class Awkward(Exception):
    """It can be pickled, but not be read again."""

    def __init__(self, one, other):
        super().__init__(one)


def raise_awkward():
    raise Awkward(1, 2)


def remember(value):
    os.environ["REMEMBERED"] = value


def remembered():
    return os.environ["REMEMBERED"]


def unpicklable():
    return lambda: None


@pytest.fixture(scope="module")
def executor():
    with powerhose.Executor(2, initializer=remember, initargs=("yes",), worker_start=60) as executor:
        yield executor


def test_a_call_gives_what_the_function_returns_or_raises(executor):
    assert executor.submit(add, 1, other=2, more=3).result(60) == 6
    with pytest.raises(KeyError) as caught:
        executor.submit(raise_key_error).result(60)
    assert "raise_key_error" in str(caught.value.__cause__)


def test_what_cannot_be_pickled_is_a_typed_error_and_the_next_call_works(executor):
    with pytest.raises(RuntimeError, match="Awkward: 1"):
        executor.submit(raise_awkward).result(60)
    with pytest.raises(Exception, match="pickle|local object"):
        executor.submit(unpicklable).result(60)
    assert executor.submit(square, 3).result(60) == 9


def test_cloudpickle_takes_what_pickle_does_not(executor):
    offset = 5
    assert executor.submit(lambda number: number + offset, 2).result(60) == 7


def test_map_is_that_of_concurrent_futures(executor):
    assert list(executor.map(square, range(100))) == [number**2 for number in range(100)]
    assert list(executor.map(add, range(10), range(10), chunksize=3)) == [2 * number for number in range(10)]
    with pytest.raises(concurrent.futures.TimeoutError):
        list(executor.map(time.sleep, [2, 2, 2], timeout=0.1))


def test_what_it_does_not_know_is_refused_where_it_is_given(executor):
    with pytest.raises(TypeError, match="chunk_size"):
        executor.map(square, [1], chunk_size=2)
    with pytest.raises(TypeError, match="no setting 'max_worker'"):
        powerhose.Executor(max_worker=2)
    with pytest.raises(TypeError, match="no setting 'worker'"):
        powerhose.Cluster("handlers:work", worker=2)
    with pytest.raises(ValueError, match="never forked"):
        powerhose.Executor(mp_context=multiprocessing.get_context("fork"))


def test_a_process_takes_so_many_calls_and_another_starts(script):
    text = """
    import multiprocessing, os, powerhose
    spawn = multiprocessing.get_context("spawn")
    if __name__ == "__main__":
        with powerhose.Executor(1, mp_context=spawn, max_tasks_per_child=2, worker_start=60) as executor:
            print(len({executor.submit(os.getpid).result(60) for _ in range(4)}))
    """
    assert script(text) == "2\n"


def test_each_worker_is_initialized_also_one_that_is_started_again(executor):
    assert executor.submit(remembered).result(60) == "yes"
    with pytest.raises(powerhose.JobLost) as caught:
        executor.submit(os._exit, 3).result(60)
    assert caught.value.exit_status == 3
    assert [executor.submit(remembered).result(60) for _ in range(4)] == ["yes"] * 4


def test_it_works_in_run_in_executor(executor):
    async def main():
        return await asyncio.get_running_loop().run_in_executor(executor, square, 7)

    assert asyncio.run(main()) == 49


def test_after_a_shutdown_nothing_is_taken(executor):
    with powerhose.Executor(1, worker_start=60) as other:
        future = other.submit(square, 2)
    assert future.result(0) == 4
    with pytest.raises(RuntimeError, match="after shutdown"):
        other.submit(square, 2)
    third = powerhose.Executor(1, worker_start=60)
    futures = [third.submit(time.sleep, 30) for _ in range(3)]
    third.shutdown(cancel_futures=True)
    assert all(future.cancelled() for future in futures)


def test_a_forked_child_that_exits_leaves_the_calls_of_its_parent_alone(script):
    program = """
    import logging, os, sys, time, powerhose
    # That a worker died is a warning.
    logging.getLogger("powerhose").setLevel(logging.ERROR)
    executor = powerhose.Executor(1, worker_start=60)
    future = executor.submit(time.sleep, 0.5)
    pid = os.fork()
    if pid == 0:
        sys.exit(7)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), future.result(), executor.submit(abs, -1).result())
    executor.submit(os._exit, 1).exception()
    print(executor.submit(abs, -2).result())
    """
    assert script(program) == "7 None 1\n2\n"


def test_functions_of_the_main_program_are_found(start, tmp_path):
    import subprocess
    import sys

    program = tmp_path / "program.py"
    program.write_text(
        "import powerhose\n"
        "class Point:\n    def __init__(self, x): self.x = x\n"
        "def move(point): return Point(point.x + 1)\n"
        "print('loaded', __name__)\n"
        "if __name__ == '__main__':\n"
        "    with powerhose.Executor(1, worker_start=60) as executor:\n"
        "        print(executor.submit(move, Point(1)).result().x)\n"
    )
    process = start(sys.executable, str(program), stdout=subprocess.PIPE)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert sorted(output.split("\n")) == ["", "2", "loaded __main__", "worker-0 | loaded __mp_main__"]


def test_a_program_that_starts_processes_when_it_is_imported_is_told_so(start, tmp_path):
    import subprocess
    import sys

    program = tmp_path / "program.py"
    program.write_text(
        "import powerhose\n"
        "def f(): return 1\n"
        "with powerhose.Executor(1, worker_start=60) as executor:\n"
        "    executor.submit(f).result(60)\n"
    )
    process = start(sys.executable, str(program), stderr=subprocess.PIPE)
    _, errors = process.communicate(timeout=120)
    assert process.returncode != 0
    assert "if __name__ == '__main__'" in errors


def test_a_cluster_takes_a_function_a_name_a_file_or_a_command(tmp_path):
    import sys

    import handlers

    file = tmp_path / "mine.py"
    file.write_text("def upper(job):\n    return job.payload.upper()\n")
    for handler, reply in ((handlers.work, b"x"), ("handlers:work", b"x"), (f"{file}:upper", b"X")):
        with powerhose.Cluster(handler, workers=1, worker_start=60) as cluster:
            assert cluster.execute(b"x", timeout=60) == reply
            assert len(cluster.pids) == 1
    command = [sys.executable, "-m", "powerhose", "work", f"{file}:upper"]
    with powerhose.Cluster(command, workers=1, worker_start=60) as cluster:
        assert cluster.execute(b"x", timeout=60) == b"X"
    with pytest.raises(ValueError, match="says its pools"):
        powerhose.Cluster(command, pool="x")
    with pytest.raises(ValueError, match="by its name"):
        powerhose.Cluster(lambda job: b"")
    with pytest.raises(powerhose.ClusterError):
        powerhose.Cluster("no_module:x", workers=1).start()
    with pytest.raises(powerhose.ClusterError, match="not started"):
        _ = powerhose.Cluster("handlers:work").runner
