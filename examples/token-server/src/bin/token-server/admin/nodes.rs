//! Services and their nodes.

use clap::{Args, ValueEnum};
use powerhose_token_server::store::Store;
use powerhose_token_server::store::admin::NodeChange;
use powerhose_token_server::store::place::NodeState;
use serde_json::json;

/// Add a service; sync-1.5 is there already
#[derive(Debug, Args)]
pub(super) struct AddService {
    /// Its application and version: NAME-VERSION
    service: String,
    /// The form of its endpoints: {node}/1.5/{uid}
    pattern: String,
}

impl AddService {
    pub(super) async fn run(&self, store: &Store) -> anyhow::Result<()> {
        Ok(store.add_service(&self.service, &self.pattern).await?)
    }
}

/// A node of a service.
#[derive(Debug, Args)]
struct Named {
    /// The service: sync-1.5
    service: String,
    /// The node's URL, without a slash at its end
    node: String,
}

/// What of a node can be told besides its capacity.
#[derive(Debug, Args)]
struct Told {
    /// How many users it takes before it waits for the others; a tenth of its capacity at first and whenever all wait
    #[arg(long, value_name = "USERS")]
    available: Option<i64>,
    /// How many users it has; counted by the servers
    #[arg(long, value_name = "USERS")]
    current_load: Option<i64>,
    /// Whether it takes new users; those that it has stay on it
    #[arg(long)]
    state: Option<State>,
}

impl Told {
    fn change(&self, capacity: Option<i64>) -> NodeChange {
        let state = self.state.map(|state| match state {
            State::Up => NodeState::Up,
            State::Backoff => NodeState::Backoff,
            State::Downed => NodeState::Downed,
        });
        NodeChange { capacity, available: self.available, current_load: self.current_load, state }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum State {
    /// It takes new users
    Up,
    /// Not for a while
    Backoff,
    /// It does not
    Downed,
}

/// Add a node to a service
#[derive(Debug, Args)]
pub(super) struct AddNode {
    #[command(flatten)]
    named: Named,
    /// How many users it may have
    capacity: i64,
    #[command(flatten)]
    told: Told,
}

impl AddNode {
    pub(super) async fn run(&self, store: &Store) -> anyhow::Result<()> {
        let change = self.told.change(Some(self.capacity));
        Ok(store.add_node(&self.named.service, &self.named.node, &change).await?)
    }
}

/// Change a node
#[derive(Debug, Args)]
pub(super) struct UpdateNode {
    #[command(flatten)]
    named: Named,
    /// How many users it may have
    #[arg(long, value_name = "USERS")]
    capacity: Option<i64>,
    #[command(flatten)]
    told: Told,
}

impl UpdateNode {
    pub(super) async fn run(&self, store: &Store) -> anyhow::Result<()> {
        let change = self.told.change(self.capacity);
        Ok(store.update_node(&self.named.service, &self.named.node, &change).await?)
    }
}

/// Remove a node; its users get another one, and a new uid, when they come next
#[derive(Debug, Args)]
pub(super) struct RemoveNode {
    #[command(flatten)]
    named: Named,
}

impl RemoveNode {
    pub(super) async fn run(&self, store: &Store, now: i64) -> anyhow::Result<()> {
        let users = store.remove_node(&self.named.service, &self.named.node, now).await?;
        println!("{}", json!({"unassigned": users}));
        Ok(())
    }
}

/// Move a node's users away; they get the least loaded node, and a new uid, when they come next
///
/// Set the node's state to backoff or downed first if they must not come back to it.
#[derive(Debug, Args)]
pub(super) struct UnassignNode {
    #[command(flatten)]
    named: Named,
}

impl UnassignNode {
    pub(super) async fn run(&self, store: &Store, now: i64) -> anyhow::Result<()> {
        let users = store.unassign_node(&self.named.service, &self.named.node, now).await?;
        println!("{}", json!({"unassigned": users}));
        Ok(())
    }
}

/// Print the nodes of a service, each as a JSON object on a line
#[derive(Debug, Args)]
pub(super) struct ListNodes {
    /// The service: sync-1.5
    service: String,
}

impl ListNodes {
    pub(super) async fn run(&self, store: &Store) -> anyhow::Result<()> {
        for node in store.nodes(&self.service).await? {
            let state = match node.state {
                NodeState::Up => "up",
                NodeState::Backoff => "backoff",
                NodeState::Downed => "downed",
            };
            let shown = json!({
                "node": node.node,
                "state": state,
                "capacity": node.capacity,
                "current_load": node.current_load,
                "available": node.available,
            });
            println!("{shown}");
        }
        Ok(())
    }
}
