//! Support documents, remembered for a while; one fetch for all who ask at once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::Url;
use tokio::sync::Mutex as AsyncMutex;

use super::fetch::Fetcher;
use crate::identity::browserid::{Question, Source, SupportDocument};
use crate::identity::{ErrorKind, IdentityError};

/// How long a failure is remembered. PyBrowserID's hour locks all users of a domain out after one hiccup of its host; no
/// time at all would let each of a thousand waiting users knock at a dead host in turn.
const FAILURE_AGE: Duration = Duration::from_secs(1);

/// Documents that are remembered at once.
const DOCUMENTS_MAX: usize = 4096;

/// A document, or why there is none.
type Answer = Result<SupportDocument, IdentityError>;

/// The answers by their questions.
pub struct Documents {
    fetcher: Fetcher,
    age: Duration,
    /// What is known beforehand, by its host.
    known: BTreeMap<String, SupportDocument>,
    entries: Mutex<BTreeMap<Question, Arc<Entry>>>,
}

/// One question. Who holds the lock fetches; the others wait for its answer.
#[derive(Default)]
struct Entry {
    answer: AsyncMutex<Option<(Instant, Answer)>>,
}

impl Documents {
    /// Remembers good documents for this age, and asks nobody for those that are `known` beforehand, by their hosts.
    #[must_use]
    pub fn new(fetcher: Fetcher, age: Duration, known: BTreeMap<String, SupportDocument>) -> Self {
        Self { fetcher, age, known, entries: Mutex::default() }
    }

    async fn fetch(&self, question: &Question) -> Answer {
        let bad = IdentityError::new(ErrorKind::Issuer, "the issuer is no host");
        let mut url =
            Url::parse(&format!("https://{}/.well-known/browserid", question.host)).map_err(|_| bad)?;
        url.query_pairs_mut().append_pair("domain", &question.domain);
        let document = self.fetcher.document(url).await?;
        SupportDocument::parse(&document)
    }

    fn age_of(&self, answer: &Answer) -> Duration {
        match answer {
            Ok(_) => self.age,
            Err(_) => self.age.min(FAILURE_AGE),
        }
    }

    fn entry(&self, question: &Question) -> Arc<Entry> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get(question) {
            return entry.clone();
        }
        if entries.len() >= DOCUMENTS_MAX {
            self.make_room(&mut entries);
        }
        entries.entry(question.clone()).or_default().clone()
    }

    /// Forgets what is too old; where nothing is, all that nobody waits for.
    fn make_room(&self, entries: &mut BTreeMap<Question, Arc<Entry>>) {
        entries.retain(|_, entry| match entry.answer.try_lock() {
            Ok(answer) => {
                answer.as_ref().is_some_and(|(since, answer)| since.elapsed() < self.age_of(answer))
            }
            Err(_) => true,
        });
        if entries.len() >= DOCUMENTS_MAX {
            entries.retain(|_, entry| entry.answer.try_lock().is_err());
        }
    }
}

impl Source for Documents {
    async fn document(&self, question: &Question) -> Answer {
        if let Some(document) = self.known.get(&question.host) {
            return Ok(document.clone());
        }
        let entry = self.entry(question);
        let mut answer = entry.answer.lock().await;
        if let Some((since, answer)) = &*answer
            && since.elapsed() < self.age_of(answer)
        {
            return answer.clone();
        }
        let fresh = self.fetch(question).await;
        *answer = Some((Instant::now(), fresh.clone()));
        fresh
    }
}
