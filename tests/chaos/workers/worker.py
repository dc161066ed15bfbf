"""The chaos run's worker over the Python package: it does what src/roles/worker.rs does, and notes it in the same journal.

worker.py ENDPOINT JOURNAL WORDS POOL...
"""

import ctypes
import os
import struct
import sys
import time

import powerhose

LANGUAGE = 1
EXIT_STATUS = 77
BYTES_MAX = 1 << 20
MASK = (1 << 64) - 1
COMPUTE, FAIL, PANIC, EXIT, ABORT, HANG = range(6)
# Up to here a handler computes, the rest of a longer job it sleeps: in seconds.
COMPUTE_MAX = 200e-6


class Draws:
    """A sequence that its seed determines, as in tests/harness."""

    def __init__(self, seed):
        self.state = seed

    def numbers(self, count):
        first = self.state + 0x9E3779B97F4A7C15
        self.state += count * 0x9E3779B97F4A7C15
        numbers = []
        for state in range(first, self.state + 1, 0x9E3779B97F4A7C15):
            mixed = state & MASK
            mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9 & MASK
            mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB & MASK
            numbers.append(mixed ^ (mixed >> 31))
        return numbers

    def below(self, bound):
        return self.numbers(1)[0] % bound

    def between(self, first, last):
        return first + self.below(last - first + 1)


def digest(payload):
    words, mixed = len(payload) // 8, 0x517CC1B727220A95 ^ len(payload)
    for word in (*struct.unpack_from(f"<{words}Q", payload), *payload[words * 8 :]):
        mixed = (((mixed << 5 | mixed >> 59) & MASK) ^ word) * 0x2127599BF4325C37 & MASK
    return mixed


def size(draws):
    drawn = draws.below(100)
    if drawn < 5:
        return 0
    if drawn < 70:
        return draws.between(1, 1 << 10)
    if drawn < 90:
        return draws.between(1 << 10, 16 << 10)
    if drawn < 98:
        return draws.between(16 << 10, 256 << 10)
    return draws.between(256 << 10, BYTES_MAX)


def reply(key, payload):
    draws = Draws(Draws(digest(payload) ^ key * 0xD6E8FEB86659FD93 & MASK).numbers(1)[0])
    count = size(draws)
    words = (count + 7) // 8
    return struct.pack(f"<{words}Q", *draws.numbers(words))[:count]


def compute(seconds):
    begun = time.monotonic()
    time.sleep(max(0, seconds - COMPUTE_MAX))
    while time.monotonic() - begun < seconds:
        pass


def hang(key):
    # With and without the interpreter's lock: neither heartbeats nor the watchdog may need it.
    pause = (ctypes.CDLL if key % 2 else ctypes.PyDLL)(None).pause
    while True:
        pause()


def do_act(key, code):
    act = code & 0xFF
    if act == COMPUTE:
        compute((code >> 8) / 1e6)
    elif act == FAIL:
        raise powerhose.Failure("refused", "as it was told")
    elif act == PANIC:
        raise RuntimeError("as it was told")
    elif act == EXIT:
        os._exit(EXIT_STATUS)
    elif act == ABORT:
        os.abort()
    elif act == HANG:
        hang(key)


def main(endpoint, journal, words, *pools):
    notes, pid = os.open(journal, os.O_WRONLY), os.getpid()

    def handle(job):
        key, code = struct.unpack("<QQ", job.headers["chaos"])
        flags = job.once | code << 1 | LANGUAGE << 56
        os.write(notes, struct.pack("<QIIQQ", key, pid, job.attempt, time.monotonic_ns(), flags))
        do_act(key, code)
        return reply(key, job.payload)

    said = "left"
    try:
        powerhose.Worker(endpoint, pool=pools).run(handle)
    except BaseException as error:
        said = repr(error)
        raise
    finally:
        with open(words, "a") as file:
            file.write(f"worker {pid}: {said}\n")


main(*sys.argv[1:])
