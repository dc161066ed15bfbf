//! `token-server demo`: everything that a server needs, made on the spot.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use powerhose_token_server::demonstration::{Demonstration, Place};
use powerhose_token_server::operation::{options, serve};

/// Make keys, an issuer, a node and a user in a folder, serve, and print what to try
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Where all of it lies; what is there is used again
    #[arg(long, value_name = "FOLDER", default_value = "token-server-demo")]
    folder: PathBuf,
    /// Where clients are answered; port 0 takes a free one
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:8000")]
    address: SocketAddr,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    fs::create_dir_all(&options.folder)
        .with_context(|| format!("cannot make {}", options.folder.display()))?;
    let folder = options.folder.canonicalize()?;
    let address = free(options.address)?;
    let demonstration = Demonstration::make(&Place { folder: folder.clone(), address })?;
    for line in demonstration.lines() {
        println!("{line}");
    }
    serve::serve(options::from_file(&configuration(&folder))?)
}

fn configuration(folder: &Path) -> PathBuf {
    folder.join("token-server.toml")
}

/// The address with a port that is free: the lines to try have to name it before the server listens.
fn free(address: SocketAddr) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
    Ok(listener.local_addr()?)
}
