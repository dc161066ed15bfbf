//! What `token-server demo` makes: secrets, an issuer with its documents, a node, and a user who can show who it is.
//!
//! The user's credentials are good for a day. The node is the server itself, whose example of a resource stands in for
//! one.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use serde_json::json;

use crate::identity::maker::{KeyPair, bundle};
use crate::operation::secrets::fresh_secret;
use crate::store::admin::NodeChange;
use crate::store::error::StoreError;
use crate::store::{Store, StoreSettings};

/// The issuer, a host that nobody has.
const ISSUER: &str = "accounts.example.org";
const USER: &str = "6f3cd64e1a4b4a1d9f3fe0a2c1f2a7de";
const SERVICE: &str = "sync-1.5";
const SCOPE: &str = "https://identity.mozilla.com/apps/oldsync";
const DAY_SECONDS: u64 = 24 * 60 * 60;

/// What is made: where it lies, and where it is served.
#[derive(Debug, Clone)]
pub struct Demonstration {
    /// The folder.
    pub folder: PathBuf,
    /// The address of the server.
    pub address: SocketAddr,
}

impl Demonstration {
    /// Makes what is missing, and credentials that are good from now on. Gives the configuration's file.
    ///
    /// # Errors
    /// The folder cannot be written, or the database is another one's.
    pub fn make(&self) -> anyhow::Result<PathBuf> {
        if !self.folder.join("secrets").exists() {
            self.write("secrets", &format!("{}\n", fresh_secret()?))?;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        self.make_assertion(now)?;
        self.make_bearer(now)?;
        tokio::runtime::Runtime::new()?.block_on(self.add_node())?;
        self.write("token-server.toml", &self.configuration())
    }

    /// What to try.
    #[must_use]
    pub fn lines(&self) -> String {
        let (folder, url) = (self.folder.display(), self.url());
        // It need not be in the PATH.
        let program = std::env::current_exe().unwrap_or_else(|_| "token-server".into());
        let program = program.display();
        format!(
            "# All of it lies in {folder}; `{program} serve --config {folder}/token-server.toml` serves it again.\n\
             # A token, for an assertion as browsers made them:\n\
             curl -s -H \"Authorization: BrowserID $(cat {folder}/assertion)\" \
             -H 'X-Client-State: 00112233445566778899aabbccddeeff' {url}/1.0/sync/1.5\n\
             # The same user with a bearer token, as browsers of today show it:\n\
             curl -s -H \"Authorization: Bearer $(cat {folder}/bearer)\" \
             -H 'X-KeyID: 0000000001234-ABEiM0RVZneImaq7zN3u_w' {url}/1.0/sync/1.5 > token.json\n\
             # What the user's node is asked, signed with the token's key (HAWK):\n\
             curl -s -H \"$({program} hawk < token.json)\" {url}/1.5/1\n\
             # What does not fit is told:\n\
             curl -si -H 'Authorization: BrowserID x~y' {url}/1.0/sync/1.5\n\
             # Ctrl-C ends it."
        )
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn configuration(&self) -> String {
        let (folder, url) = (self.folder.display(), self.url());
        format!(
            "# Made by `token-server demo`. Each key is a flag of `token-server serve`.\n\
             address = \"{}\"\n\
             public-url = \"{url}\"\n\
             database = \"sqlite:{folder}/users.db\"\n\
             secrets-file = \"{folder}/secrets\"\n\
             trusted-issuer = [\"{ISSUER}\"]\n\
             support-document = [\"{ISSUER}={folder}/support-document.json\"]\n\
             bearer-keys = \"{folder}/bearer-keys.json\"\n\
             bearer-issuer = \"https://{ISSUER}\"\n",
            self.address
        )
    }

    /// An assertion of the user, with the document that its issuer would publish.
    fn make_assertion(&self, now: u64) -> anyhow::Result<()> {
        let (issuer, user) = (KeyPair::ds128()?, KeyPair::ds128()?);
        self.write("support-document.json", &issuer.support_document().to_string())?;
        let (now, until) = (1000 * now, 1000 * (now + DAY_SECONDS));
        let certificate = issuer.sign(&json!({
            "iss": ISSUER, "iat": now - 10_000, "exp": until, "public-key": user.public(),
            "principal": {"email": format!("{USER}@{ISSUER}")},
            "fxa-generation": 1234, "fxa-keysChangedAt": 1234, "fxa-tokenVerified": true,
        }))?;
        let assertion = user.sign(&json!({"aud": self.url(), "exp": until}))?;
        self.write("assertion", &bundle(&certificate, &assertion)).map(drop)
    }

    /// A bearer token of the same user, with the key set that the accounts server would publish.
    fn make_bearer(&self, now: u64) -> anyhow::Result<()> {
        let key = KeyPair::eddsa()?;
        self.write("bearer-keys.json", &json!({"keys": [key.jwk("demo")]}).to_string())?;
        let header = json!({"alg": key.algorithm(), "typ": "at+jwt", "kid": "demo"});
        let claims = json!({
            "iss": format!("https://{ISSUER}"), "sub": USER, "client_id": "demo", "scope": SCOPE,
            "iat": now, "exp": now + DAY_SECONDS, "fxa-generation": 1234,
        });
        self.write("bearer", &key.sign_bearer(&header, &claims)?).map(drop)
    }

    async fn add_node(&self) -> anyhow::Result<()> {
        let database = format!("sqlite:{}/users.db", self.folder.display());
        let store = Store::open(&database, StoreSettings::default()).await?;
        match store.add_node(SERVICE, &self.url(), 1000, &NodeChange::default()).await {
            Ok(()) | Err(StoreError::NodeExists(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Nobody else may read what this user can be with.
    fn write(&self, name: &str, content: &str) -> anyhow::Result<PathBuf> {
        let path = self.folder.join(name);
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
        let written = file.and_then(|mut file| file.write_all(content.as_bytes()));
        written.with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }
}
