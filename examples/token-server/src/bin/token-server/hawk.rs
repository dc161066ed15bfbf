//! `token-server hawk`: the header of a request that is signed with a token.

use std::io::{self, Read as _};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use clap::Args;
use powerhose_token_server::hawk::{Header, Presented};
use powerhose_token_server::operation::secrets::fresh_secret;
use serde::Deserialize;
use url::Url;

/// Print the Authorization header for a request to a node, signed with the token that is read from stdin
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The request's method
    #[arg(long, value_name = "METHOD", default_value = "GET")]
    method: String,
    /// What is asked; the token's `api_endpoint` if missing
    url: Option<Url>,
}

/// What the Token Server answered.
#[derive(Deserialize)]
struct Token {
    id: String,
    key: String,
    api_endpoint: String,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let mut answer = String::new();
    io::stdin().read_to_string(&mut answer).context("cannot read stdin")?;
    let Ok(Token { id, key, api_endpoint }) = serde_json::from_str(&answer) else {
        bail!("the answer of a Token Server is wanted on stdin, with id, key and api_endpoint");
    };
    let url = match &options.url {
        Some(url) => url.clone(),
        None => api_endpoint.parse().context("api_endpoint is no URL")?,
    };
    let mut nonce = fresh_secret()?;
    nonce.truncate(12);
    let ts = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let request = Presented {
        header: Header { id, ts, nonce, ..Header::default() },
        method: options.method.clone(),
        resource: url[url::Position::BeforePath..url::Position::AfterQuery].to_owned(),
        host: url.host_str().context("the URL has no host")?.to_owned(),
        port: url.port_or_known_default().context("the URL has no port")?,
        content_type: String::new(),
        body: String::new(),
    };
    let (mac, Header { id, ts, nonce, .. }) = (request.sign(key.as_bytes()), &request.header);
    println!("Authorization: Hawk id=\"{id}\", ts=\"{ts}\", nonce=\"{nonce}\", mac=\"{mac}\"");
    Ok(())
}
