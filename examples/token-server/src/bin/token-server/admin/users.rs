//! Users.

use clap::Args;
use powerhose_token_server::store::Store;

/// Retire an account at all services: nothing that its issuer says lets it in again
#[derive(Debug, Args)]
pub(super) struct RetireUser {
    /// The identity, as its issuer names it; case counts
    email: String,
}

impl RetireUser {
    pub(super) async fn run(&self, store: &Store, now: i64) -> anyhow::Result<()> {
        Ok(store.retire_user(&self.email, now).await?)
    }
}
