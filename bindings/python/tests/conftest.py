"""What the tests share: a cluster of two workers, and programs that end with the test."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

import powerhose

# A shell that runs the tests in the background lets all of their processes ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)

TESTS = os.path.dirname(os.path.abspath(__file__))


@pytest.fixture(scope="module")
def cluster():
    with powerhose.Cluster("handlers:work", workers=2, worker_start=60) as cluster:
        yield cluster


@pytest.fixture
def runner(cluster):
    return cluster.runner


@pytest.fixture
def master(tmp_path):
    """A master in this process, without workers."""
    with powerhose.JobRunner.bind(f"ipc://{tmp_path}/master.ipc") as master:
        yield master


@pytest.fixture
def start():
    """Starts programs, and ends those that are left."""
    started = []

    def start(*command, **options):
        environment = {**os.environ, "PYTHONPATH": TESTS, **options.pop("env", {})}
        process = subprocess.Popen(command, env=environment, text=True, **options)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait(60)


@pytest.fixture
def start_worker(start, master):
    """Starts `python -m powerhose work` for a master, and waits until it has registered."""

    def start_worker(*flags, of=master, **options):
        command = [sys.executable, "-m", "powerhose", "work", "handlers:work", *flags]
        before = len(of.workers())
        process = start(*command, env={"POWERHOSE_ENDPOINT": of.endpoints[0]}, **options)
        of.wait_for_workers(before + 1, 60)
        return process

    return start_worker


@pytest.fixture
def script(start):
    """Runs Python's text in a process of its own, and gives what it printed."""

    def script(text, *arguments, env=None):
        # Programs of the tests fork with threads on purpose; from 3.12 on Python warns of that.
        quietly = ["-W", "ignore:This process:DeprecationWarning"]
        command = [sys.executable, *quietly, "-c", textwrap.dedent(text), *arguments]
        process = start(*command, env=env or {}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        assert errors == ""
        return output

    return script


def wait_until(condition, within=60.0):
    """Waits for a condition, with a bound."""
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, "the condition did not come true"
        time.sleep(0.01)
