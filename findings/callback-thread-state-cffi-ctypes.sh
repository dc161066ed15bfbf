#!/usr/bin/env bash
# One native thread, one Python callback: with cffi `threading.local` lasts from call to call, with ctypes it does not.
#
# What one expects: a thread that Python did not start has no Python state, so a callback makes one at its start and drops
# it at its end. ctypes documents that: `threading.local` does not survive across callbacks. The same C library through
# cffi meets the same interpreter by the same functions, so its callbacks are alike, and a cache in a `threading.local`
# (a database connection, say) is new in each call.
#
# What happens: cffi keeps the state for as long as the native thread lives. `threading.local` stays, and so do context
# variables: what a callback sets with `ContextVar.set` and never resets is there in the next callback of that thread,
# which may belong to another job. A cache that never hits under ctypes works under cffi, and a context that is clean under
# ctypes is a leftover under cffi.
#
# Seen with cffi 2.1.1 and ctypes on Python 3.11, 3.12 and 3.13 (three callbacks from one thread, then one from a new thread):
#
#     ctypes  threading.local: 1 1 1 | 1   context variable: 1 1 1 | 1
#     cffi    threading.local: 1 2 3 | 1   context variable: 1 2 3 | 1
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check cffi==2.1.1
cat > "$folder/threads.c" <<'C'
#include <pthread.h>

typedef void (*callback)(void);

struct work {
    callback call;
    int times;
};

static void *run(void *argument) {
    struct work *work = argument;
    for (int i = 0; i < work->times; i++) work->call();
    return 0;
}

/* Calls `call` some times in one new thread and waits for it. */
void in_one_thread(callback call, int times) {
    struct work work = {call, times};
    pthread_t thread;
    pthread_create(&thread, 0, run, &work);
    pthread_join(thread, 0);
}
C
gcc -shared -fPIC -o "$folder/threads.so" "$folder/threads.c" -lpthread
cat > "$folder/look.py" <<'PYTHON'
import contextvars
import ctypes
import sys
import threading

import cffi

library = sys.argv[1]
local = threading.local()
variable = contextvars.ContextVar("variable", default=0)
seen = []


def callback():
    """Counts its calls in both places."""
    local.count = getattr(local, "count", 0) + 1
    variable.set(variable.get() + 1)
    seen.append((local.count, variable.get()))


def with_ctypes():
    c = ctypes.CDLL(library)
    call = ctypes.CFUNCTYPE(None)(callback)
    for times in (3, 1):
        c.in_one_thread(call, times)


def with_cffi():
    ffi = cffi.FFI()
    ffi.cdef("void in_one_thread(void (*)(void), int);")
    c = ffi.dlopen(library)
    call = ffi.callback("void(void)", callback)
    for times in (3, 1):
        c.in_one_thread(call, times)


print("cffi", cffi.__version__, "Python", sys.version.split()[0])
changed = False
for name, run, expected in [("ctypes", with_ctypes, [1, 1, 1, 1]), ("cffi", with_cffi, [1, 2, 3, 1])]:
    seen.clear()
    run()
    locals, variables = [[pair[which] for pair in seen] for which in (0, 1)]
    texts = ["{} {} {} | {}".format(*counts) for counts in (locals, variables)]
    print(f"{name:6}  threading.local: {texts[0]}   context variable: {texts[1]}")
    changed |= locals != expected or variables != expected
sys.exit(changed)
PYTHON
"$folder/venv/bin/python" "$folder/look.py" "$folder/threads.so"
