"""What the workers do."""

import hashlib
import time

import powerhose


@powerhose.handler(pool="hash")
def digest(job):
    """Hashes the payload. One that begins with `slow` takes half a second, as a password would."""
    if job.payload.startswith(b"slow"):
        time.sleep(0.5)
    if not job.payload:
        raise powerhose.Failure("empty", "there is nothing to hash")
    return hashlib.sha256(job.payload).hexdigest().encode()
