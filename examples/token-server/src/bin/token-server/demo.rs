//! `token-server demo`: everything that a server needs, made on the spot.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use powerhose_token_server::demonstration::Demonstration;
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
    // The lines to try name the port before the server listens.
    let listener = TcpListener::bind(options.address);
    let listener = listener.with_context(|| format!("cannot listen on {}", options.address))?;
    let demonstration =
        Demonstration { folder: options.folder.canonicalize()?, address: listener.local_addr()? };
    drop(listener);
    let configuration = demonstration.make()?;
    println!("{}", demonstration.lines());
    serve::serve(options::from_file(&configuration)?)
}
