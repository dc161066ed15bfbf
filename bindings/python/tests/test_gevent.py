"""A process that gevent has patched waits cooperatively, without anybody doing anything."""

PROGRAM = """
from gevent import monkey
monkey.patch_all()
import sys, time, gevent, powerhose

runner = powerhose.JobRunner.connect(sys.argv[1])
missed = 0

def tick():
    global missed
    while True:
        before = time.monotonic()
        gevent.sleep(0.01)
        missed += time.monotonic() - before > 0.25

ticker = gevent.spawn(tick)
"""


def test_fifty_greenlets_wait_side_by_side_and_a_ticker_never_misses(script, start_worker, master):
    import threading

    # Fifty workers in this process: what is tried here is the caller.
    import powerhose

    workers = [powerhose.Worker(master.endpoints[0], pool="nap", credit=1) for _ in range(50)]
    threads = [threading.Thread(target=worker.run, args=(_nap,)) for worker in workers]
    for thread in threads:
        thread.start()
    try:
        master.wait_for_workers(50, 60)
        text = PROGRAM + (
            "begin = time.monotonic()\n"
            "jobs = [gevent.spawn(runner.execute, b'', pool='nap', timeout=60) for _ in range(50)]\n"
            "gevent.joinall(jobs)\n"
            "print(sum(job.value == b'slept' for job in jobs), time.monotonic() - begin < 5, missed)\n"
        )
        assert script(text, master.endpoints[0]).split() == ["50", "True", "0"]
    finally:
        for worker in workers:
            worker.stop()
        for thread in threads:
            thread.join(60)


def _nap(job):
    import time

    time.sleep(0.5)
    return b"slept"


def test_futures_maps_errors_and_kills_work_in_greenlets(script, cluster, tmp_path):
    text = (
        PROGRAM
        + f"""
print(runner.submit(b"x").result(), list(runner.map([b"1", b"2", b"3"])))
try:
    runner.execute(b"fail x")
except powerhose.JobFailed as error:
    print(error.code)
called = []
future = runner.submit(b"x")
future.add_done_callback(lambda future: (gevent.sleep(0.01), called.append(future.result())))
future.result()
while not called:
    gevent.sleep(0.01)
print(called)
replies = runner.map([b"1", b"fail x", b"3", "text"])
told = []
for _ in range(5):
    try:
        told.append(next(replies).decode())
    except Exception as error:
        told.append(type(error).__name__)
print(*told)
job = gevent.spawn(runner.execute, b"watch {tmp_path}/told", timeout=60)
while not __import__("os").path.exists("{tmp_path}/told"):
    gevent.sleep(0.01)
job.kill()
with gevent.Timeout(0.05, False):
    runner.execute(b"nap 0.2")
print(runner.execute(b"x", timeout=60), missed)
"""
    )
    output = script(text, cluster.runner.endpoints[0]).splitlines()
    assert output == ["b'x' [b'1', b'2', b'3']", "mine", "[b'x']", "1 JobFailed 3 TypeError StopIteration", "b'x' 0"]
    from conftest import wait_until

    wait_until(lambda: (tmp_path / "told").read_text() == "begun\ncancelled\n")


def test_a_connection_that_nobody_answers_stops_no_other_greenlet(script, tmp_path):
    text = (
        PROGRAM
        + """
def execute():
    try:
        runner.execute(b"x", timeout=0.5)
    except powerhose.ConnectError:
        return "refused"

jobs = [gevent.spawn(execute) for _ in range(3)]
gevent.joinall(jobs)
print(*(job.value for job in jobs), missed)
"""
    )
    assert script(text, f"ipc://{tmp_path}/nobody.ipc").split() == ["refused"] * 3 + ["0"]


def test_a_runner_that_drains_or_waits_for_workers_stops_no_other_greenlet(script, cluster):
    text = (
        PROGRAM
        + """
try:
    runner.wait_for_workers(99, 0.6)
except powerhose.WorkersMissing:
    print(len(runner.workers()), missed)
last = gevent.spawn(runner.execute, b"nap 0.6", timeout=60)
while not any(worker["state"] == "busy" for worker in runner.workers()):
    gevent.sleep(0.01)
closing = gevent.spawn(runner.close, 30.0)
gevent.joinall([closing, last])
print(last.value, closing.value, missed)
"""
    )
    assert script(text, cluster.runner.endpoints[0]).splitlines() == ["2 0", "b'slept' 0 0"]


def test_a_greenlet_of_a_forked_child_waits_as_well(script, cluster):
    text = (
        PROGRAM
        + """
import os
print(runner.execute(b"parent"), flush=True)
pid = os.fork()
if pid == 0:
    ok = runner.execute(b"child", timeout=30) == b"child" and runner.submit(b"x").result() == b"x"
    os._exit(0 if ok else 1)
print(os.waitpid(pid, 0)[1], runner.execute(b"parent"))
"""
    )
    assert script(text, cluster.runner.endpoints[0]).split() == ["b'parent'", "0", "b'parent'"]
