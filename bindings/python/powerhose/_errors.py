"""What can go wrong, as classes. Every one can be pickled, with all that it tells."""

from __future__ import annotations

from typing import Any, Optional


class PowerhoseError(Exception):
    """The base of all errors of this package."""


class JobError(PowerhoseError):
    """Why a job has no reply.

    >>> error = JobTimedOut("job 0.7 timed out", may_have_run=True, http_status=504)
    >>> error.may_have_run, error.http_status, isinstance(error, TimeoutError)
    (True, 504, True)
    """

    may_have_run: bool
    """Whether a worker may have begun it. If not, it can be submitted again whatever it does."""
    job: Optional[str]
    """The job's id, which the logs of master and worker carry too."""
    attempts: int
    """How often it was dispatched, less the times it came back unrun."""
    worker: Optional[int]
    """The id of the worker that answered or died, if one had it."""
    code: Optional[str]
    """The word for programs: a handler's own, or why it was refused, or what it was lost with."""
    text: Optional[str]
    """A handler's text for people."""
    retry_after: Optional[float]
    """In how many seconds to come back at the earliest, if the master says so."""
    is_retryable: bool
    """Whether the same job may succeed when it is submitted again."""
    is_overload: bool
    """Whether there is more to do than can be done: tell the user to come back later."""
    http_status: int
    """The status with which a web service may answer."""
    signal: Optional[int]
    """The signal that ended its worker's process, where it is known."""
    exit_status: Optional[int]
    """The status with which its worker's process exited, where it is known."""

    def __init__(
        self,
        message: str = "",
        *,
        may_have_run: bool = False,
        job: Optional[str] = None,
        attempts: int = 0,
        worker: Optional[int] = None,
        code: Optional[str] = None,
        text: Optional[str] = None,
        retry_after: Optional[float] = None,
        is_retryable: bool = False,
        is_overload: bool = False,
        http_status: int = 500,
        signal: Optional[int] = None,
        exit_status: Optional[int] = None,
    ) -> None:
        super().__init__(message)
        self.may_have_run = may_have_run
        self.job = job
        self.attempts = attempts
        self.worker = worker
        self.code = code
        self.text = text
        self.retry_after = retry_after
        self.is_retryable = is_retryable
        self.is_overload = is_overload
        self.http_status = http_status
        self.signal = signal
        self.exit_status = exit_status

    def __reduce__(self) -> tuple[Any, ...]:
        # The state is set after the call, and has what the call does not.
        return type(self), self.args, dict(self.__dict__)


class JobFailed(JobError):
    """The handler gave an error (`code`, `text`), or raised one (`code` is then `panic`)."""


class JobTimedOut(JobError, TimeoutError):
    """The deadline passed."""


class JobCancelled(JobError):
    """The caller took it back."""


class JobLost(JobError):
    """It was lost: `code` is `worker` or `master`."""


class JobRejected(JobError):
    """It was refused before any worker had it: `code` says why."""


class JobOverload(JobRejected):
    """There is too much to do: `retry_after` may say when to come back."""


class NoWorkers(JobRejected):
    """No worker offers the pool."""


class PayloadTooLarge(JobRejected):
    """The payload is over the master's bound."""


class ConnectError(JobError, ConnectionError):
    """No master answers, or it refuses this client."""


class BindError(PowerhoseError):
    """A master cannot listen there."""


class MasterGone(PowerhoseError):
    """The master did not answer a question."""


class WorkersMissing(PowerhoseError):
    """Too few workers came in time."""


class WorkerError(PowerhoseError):
    """A worker cannot work: no master, a refusal, a pool that cannot be offered."""


class ClusterError(PowerhoseError):
    """A cluster did not start, or is closed."""


class NoCurve(ConnectError, BindError, WorkerError):
    """CURVE was asked for, and this build of the package has none: see SECURITY.md for one that has."""


class BadKeys(PowerhoseError, ValueError):
    """The file has no CURVE keys."""


class BadSecret(PowerhoseError, ValueError):
    """It is no shared secret."""


class Failure(PowerhoseError):
    """For handlers to raise: a code for the caller's program and a text for its people.

    The caller gets a :class:`JobFailed` with both.

    >>> raise Failure("not_a_number", "the payload is no decimal integer")
    Traceback (most recent call last):
    ...
    powerhose._errors.Failure: ('not_a_number', 'the payload is no decimal integer')
    """

    def __init__(self, code: str, text: str = "") -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text


class SoftLimitExceeded(PowerhoseError):
    """Raised in a handler that runs longer than its worker's `soft_limit`."""
