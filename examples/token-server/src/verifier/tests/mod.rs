//! The verifier whole: a host on loopback, a master, a worker on a thread.

mod host;
mod opaque;

use std::collections::BTreeMap;
use std::thread::JoinHandle;
use std::time::SystemTime;

use powerhose::worker::{Job as WorkerJob, JobFailure, StopHandle, Worker};
use serde_json::{Value, json};
use tempfile::TempDir;

use self::host::{Host, http, json as answer};
use super::*;
use crate::identity::browserid::Demands;
use crate::identity::maker::{KeyPair, bundle};

const AUDIENCE: &str = "https://token.example.org";
const SCOPE: &str = "https://identity.mozilla.com/apps/oldsync";

/// A master with a worker, and what they leave behind.
struct Pool {
    runner: JobRunner,
    stop: StopHandle,
    thread: Option<JoinHandle<()>>,
    _folder: TempDir,
}

impl Pool {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let endpoint = format!("ipc://{}", folder.path().join("master").display());
        let runner = JobRunner::bind(&endpoint).unwrap();
        let worker = Worker::connect(&endpoint).unwrap().pool(POOL).ignore_signals();
        let stop = worker.stop_handle();
        let work = |job: &WorkerJob| {
            job::handle(job.payload(), |_| None)
                .map_err(|error| JobFailure::new("bad_request", error.to_string()))
        };
        let thread = Some(std::thread::spawn(move || worker.run(work).unwrap()));
        Self { runner, stop, thread, _folder: folder }
    }

    fn verifier(&self, host: &Host, fallback: Option<String>) -> Verifier {
        let rules = BrowserIdRules {
            audiences: vec![AUDIENCE.into()],
            dialect: Dialect::JavaScript,
            trusted_issuers: Vec::new(),
            fallback,
            demands: Demands::Strict,
        };
        let bearer = BearerRules {
            email_domain: host.name(),
            issuer: None,
            audience: None,
            scope: SCOPE.into(),
            leeway_seconds: 0,
        };
        let (fetcher, age) = (fetcher(&[host.root()]), Duration::from_secs(600));
        let keys = format!("https://{}/jwks", host.name()).parse().unwrap();
        Verifier {
            runner: self.runner.clone(),
            browserid: Some(rules),
            bearer: Some((bearer, Keys::fetched(fetcher.clone(), keys, age))),
            opaque: None,
            documents: Documents::new(fetcher, age, BTreeMap::new()),
            job_timeout: Duration::from_secs(30),
        }
    }
}

/// Asks whoever is on this machine.
fn fetcher(roots: &[Vec<u8>]) -> Fetcher {
    Fetcher::new(Duration::from_secs(10), Reach::Everywhere, roots).unwrap()
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.stop.stop();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap()
}

fn assertion(issuer: &KeyPair, user: &KeyPair, host: &str, email: &str) -> String {
    let later = u64::try_from(now().as_millis()).unwrap() + 600_000;
    let certificate =
        json!({"iss": host, "exp": later, "public-key": user.public(), "principal": {"email": email}});
    let assertion = json!({"aud": AUDIENCE, "exp": later});
    bundle(&issuer.sign(&certificate).unwrap(), &user.sign(&assertion).unwrap())
}

async fn kind(verifier: &Verifier, assertion: &str) -> Option<ErrorKind> {
    verifier.verify_browserid(assertion, None, now()).await.err().map(refusal)
}

fn refusal(error: Unverified) -> ErrorKind {
    match error {
        Unverified::Refused(error) => error.kind,
        Unverified::NoReply(_) | Unverified::BadReply(_) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_verification_that_no_worker_takes_tells_what_became_of_its_job() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = format!("ipc://{}", folder.path().join("master").display());
    let runner = JobRunner::builder().endpoint(endpoint).bind().unwrap();
    let key = KeyPair::eddsa().unwrap();
    let host = Host::start(|_| http("500 Broken", "", "")).await;
    let pool = Pool::start();
    let mut verifier = pool.verifier(&host, None);
    verifier.runner = runner.clone();
    let keys = [key.jwk("k")];
    host.answer_with(move |_| set(&keys));
    runner.close(Duration::ZERO).unwrap();
    let error = verifier.verify_bearer(&bearer(&key, "k"), None, None, now()).await.err().unwrap();
    assert_eq!(error.name(), "no-reply", "{error}");
}

#[tokio::test]
async fn many_who_come_at_once_are_verified_with_one_fetch() {
    let (issuer, user) = (KeyPair::ds128().unwrap(), KeyPair::ds128().unwrap());
    let document = issuer.support_document().to_string();
    let host = Host::start(move |path| {
        assert!(path.starts_with("/.well-known/browserid?domain=localhost%3A"), "{path}");
        answer(&document)
    })
    .await;
    let pool = Pool::start();
    let verifier = pool.verifier(&host, None);
    let email = format!("user@{}", host.name());
    let assertion = assertion(&issuer, &user, &host.name(), &email);
    let (first, second, third) = tokio::join!(
        verifier.verify_browserid(&assertion, None, now()),
        verifier.verify_browserid(&assertion, None, now()),
        verifier.verify_browserid(&assertion, None, now()),
    );
    for identity in [first, second, third] {
        assert_eq!(identity.ok().unwrap().identity.email, email);
    }
    assert_eq!(host.asked(), 1);
    assert_eq!(kind(&verifier, "x").await, Some(ErrorKind::Malformed));
    assert_eq!(kind(&verifier, &assertion.replacen('~', "~x", 1)).await, Some(ErrorKind::Malformed));
}

#[tokio::test]
async fn a_host_that_recovers_is_asked_again_at_once_almost() {
    let (issuer, user) = (KeyPair::ds128().unwrap(), KeyPair::ds128().unwrap());
    let host = Host::start(|_| http("503 Busy", "", "")).await;
    let pool = Pool::start();
    let verifier = pool.verifier(&host, None);
    let assertion = assertion(&issuer, &user, &host.name(), &format!("user@{}", host.name()));
    assert_eq!(kind(&verifier, &assertion).await, Some(ErrorKind::IssuerUnreachable));
    let document = issuer.support_document().to_string();
    host.answer_with(move |_| answer(&document));
    while kind(&verifier, &assertion).await.is_some() {
        // Waits for the failure to be forgotten; without that the test would not end.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(host.asked(), 2);
}

#[tokio::test]
async fn answers_that_are_no_support_documents_make_no_issuer() {
    let (issuer, user) = (KeyPair::ds128().unwrap(), KeyPair::ds128().unwrap());
    let document = issuer.support_document().to_string();
    let long = answer(&format!("{document}{}", " ".repeat(70_000)));
    let pool = Pool::start();
    for bad in [
        http("404 Not Found", "content-type: application/json\r\n", &document),
        http("200 OK", "content-type: text/plain\r\n", &document),
        http("200 OK", "", &document),
        http("302 Found", "location: /elsewhere\r\n", ""),
        answer("{}"),
        answer("no JSON"),
        long,
    ] {
        let host = Host::start(move |_| bad.clone()).await;
        let verifier = pool.verifier(&host, None);
        let assertion = assertion(&issuer, &user, &host.name(), &format!("user@{}", host.name()));
        assert_eq!(kind(&verifier, &assertion).await, Some(ErrorKind::Issuer));
        assert_eq!(host.asked(), 1);
    }
}

#[tokio::test]
async fn a_domain_that_delegates_is_followed_to_who_speaks_for_it() {
    let (issuer, user) = (KeyPair::ds128().unwrap(), KeyPair::ds128().unwrap());
    let document = issuer.support_document().to_string();
    let speaker = Host::start(move |_| answer(&document)).await;
    let delegation = json!({"authority": speaker.name()}).to_string();
    let domain = Host::start(move |_| answer(&delegation)).await;
    let pool = Pool::start();
    let mut verifier = pool.verifier(&speaker, None);
    let fetcher = fetcher(&[speaker.root(), domain.root()]);
    verifier.documents = Documents::new(fetcher, Duration::from_secs(600), BTreeMap::new());
    let email = format!("user@{}", domain.name());
    assert_eq!(kind(&verifier, &assertion(&issuer, &user, &speaker.name(), &email)).await, None);
    // Two questions for two domains, and one of the two had been asked before.
    assert_eq!((speaker.asked(), domain.asked()), (1, 1));
    let own = assertion(&issuer, &user, &domain.name(), &email);
    assert_eq!(kind(&verifier, &own).await, Some(ErrorKind::Issuer));
}

#[tokio::test]
async fn by_default_no_host_of_the_own_network_is_asked() {
    let issuer = KeyPair::ds128().unwrap();
    let document = issuer.support_document().to_string();
    let host = Host::start(move |_| answer(&document)).await;
    let fetcher = Fetcher::new(Duration::from_secs(10), Reach::default(), &[host.root()]).unwrap();
    for url in [
        format!("https://{}/", host.name()),
        "https://127.0.0.1/".into(),
        "https://[::1]/".into(),
        "https://localhost/".into(),
    ] {
        assert!(fetcher.document(url.parse().unwrap()).await.is_err(), "{url}");
    }
    assert_eq!(host.asked(), 0);
}

fn bearer(key: &KeyPair, name: &str) -> String {
    let header = json!({"typ": "at+jwt", "alg": key.algorithm(), "kid": name});
    let claims = json!({"sub": "u", "exp": now().as_secs() + 600, "client_id": "c", "scope": SCOPE});
    key.sign_bearer(&header, &claims).unwrap()
}

fn set(keys: &[Value]) -> String {
    answer(&json!({"keys": keys}).to_string())
}

#[tokio::test]
async fn an_unknown_key_makes_the_set_be_fetched_once_and_then_not_for_a_while() {
    let (old, new) = (KeyPair::eddsa().unwrap(), KeyPair::es256().unwrap());
    let keys = [old.jwk("old")];
    let host = Host::start(move |_| set(&keys)).await;
    let pool = Pool::start();
    let mut verifier = pool.verifier(&host, None);
    // No pause: the accounts server changes its keys in the middle of the test.
    verifier.bearer.as_mut().unwrap().1.pause = Duration::ZERO;
    let key_id = KeyId::parse("7-qrs").unwrap();
    for _ in 0..3 {
        let identity =
            verifier.verify_bearer(&bearer(&old, "old"), Some(&key_id), None, now()).await.ok().unwrap();
        assert_eq!(identity.identity.email, format!("u@{}", host.name()));
    }
    assert_eq!(host.asked(), 1);
    let keys = [new.jwk("new")];
    host.answer_with(move |_| set(&keys));
    assert!(verifier.verify_bearer(&bearer(&new, "new"), None, None, now()).await.is_ok());
    assert_eq!(host.asked(), 2);
    verifier.bearer.as_mut().unwrap().1.pause = Duration::from_secs(600);
    for _ in 0..3 {
        let error = verifier.verify_bearer(&bearer(&old, "old"), None, None, now()).await.err().unwrap();
        assert_eq!(refusal(error), ErrorKind::Signature);
    }
    assert_eq!(host.asked(), 2);
}

#[tokio::test]
async fn an_accounts_server_that_does_not_answer_is_unreachable_but_its_old_keys_stay_good() {
    let key = KeyPair::eddsa().unwrap();
    let host = Host::start(|_| http("500 Broken", "", "")).await;
    let pool = Pool::start();
    let mut verifier = pool.verifier(&host, None);
    let keys = &mut verifier.bearer.as_mut().unwrap().1;
    (keys.pause, keys.age) = (Duration::ZERO, Duration::ZERO);
    let error = verifier.verify_bearer(&bearer(&key, "k"), None, None, now()).await.err().unwrap();
    assert_eq!(refusal(error), ErrorKind::IssuerUnreachable);
    let keys = [key.jwk("k")];
    host.answer_with(move |_| set(&keys));
    assert!(verifier.verify_bearer(&bearer(&key, "k"), None, None, now()).await.is_ok());
    host.answer_with(|_| http("500 Broken", "", ""));
    assert!(verifier.verify_bearer(&bearer(&key, "k"), None, None, now()).await.is_ok());
    assert_eq!(host.asked(), 3);
}
