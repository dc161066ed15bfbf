#!/usr/bin/env bash
# cloudpickle: a job that brings its class along rewrites the objects that earlier jobs left in the worker.
#
# What one expects: a class of `__main__` travels by value, so each pickle is a copy. Either each job brings a class of its
# own (what an earlier job left in the worker keeps the class it came with), or the worker knows the class again and keeps it
# (what it has counted in a class attribute stays counted).
#
# What happens: neither. The worker knows the class again and writes all that the pickle says over it. Class attributes
# fall back to the sender's values for every object there is, and objects of earlier jobs get the methods of the newest
# arrival. The newest *arrival*: a pickle made earlier that comes later takes everybody's methods back to the older ones.
#
# Seen with cloudpickle 3.1.2 on Python 3.11, one worker process, each line one job (`first` stays there from the first job):
#
#     job 1, class as it was         counted here: 1   first: counted 1, version one
#     job 2, class as it was         counted here: 1   first: counted 1, version one
#     job 3, method changed          counted here: 1   first: counted 1, version two
#     job 4, pickled before job 3    counted here: 1   first: counted 1, version one
#     classes in the worker: 1
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check cloudpickle==3.1.2
cat > "$folder/look.py" <<'PYTHON'
import base64
import subprocess
import sys

import cloudpickle

WORKER = """
import base64, pickle, sys
kept = []
for line in sys.stdin:
    job = pickle.loads(base64.b64decode(line))
    kept.append(job)
    counted = job.count()
    print(counted, kept[0].counted, kept[0].version(), len({type(one) for one in kept}), flush=True)
"""


class Job:
    counted = 0

    def count(self):
        type(self).counted += 1
        return type(self).counted

    def version(self):
        return "one"


worker = subprocess.Popen([sys.executable, "-c", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def run(pickle):
    """Sends one job to the worker and returns what it says about it."""
    worker.stdin.write(base64.b64encode(pickle).decode() + "\n")
    worker.stdin.flush()
    return worker.stdout.readline().split()


print("cloudpickle", cloudpickle.__version__, "Python", sys.version.split()[0])
older = cloudpickle.dumps(Job())
jobs = [("job 1, class as it was", older), ("job 2, class as it was", cloudpickle.dumps(Job()))]
Job.version = lambda self: "two"
jobs += [("job 3, method changed", cloudpickle.dumps(Job())), ("job 4, pickled before job 3", older)]
changed = False
for (name, pickle), expected in zip(jobs, ["one", "one", "two", "one"]):
    here, first, version, classes = run(pickle)
    print(f"{name:30} counted here: {here}   first: counted {first}, version {version}")
    changed |= (here, first, version, classes) != ("1", "1", expected, "1")
print("classes in the worker:", classes)
worker.stdin.close()
worker.wait()
sys.exit(changed)
PYTHON
"$folder/venv/bin/python" "$folder/look.py"
