//! The accounts server's key set: fetched when it is needed, remembered for a while, fetched again for a key nobody knows.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::Url;
use serde_json::Value;
use tokio::sync::Mutex as AsyncMutex;

use super::fetch::Fetcher;
use crate::identity::bearer::KeySet;
use crate::identity::{ErrorKind, IdentityError};

/// How soon an unknown key, or a failure, makes the set be fetched again: anybody can make up names of keys.
const REFRESH_PAUSE: Duration = Duration::from_secs(5);

/// How long a set is used beyond its age where the server does not answer.
const OLD_AGE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// A set that is behind a URL, or known beforehand.
pub struct Keys {
    /// Absent where the set is known beforehand.
    source: Option<(Fetcher, Url)>,
    pub(super) age: Duration,
    pub(super) pause: Duration,
    /// The last good set, and since when.
    known: Mutex<Option<(Instant, KeySet)>>,
    /// When it was last asked for. Who holds the lock fetches.
    asked: AsyncMutex<Option<Instant>>,
}

impl Keys {
    /// The set behind an `https:` URL, which is good for this age.
    #[must_use]
    pub fn fetched(fetcher: Fetcher, url: Url, age: Duration) -> Self {
        let (known, asked) = (Mutex::default(), AsyncMutex::default());
        Self { source: Some((fetcher, url)), age, pause: REFRESH_PAUSE.min(age), known, asked }
    }

    /// A set that is known beforehand and never changes.
    #[must_use]
    pub fn given(set: KeySet) -> Self {
        let (known, asked) = (Mutex::new(Some((Instant::now(), set))), AsyncMutex::default());
        Self { source: None, age: Duration::MAX, pause: REFRESH_PAUSE, known, asked }
    }

    /// The keys that a token's header may mean. Waits for a fetch only where the set does not have them.
    pub(super) async fn select(&self, name: Option<&str>) -> Result<Vec<Value>, IdentityError> {
        let known = self.known(name);
        let mut asked = match known {
            Some((keys, age)) if age < self.age => return Ok(keys),
            // One asker fetches; the others, and all where the server does not answer, use what was good so far.
            Some((keys, _)) => match self.asked.try_lock() {
                Ok(asked) => asked,
                Err(_) => return Ok(keys),
            },
            None => {
                let asked = self.asked.lock().await;
                // Another asker may have fetched it meanwhile.
                if let Some((keys, _)) = self.known(name) {
                    return Ok(keys);
                }
                asked
            }
        };
        self.refresh(&mut asked).await;
        let unknown = || if self.lock().is_some() { UNKNOWN } else { NO_KEYS };
        self.known(name).map(|(keys, _)| keys).ok_or_else(unknown)
    }

    async fn refresh(&self, asked: &mut Option<Instant>) {
        if asked.is_some_and(|asked| asked.elapsed() < self.pause) {
            return;
        }
        let Some((fetcher, url)) = &self.source else { return };
        let document = fetcher.document(url.clone()).await;
        *asked = Some(Instant::now());
        match document.and_then(|document| KeySet::parse(&document)) {
            Ok(set) => *self.lock() = Some((Instant::now(), set)),
            Err(error) => tracing::warn!(%error, "cannot fetch the keys of the accounts server"),
        }
    }

    /// The keys that are known, and how old they are.
    fn known(&self, name: Option<&str>) -> Option<(Vec<Value>, Duration)> {
        let known = self.lock();
        let (since, set) = known.as_ref()?;
        let (keys, age) = (set.select(name), since.elapsed());
        (!keys.is_empty() && age < self.age.saturating_add(OLD_AGE_MAX)).then_some((keys, age))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<(Instant, KeySet)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const NO_KEYS: IdentityError =
    IdentityError::new(ErrorKind::IssuerUnreachable, "the keys of the accounts server cannot be fetched");
const UNKNOWN: IdentityError =
    IdentityError::new(ErrorKind::Signature, "the accounts server does not publish this key");
