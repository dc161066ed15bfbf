"""Powerhose: hands CPU-bound jobs to worker processes and brings the replies back.

A service runs jobs:

>>> import powerhose
>>> runner = powerhose.JobRunner.connect()      # the master at POWERHOSE_ENDPOINT; connects at the first job
>>> runner.execute(b"payload", pool="sign")     # doctest: +SKIP
b'reply'

A worker is a function in a module, which `python -m powerhose work my_module:sign` runs:

>>> @powerhose.handler(pool="sign")
... def sign(job):
...     return job.payload[::-1]

This package is `powerhose-rs` on PyPI. One interpreter of a process can use it, with its lock: subinterpreters are refused,
and a free-threaded Python switches its lock on.
"""

from __future__ import annotations

import os as _os
import warnings as _warnings

from ._cluster import Cluster
from ._errors import (
    BadKeys,
    BadSecret,
    BindError,
    ClusterError,
    ConnectError,
    Failure,
    JobCancelled,
    JobError,
    JobFailed,
    JobLost,
    JobOverload,
    JobRejected,
    JobTimedOut,
    MasterGone,
    NoCurve,
    NoWorkers,
    PayloadTooLarge,
    PowerhoseError,
    SoftLimitExceeded,
    WorkerError,
    WorkersMissing,
)
from ._futures import JobFuture
from ._options import Headers
from ._powerhose import DEFAULT_POOL, Job, JobReply, __version__, cores
from ._runner import JobRunner
from ._worker import Reply, Worker, handler
from .executor import Executor

__all__ = [
    "BadKeys",
    "BadSecret",
    "BindError",
    "Cluster",
    "ClusterError",
    "ConnectError",
    "DEFAULT_POOL",
    "Executor",
    "Failure",
    "Headers",
    "Job",
    "JobCancelled",
    "JobError",
    "JobFailed",
    "JobFuture",
    "JobLost",
    "JobOverload",
    "JobRejected",
    "JobReply",
    "JobRunner",
    "JobTimedOut",
    "MasterGone",
    "NoCurve",
    "NoWorkers",
    "PayloadTooLarge",
    "PowerhoseError",
    "Reply",
    "SoftLimitExceeded",
    "Worker",
    "WorkerError",
    "WorkersMissing",
    "__version__",
    "cores",
    "handler",
]

if _os.path.exists(_os.path.join(_os.path.dirname(__file__), "broker.py")):
    _warnings.warn(
        "the predecessor, PyPI's `powerhose` 0.7, lies in the same folder as this package, `powerhose-rs`: "
        "uninstall both, then install powerhose-rs again",
        RuntimeWarning,
        stacklevel=2,
    )
