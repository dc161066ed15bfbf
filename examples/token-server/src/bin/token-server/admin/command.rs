//! What `token-server admin` can be told.

use clap::{Args, Subcommand};
use powerhose_token_server::store::admin::NodeChange;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add a service; sync-1.5 is there already
    AddService {
        /// Its application and version: NAME-VERSION
        service: String,
        /// The form of its endpoints: {node}/1.5/{uid}
        pattern: String,
    },
    /// Add a node to a service
    AddNode {
        #[command(flatten)]
        named: Named,
        /// How many users it may have
        capacity: i64,
        #[command(flatten)]
        change: NodeChange,
    },
    /// Change a node
    UpdateNode {
        #[command(flatten)]
        named: Named,
        /// How many users it may have
        #[arg(long, value_name = "USERS")]
        capacity: Option<i64>,
        #[command(flatten)]
        change: NodeChange,
    },
    /// Remove a node; its users get another one, and a new uid, when they come next
    RemoveNode(Named),
    /// Move a node's users away; they get the least loaded node, and a new uid, when they come next
    ///
    /// Set the node's state to backoff or downed first if they must not come back to it.
    UnassignNode(Named),
    /// Print the nodes of a service, each as a JSON object on a line
    ListNodes {
        /// The service: sync-1.5
        service: String,
    },
    /// Retire an account at all services: nothing that its issuer says lets it in again
    RetireUser {
        /// The identity, as its issuer names it; case counts
        email: String,
    },
    PurgeOldRecords(PurgeOldRecords),
}

/// Remove records that were replaced long ago, and take their users off the load of their nodes
///
/// Prints a JSON object a line for each: its uid, and the node that may still hold data for it. That data is not
/// touched.
#[derive(Debug, Args)]
pub(super) struct PurgeOldRecords {
    /// The service: sync-1.5
    pub(super) service: String,
    /// How long ago a record must have been replaced; a week
    #[arg(long, value_name = "SECONDS", default_value_t = 7 * 24 * 60 * 60)]
    pub(super) grace: u64,
    /// Remove at most so many
    #[arg(long, value_name = "NUMBER", default_value_t = i64::MAX, hide_default_value = true)]
    pub(super) records_max: i64,
    /// Remove nothing, print what would be
    #[arg(long)]
    pub(super) dry_run: bool,
}

/// A node of a service.
#[derive(Debug, Args)]
pub(super) struct Named {
    /// The service: sync-1.5
    pub(super) service: String,
    /// The node's URL, without a slash at its end
    pub(super) node: String,
}
