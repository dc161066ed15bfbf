//! An issuer and a user with their keys, the verification alone, and a server that knows them.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use powerhose_token_server::identity::browserid::{BrowserIdRules, Demands, Dialect, Evidence, verify};
use powerhose_token_server::identity::maker::{KeyPair, bundle};
use powerhose_token_server::store::admin::NodeChange;
use powerhose_token_server::store::{Store, StoreSettings};
use serde_json::{Value, json};

use super::dsa;

const HOST: &str = "accounts.example.org";
pub(crate) const AUDIENCE: &str = "https://token.example.org";

/// An assertion, and the document of its issuer.
pub(crate) struct Parties {
    pub(crate) name: &'static str,
    pub(crate) assertion: String,
    pub(crate) document: Value,
    key: Value,
    /// Its signatures, checked by the libraries.
    pub(crate) checks: Vec<dsa::Check>,
}

fn rsa() -> KeyPair {
    KeyPair::rs256(include_bytes!("../../tests/data/throw-away-rsa.pk8")).unwrap()
}

fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

impl Parties {
    pub(crate) fn rs256_over_ds128() -> Parties {
        Parties::new("RS256 over DS128", &rsa(), &KeyPair::ds128().unwrap())
    }

    pub(crate) fn rs256_over_rs256() -> Parties {
        Parties::new("RS256 over RS256", &rsa(), &rsa())
    }

    pub(crate) fn ds256_over_ds256() -> Parties {
        Parties::new("DS256 over DS256", &KeyPair::ds256().unwrap(), &KeyPair::ds256().unwrap())
    }

    fn new(name: &'static str, issuer: &KeyPair, user: &KeyPair) -> Parties {
        let until = now() + 3_600_000;
        let certificate = issuer
            .sign(&json!({
                "iss": HOST, "iat": now() - 10_000, "exp": until, "public-key": user.public(),
                "principal": {"email": format!("user@{HOST}")}, "fxa-generation": 1,
            }))
            .unwrap();
        let assertion = user.sign(&json!({"aud": AUDIENCE, "exp": until})).unwrap();
        let (document, key) = (issuer.support_document(), issuer.public().clone());
        let checks = vec![dsa::check(issuer), dsa::check(user)];
        Parties { name, assertion: bundle(&certificate, &assertion), document, key, checks }
    }

    /// The verification with nothing around it.
    pub(crate) fn alone(&self) -> impl Fn() + Sync {
        let rules = BrowserIdRules {
            audiences: vec![AUDIENCE.to_owned()],
            dialect: Dialect::JavaScript,
            trusted_issuers: vec![HOST.to_owned()],
            fallback: None,
            demands: Demands::Strict,
        };
        let evidence = Evidence { issuer_keys: Ok(vec![self.key.clone()]), authority: Ok(HOST.to_owned()) };
        move || assert!(verify(&self.assertion, &rules, &evidence, now()).is_ok())
    }
}

/// A server, ended with this.
pub(crate) struct Serving {
    child: Child,
    pub(crate) address: String,
    _folder: tempfile::TempDir,
}

impl Serving {
    pub(crate) fn start(parties: &Parties) -> Serving {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name).display().to_string();
        fs::write(file("document"), parties.document.to_string()).unwrap();
        let database = format!("sqlite:{}", file("users.db"));
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let store = Store::open(&database, StoreSettings::default()).await.unwrap();
            store
                .add_node("sync-1.5", "https://node.example.org", 1000, &NodeChange::default())
                .await
                .unwrap();
        });
        let mut child = Command::new(env!("CARGO_BIN_EXE_token-server"))
            .args(["serve", "--address", "127.0.0.1:0", "--workers", &super::WORKERS.to_string()])
            .args(["--database", &database, "--audience", AUDIENCE, "--trusted-issuer", HOST])
            .args(["--support-document", &format!("{HOST}={}", file("document"))])
            .args(["--verifications-per-address", "0", "--log", "error"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let address = lines.find_map(|line| line.strip_prefix("listening on http://").map(str::to_owned));
        thread::spawn(move || lines.for_each(drop));
        Serving { child, address: address.expect("the server does not start"), _folder: folder }
    }

    /// The server's process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn request(&self, parties: &Parties) -> String {
        let (address, assertion) = (&self.address, &parties.assertion);
        format!(
            "GET /1.0/sync/1.5 HTTP/1.1\r\nHost: {address}\r\nAuthorization: BrowserID {assertion}\r\n\r\n"
        )
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // Its workers end with it.
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}
