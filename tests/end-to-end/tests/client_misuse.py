#!/usr/bin/env python3
"""Uses the client of examples/python wrongly: each wrong call is refused at once, and spoils nothing."""
import os, sys, threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../examples/python"))
import client


def refused(kind, call):
    try:
        call()
    except kind:
        return
    raise AssertionError(f"it is to raise {kind.__name__}")


def in_another_thread(call):
    outcome = []
    thread = threading.Thread(target=lambda: outcome.append(refused(RuntimeError, call)))
    thread.start()
    thread.join()
    assert outcome == [None], "the thread was not refused"


def in_a_child(call):
    child = os.fork()
    if child == 0:
        try:
            refused(RuntimeError, call)
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, "the child was not refused"


it = client.Client(sys.argv[1])
echo = lambda payload, **options: it.execute(payload, timeout=30, **options)
assert echo(b"first") == b"first"
for wrong in ("text", None, 7, ["list"]):
    refused(TypeError, lambda: it.execute(wrong))
refused(TypeError, lambda: list(it.execute_many(["text"])))
refused(TypeError, lambda: it.execute(b"", headers={"name": "text"}))
refused(TypeError, lambda: it.execute(b"", headers={b"name": b"bytes"}))
refused(TypeError, lambda: it.execute(b"", pool=b"default"))
refused(TypeError, lambda: it.execute(b"", timeout="5"))
refused(ValueError, lambda: it.execute(b"", timeout=0))
refused(TypeError, lambda: it.execute(b"", attempts_max="3"))
refused(TypeError, lambda: it.execute(b"", attempts_max=True))
for headers in ({"\udc80": b""}, {"n" * 256: b""}, {"a": bytes(16384)}, {str(n): b"" for n in range(65)}):
    refused(ValueError, lambda: it.execute(b"", headers=headers))
assert echo(b"the largest", headers={"n" * 255: bytes(16384 - 255)}) == b"the largest"
in_another_thread(lambda: it.execute(b"elsewhere"))
in_a_child(lambda: it.execute(b"elsewhere"))
call = it.submit(b"submitted")
in_another_thread(lambda: it.wait(call))
in_a_child(lambda: it.wait(call))
in_a_child(lambda: it.leave())
assert it.wait(call) == b"submitted"
assert echo(bytearray(b"bytes of any kind")) == b"bytes of any kind"
assert list(it.execute_many([b"a", memoryview(b"b")])) == [b"a", b"b"]
it.leave()
print("all refused, nothing spoiled")
