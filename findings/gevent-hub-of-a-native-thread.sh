#!/usr/bin/env bash
# gevent: a callback that sleeps in a thread of a C library leaves descriptors behind, for each thread or for each *call*.
#
# What one expects: in a patched program `time.sleep` works in any thread, each thread with a hub of its own that goes with
# the thread. A C library with one thread that calls back a thousand times costs one hub, one with a thousand short
# threads costs none in the end.
#
# What happens: the hub of a thread that gevent did not start is never closed. On libev each such thread leaves two
# descriptors when it ends. On libuv it leaves five, and there it matters who made the callback: through cffi the thread
# keeps its hub from call to call, through ctypes (whose callbacks come to a new thread state each time) each *call* leaves
# five, with one single thread and nothing that ever ends. No warning, no growth of threads, and garbage collection helps
# nothing: under the usual 1024 descriptors 200 calls are enough. A callback that only takes locks, puts into a queue or
# writes a file makes no hub.
#
# Seen with gevent 26.9.0, cffi 2.1.1, Python 3.11: descriptors left behind by 20 calls of `time.sleep(0.001)`
#
#     libev  ctypes   1 thread:    2   20 threads:  40
#     libev  cffi     1 thread:    2   20 threads:  40
#     libuv  ctypes   1 thread:  100   20 threads: 100
#     libuv  cffi     1 thread:    5   20 threads: 100
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check gevent==26.9.0 cffi==2.1.1
cat > "$folder/threads.c" <<'C'
#include <pthread.h>

typedef void (*callback)(void);

static callback wanted;
static int times;

static void *run(void *unused) {
    for (int i = 0; i < times; i++) wanted();
    return 0;
}

/* Calls `call` some times in each of some threads, one thread after the other. */
void call_back(callback call, int threads, int calls) {
    wanted = call;
    times = calls;
    for (int i = 0; i < threads; i++) {
        pthread_t thread;
        pthread_create(&thread, 0, run, 0);
        pthread_join(thread, 0);
    }
}
C
gcc -shared -fPIC -o "$folder/threads.so" "$folder/threads.c" -lpthread
cat > "$folder/look.py" <<'PYTHON'
from gevent import monkey

monkey.patch_all()

import ctypes
import gc
import os
import sys
import time

import cffi
import gevent

library, loop, binding = sys.argv[1:]


def callback():
    time.sleep(0.001)


if binding == "ctypes":
    call_back = ctypes.CDLL(library).call_back
    call = ctypes.CFUNCTYPE(None)(callback)
else:
    ffi = cffi.FFI()
    ffi.cdef("void call_back(void (*)(void), int, int);")
    call_back = ffi.dlopen(library).call_back
    call = ffi.callback("void(void)", callback)


def left_behind(threads, calls):
    """How many descriptors are open after it that were not before."""
    before = len(os.listdir("/proc/self/fd"))
    call_back(call, threads, calls)
    gc.collect()
    return len(os.listdir("/proc/self/fd")) - before


gevent.get_hub()  # the main thread's, which is not counted
one, many = left_behind(1, 20), left_behind(20, 1)
print(f"gevent {gevent.__version__}  {loop}  {binding:6}   1 thread: {one:4}   20 threads: {many:3}")
expected = {"libev": (2, 40), "libuv": (100 if binding == "ctypes" else 5, 100)}
sys.exit((one, many) != expected[loop])
PYTHON
"$folder/venv/bin/python" --version
changed=0
for loop in libev-cext libuv-cffi; do
    for binding in ctypes cffi; do
        GEVENT_LOOP=$loop "$folder/venv/bin/python" "$folder/look.py" "$folder/threads.so" "${loop%-*}" "$binding" || changed=1
    done
done
exit "$changed"
