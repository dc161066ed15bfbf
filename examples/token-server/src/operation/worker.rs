//! The worker process: it verifies identities, and makes and checks tokens.
//!
//! Never logs a job's payload or reply.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use powerhose::worker::{Job, JobFailure, Worker};

use crate::token::job::{self, Reply, Request};
use crate::token::keyring::{Keyring, KeyringError};
use crate::verifier;

/// Works until the master says otherwise. `keyring` is where it lies.
///
/// # Errors
/// The keyring cannot be read, or there is no master.
pub fn work(keyring: &Path) -> anyhow::Result<()> {
    let keyring = Kept::read(keyring)?;
    Worker::from_env()?.pool(verifier::job::POOL).pool(job::POOL).run(|job: &Job| match job.pool() {
        // A token that cannot be made at once is asked for again by itself, and that job says why.
        verifier::job::POOL => verifier::job::handle(job.payload(), |asked| keyring.handle(asked).ok())
            .map_err(|error| JobFailure::new("bad_request", error.to_string())),
        _ => about_tokens(&keyring, job.payload()),
    })?;
    Ok(())
}

fn about_tokens(keyring: &Kept, payload: &[u8]) -> Result<Vec<u8>, JobFailure> {
    let asked = Request::from_payload(payload).map_err(|error| JobFailure::new(error.code, error.text))?;
    let reply = keyring.handle(asked)?;
    serde_json::to_vec(&reply).map_err(|error| JobFailure::new("internal", error.to_string()))
}

/// The keyring, and where a newer one is found.
struct Kept {
    path: PathBuf,
    keyring: RefCell<Keyring>,
}

impl Kept {
    fn read(path: &Path) -> Result<Kept, KeyringError> {
        Ok(Kept { path: path.to_owned(), keyring: RefCell::new(Keyring::read(path)?) })
    }

    fn handle(&self, Request { keyring, task }: Request) -> Result<Reply, JobFailure> {
        // Without a clock nothing is known to be unexpired.
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_err(|_| JobFailure::new("internal", "the clock stands before 1970"))?;
        let keyring =
            self.at_least(keyring).map_err(|error| JobFailure::new("keyring", error.to_string()))?;
        job::handle(&keyring, task, now).map_err(|error| JobFailure::new(error.code, error.text))
    }

    /// The keyring of this number, or a newer one.
    fn at_least(&self, number: u64) -> Result<std::cell::Ref<'_, Keyring>, KeyringError> {
        if self.keyring.borrow().number < number {
            self.keyring.replace(Keyring::read(&self.path)?);
        }
        Ok(self.keyring.borrow())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use powerhose_example_token::program::Handover;

    use crate::token::masters::{Masters, NodeSecrets};
    use crate::token::payload::Form;

    #[test]
    fn a_worker_reads_a_newer_keyring_when_a_job_wants_it() {
        let keyring = |number| Keyring {
            number,
            masters: Masters::parse(&"a".repeat(32), NodeSecrets::Derived).unwrap(),
            metrics_secret: String::new(),
            form: Form::default(),
        };
        let mut handover = Handover::new(&keyring(1).to_bytes()).unwrap();
        let kept = Kept::read(&handover.path()).unwrap();
        handover.replace(&keyring(2).to_bytes()).unwrap();
        assert_eq!(kept.at_least(1).unwrap().number, 1);
        assert_eq!(kept.at_least(2).unwrap().number, 2);
        assert_eq!(kept.at_least(1).unwrap().number, 2);
    }
}
