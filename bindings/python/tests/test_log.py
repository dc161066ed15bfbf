"""What master, client and worker have to say comes to Python's logging."""

import logging

import pytest
from conftest import wait_until

import powerhose


@pytest.mark.parametrize("level", [logging.INFO, logging.WARNING])
def test_an_embedded_masters_lines_come_to_the_logger_powerhose_from_its_level_on(tmp_path, caplog, level):
    caplog.set_level(level, "powerhose")
    with powerhose.Cluster("handlers:work", workers=1, worker_start=60) as cluster:
        with pytest.raises(powerhose.JobLost):
            cluster.execute(b"die", attempts_max=1, timeout=60)
        cluster.execute(b"x", timeout=60)

    def lines():
        return [record for record in caplog.records if record.name == "powerhose"]

    wait_until(lambda: any("worker gone with a job" in record.message for record in lines()))
    (gone,) = [record for record in lines() if "worker gone with a job" in record.message]
    assert gone.levelno == logging.WARNING and "exit=killed by signal 9" in gone.message and gone.pathname
    assert any("worker registered" in record.message for record in lines()) == (level == logging.INFO)
    assert all(record.levelno >= level for record in lines())


PROGRAM = """
import os, sys, powerhose
{patch}
def dies():
    with powerhose.Cluster("handlers:work", workers=1, worker_start=60) as cluster:
        try:
            cluster.execute(b"die", attempts_max=1, timeout=60)
        except powerhose.JobLost:
            pass
if {forks}:
    powerhose.JobRunner.bind("ipc://" + sys.argv[1] + "/parent.ipc")
    child = os.fork()
    if child:
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
dies()
"""


@pytest.mark.parametrize(
    "patch, forks", [("", False), ("", True), ("from gevent import monkey; monkey.patch_all()", False)]
)
def test_a_program_that_sets_nothing_up_gets_the_warnings_on_standard_error(start, tmp_path, patch, forks):
    import subprocess
    import sys

    if patch:
        pytest.importorskip("gevent")
    text = PROGRAM.format(patch=patch, forks=forks)
    command = [sys.executable, "-W", "ignore", "-c", text, str(tmp_path)]
    process = start(*command, stderr=subprocess.PIPE)
    errors = process.communicate(timeout=120)[1]
    assert process.returncode == 0, errors
    assert "worker gone with a job" in errors and "worker process ended" in errors
    assert "worker registered" not in errors


def test_lines_that_come_faster_than_they_are_taken_are_dropped_and_counted(caplog, monkeypatch):
    monkeypatch.setattr("powerhose._powerhose.take_log", lambda: ([(30, 1.5, "place", "text a=1")], 7))
    from powerhose import _log

    _log.drain()
    first, dropped = caplog.records
    assert (first.message, first.created, first.msecs) == ("text a=1", 1.5, 500.0)
    assert dropped.message.startswith("7 lines of the log were dropped")
