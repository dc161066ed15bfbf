//! Old records.

use std::time::Duration;

use clap::Args;
use powerhose_token_server::store::Store;
use powerhose_token_server::store::purge::OldRecord;
use serde_json::json;

/// Remove records that were replaced long ago, and take their users off the load of their nodes
///
/// Prints a JSON object a line for each: its uid, and the node that may still hold data for it. That data is not
/// touched.
#[derive(Debug, Args)]
pub(super) struct PurgeOldRecords {
    /// The service: sync-1.5
    service: String,
    /// How long ago a record must have been replaced; a week
    #[arg(long, value_name = "SECONDS", default_value_t = 7 * 24 * 60 * 60)]
    grace: u64,
    /// Remove at most so many
    #[arg(long, value_name = "NUMBER", default_value_t = i64::MAX, hide_default_value = true)]
    records_max: i64,
    /// Remove nothing, print what would be
    #[arg(long)]
    dry_run: bool,
}

impl PurgeOldRecords {
    pub(super) async fn run(&self, store: &Store, now: i64) -> anyhow::Result<()> {
        let grace = Duration::from_secs(self.grace);
        let mut left = self.records_max.max(0);
        if self.dry_run {
            show(&store.old_records(&self.service, grace, now, left).await?);
            return Ok(());
        }
        loop {
            let purged = store.purge_old_records(&self.service, grace, now, left).await?;
            if purged.is_empty() {
                return Ok(());
            }
            show(&purged);
            left -= i64::try_from(purged.len())?;
        }
    }
}

fn show(records: &[OldRecord]) {
    for record in records {
        println!("{}", json!({"uid": record.uid, "node": record.node}));
    }
}
