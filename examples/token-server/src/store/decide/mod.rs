//! What becomes of a request: stored records and claims in, a decision out.
//!
//! Pure: no database, no clock. The order of the checks is the original's, and decides which of several faults is named.
//!
//! * `generation` grows with every change of the account that concerns authentication.
//! * `keys_changed_at` grows with every change of the account's keys, and so is never above the generation.
//! * `client_state` is a fingerprint of the keys, and never one that was used before.

use std::cmp::Reverse;

use clap::ValueEnum;

use crate::behaviour::Behaviour;
use crate::store::error::{ClientStateFault, Refusal};

/// The generation of an account that was retired.
pub const RETIRED_GENERATION: i64 = i64::MAX;

/// What the issuer of an identity says of the account. 0 counts as absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// `fxa-generation`, in milliseconds.
    pub generation: Option<i64>,
    /// `fxa-keysChangedAt`, or the time in X-KeyID, in milliseconds.
    pub keys_changed_at: Option<i64>,
    /// The client state, in hex as the client wrote it; empty where there is none.
    pub client_state: String,
}

/// A row of `users`, with the URL of its node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The user's number at the service; never used again.
    pub uid: i64,
    /// The number of its node.
    pub node_id: i64,
    /// The URL of its node; none if the node was removed.
    pub node: Option<String>,
    /// The highest generation seen.
    pub generation: i64,
    /// The highest time of change of the keys seen, 0 for none.
    pub keys_changed_at: i64,
    /// The client state that it was made for.
    pub client_state: String,
    /// When it was made, in milliseconds.
    pub created_at: i64,
    /// Since when another record has taken its place, or should.
    pub replaced_at: Option<i64>,
}

impl Record {
    /// Whether the account was retired.
    pub fn is_retired(&self) -> bool {
        self.generation == RETIRED_GENERATION && self.replaced_at.is_some()
    }
}

/// Whether somebody unknown gets a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum NewUsers {
    /// Yes.
    #[default]
    Allowed,
    /// No: refused by name.
    Disabled,
}

/// What to do for claims that are accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing: the record says it all.
    Keep(Record),
    /// The record's generation and keys_changed_at move to the ones in it.
    Update(Record),
    /// A new record takes the place of all others of the user.
    Create(NewRecord),
}

/// A record to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRecord {
    /// On which node.
    pub place: Place,
    /// Its generation.
    pub generation: i64,
    /// Its time of change of the keys, 0 for none.
    pub keys_changed_at: i64,
    /// Its client state.
    pub client_state: String,
    /// Not before this: after everything that is known of the user, whatever a clock says.
    pub created_at_min: i64,
}

/// The node of a new record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The one with the most room, which counts the user.
    Best,
    /// The one of the record before, which counts the user already.
    Same {
        /// Its number.
        node_id: i64,
        /// Its URL.
        node: String,
    },
}

/// Decides on claims. `records` are the user's newest, in any order; none if nobody knows the user.
pub fn decide(
    mut records: Vec<Record>,
    claims: &Claims,
    behaviour: Behaviour,
    new_users: NewUsers,
) -> Result<Decision, Refusal> {
    let claims = Given::of(claims, behaviour);
    records.sort_by_key(|record| Reverse((record.generation, record.created_at, record.uid)));
    let Some((current, older)) = records.split_first() else { return first_record(&claims, new_users) };
    if current.is_retired() {
        return Err(Refusal::InvalidGeneration);
    }
    check(&claims, current, older, behaviour)?;

    let mut moved = current.clone();
    moved.generation = current.generation.max(claims.new_generation(current));
    moved.keys_changed_at = current.keys_changed_at.max(claims.keys_changed_at.unwrap_or(0));
    let place = match &current.node {
        Some(node) if current.replaced_at.is_none() => {
            Place::Same { node_id: current.node_id, node: node.clone() }
        }
        _ => Place::Best,
    };
    if claims.client_state == current.client_state && place != Place::Best {
        return Ok(if moved == *current { Decision::Keep(moved) } else { Decision::Update(moved) });
    }
    let known =
        records.iter().flat_map(|record| [Some(record.created_at), record.replaced_at]).flatten().max();
    Ok(Decision::Create(NewRecord {
        place,
        generation: moved.generation,
        keys_changed_at: moved.keys_changed_at,
        client_state: claims.client_state.to_owned(),
        created_at_min: known.unwrap_or(0).saturating_add(1),
    }))
}

fn first_record(claims: &Given<'_>, new_users: NewUsers) -> Result<Decision, Refusal> {
    let (generation, keys_changed_at) = (claims.generation.unwrap_or(0), claims.keys_changed_at.unwrap_or(0));
    match new_users {
        NewUsers::Disabled => Err(Refusal::NewUsersDisabled),
        NewUsers::Allowed if generation < 0 => Err(Refusal::InvalidGeneration),
        NewUsers::Allowed if keys_changed_at < 0 => Err(Refusal::InvalidKeysChangedAt),
        NewUsers::Allowed => Ok(Decision::Create(NewRecord {
            place: Place::Best,
            generation,
            keys_changed_at,
            client_state: claims.client_state.to_owned(),
            created_at_min: 0,
        })),
    }
}

/// Claims with their numbers, or none where a number stands for none.
struct Given<'claims> {
    generation: Option<i64>,
    keys_changed_at: Option<i64>,
    client_state: &'claims str,
}

impl Given<'_> {
    /// 0 is as good as none. So is a negative number to the original; to the successor it is older than any other.
    fn of(claims: &Claims, behaviour: Behaviour) -> Given<'_> {
        let counts = |number: &i64| match behaviour {
            Behaviour::Original => *number > 0,
            Behaviour::Successor => *number != 0,
        };
        Given {
            generation: claims.generation.filter(counts),
            keys_changed_at: claims.keys_changed_at.filter(counts),
            client_state: &claims.client_state,
        }
    }

    fn has_newer_keys(&self, current: &Record) -> bool {
        self.keys_changed_at.is_some_and(|changed| changed > current.keys_changed_at)
    }

    /// Where no generation is given, newer keys are one.
    fn new_generation(&self, current: &Record) -> i64 {
        match (self.generation, self.keys_changed_at) {
            (Some(generation), _) => generation,
            (None, Some(changed)) if self.has_newer_keys(current) => changed,
            (None, _) => 0,
        }
    }
}

fn check(
    claims: &Given<'_>,
    current: &Record,
    older: &[Record],
    behaviour: Behaviour,
) -> Result<(), Refusal> {
    let newer_keys = claims.has_newer_keys(current);
    if newer_keys && claims.generation.is_some_and(|generation| Some(generation) < claims.keys_changed_at) {
        return Err(Refusal::InvalidKeysChangedAt);
    }
    if claims.client_state != current.client_state {
        check_client_state(claims, current, older, behaviour).map_err(Refusal::InvalidClientState)?;
    }
    if claims.generation.is_some_and(|generation| generation < current.generation) {
        return Err(Refusal::InvalidGeneration);
    }
    if claims.keys_changed_at.unwrap_or(0) < current.keys_changed_at {
        return Err(Refusal::InvalidKeysChangedAt);
    }
    Ok(())
}

/// Whether the user may have this client state from now on.
fn check_client_state(
    claims: &Given<'_>,
    current: &Record,
    older: &[Record],
    behaviour: Behaviour,
) -> Result<(), ClientStateFault> {
    if claims.client_state.is_empty() {
        return Err(ClientStateFault::Empty);
    }
    if older.iter().any(|record| record.client_state == claims.client_state) {
        return Err(ClientStateFault::Stale);
    }
    if claims.generation.is_some_and(|generation| generation <= current.generation) {
        return Err(ClientStateFault::NoGenerationChange);
    }
    let must_change = match behaviour {
        Behaviour::Original => current.keys_changed_at > 0,
        // It names a missing claim instead, in the check that follows.
        Behaviour::Successor => claims.keys_changed_at.is_some(),
    };
    if must_change && !claims.has_newer_keys(current) {
        return Err(ClientStateFault::NoKeysChangedAtChange);
    }
    Ok(())
}

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;
