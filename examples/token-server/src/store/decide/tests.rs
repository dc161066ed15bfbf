//! The rows of the table about generation, keysChangedAt and client state, on the pure decision.

use super::*;
use crate::behaviour::Behaviour::{Original, Successor};
use crate::store::error::ClientStateFault::{Empty, NoGenerationChange, NoKeysChangedAtChange, Stale};
use crate::store::error::Refusal::{
    InvalidClientState, InvalidGeneration, InvalidKeysChangedAt, NewUsersDisabled,
};

const BOTH: [Behaviour; 2] = [Original, Successor];

/// A record of generation 100, keys that changed at 50 and client state `bb`, after one with `aa`.
fn known() -> Vec<Record> {
    vec![row(1, 90, 40, "aa", Some(2000)), row(2, 100, 50, "bb", None)]
}

fn row(
    uid: i64,
    generation: i64,
    keys_changed_at: i64,
    client_state: &str,
    replaced_at: Option<i64>,
) -> Record {
    Record {
        uid,
        node_id: 7,
        node: Some("https://one.example".to_owned()),
        generation,
        keys_changed_at,
        client_state: client_state.to_owned(),
        created_at: 1000 * uid,
        replaced_at,
    }
}

fn ask(
    records: Vec<Record>,
    generation: impl Into<Option<i64>>,
    keys_changed_at: impl Into<Option<i64>>,
    client_state: &str,
    behaviour: Behaviour,
) -> Result<Decision, Refusal> {
    let claims = Claims {
        generation: generation.into(),
        keys_changed_at: keys_changed_at.into(),
        client_state: client_state.to_owned(),
    };
    decide(records, &claims, behaviour, NewUsers::Allowed)
}

#[test]
fn the_same_claims_change_nothing() {
    for behaviour in BOTH {
        let kept = ask(known(), 100, 50, "bb", behaviour);
        assert_eq!(kept, Ok(Decision::Keep(row(2, 100, 50, "bb", None))));
    }
}

#[test]
fn a_generation_that_is_absent_or_0_is_accepted_and_the_stored_one_stays() {
    for (behaviour, generation) in
        [(Original, None), (Original, Some(0)), (Successor, None), (Successor, Some(0))]
    {
        let kept = ask(known(), generation, 50, "bb", behaviour);
        assert_eq!(kept, Ok(Decision::Keep(row(2, 100, 50, "bb", None))));
    }
}

#[test]
fn a_negative_generation_is_absent_to_the_original_and_refused_by_the_successor() {
    assert_eq!(ask(known(), -1, 50, "bb", Original), Ok(Decision::Keep(row(2, 100, 50, "bb", None))));
    assert_eq!(ask(known(), -1, 50, "bb", Successor), Err(InvalidGeneration));
}

#[test]
fn a_generation_below_the_stored_one_is_refused_and_one_above_it_stored() {
    for behaviour in BOTH {
        assert_eq!(ask(known(), 99, 50, "bb", behaviour), Err(InvalidGeneration));
        let moved = ask(known(), 101, 50, "bb", behaviour);
        assert_eq!(moved, Ok(Decision::Update(row(2, 101, 50, "bb", None))));
    }
}

#[test]
fn keys_that_are_older_or_absent_once_seen_are_refused() {
    for behaviour in BOTH {
        assert_eq!(ask(known(), 100, 49, "bb", behaviour), Err(InvalidKeysChangedAt));
        assert_eq!(ask(known(), 100, None, "bb", behaviour), Err(InvalidKeysChangedAt));
        assert_eq!(ask(known(), 100, 0, "bb", behaviour), Err(InvalidKeysChangedAt));
    }
}

#[test]
fn newer_keys_above_a_given_generation_are_refused_but_not_at_a_first_request() {
    for behaviour in BOTH {
        assert_eq!(ask(known(), 100, 101, "bb", behaviour), Err(InvalidKeysChangedAt));
        assert!(matches!(ask(vec![], 100, 101, "bb", behaviour), Ok(Decision::Create(_))));
    }
}

#[test]
fn newer_keys_without_a_generation_move_it() {
    for behaviour in BOTH {
        let moved = ask(known(), None, 120, "bb", behaviour);
        assert_eq!(moved, Ok(Decision::Update(row(2, 120, 120, "bb", None))));
        let behind = ask(known(), None, 80, "bb", behaviour);
        assert_eq!(behind, Ok(Decision::Update(row(2, 100, 80, "bb", None))));
    }
}

#[test]
fn a_new_client_state_needs_a_newer_generation_and_newer_keys() {
    for behaviour in BOTH {
        let same_generation = ask(known(), 100, 60, "cc", behaviour);
        assert_eq!(same_generation, Err(InvalidClientState(NoGenerationChange)));
        let same_keys = ask(known(), 101, 50, "cc", behaviour);
        assert_eq!(same_keys, Err(InvalidClientState(NoKeysChangedAtChange)));
        let Ok(Decision::Create(created)) = ask(known(), 101, 60, "cc", behaviour) else {
            panic!("it is as it should be");
        };
        assert_eq!(created.place, Place::Same { node_id: 7, node: "https://one.example".to_owned() });
        assert_eq!((created.generation, created.keys_changed_at), (101, 60));
        assert!(created.created_at_min > 2000, "it must be the newest");
    }
}

#[test]
fn keys_that_are_missing_with_a_new_client_state_are_named_by_each_in_its_own_way() {
    assert_eq!(ask(known(), 101, None, "cc", Original), Err(InvalidClientState(NoKeysChangedAtChange)));
    assert_eq!(ask(known(), 101, None, "cc", Successor), Err(InvalidKeysChangedAt));
}

#[test]
fn a_client_state_that_is_gone_or_was_used_before_is_refused() {
    for behaviour in BOTH {
        assert_eq!(ask(known(), 101, 60, "", behaviour), Err(InvalidClientState(Empty)));
        assert_eq!(ask(known(), 101, 60, "aa", behaviour), Err(InvalidClientState(Stale)));
        assert!(ask(known(), 101, 60, "AA", behaviour).is_ok(), "capitals are another one");
    }
}

#[test]
fn the_record_that_counts_is_the_one_of_the_highest_generation_then_the_newest() {
    let mut records = known();
    records[0].created_at = 9000;
    assert_eq!(ask(records, 100, 50, "bb", Successor), Ok(Decision::Keep(row(2, 100, 50, "bb", None))));
}

#[test]
fn a_record_that_was_replaced_or_lost_its_node_is_made_again_on_the_best_one() {
    let mut homeless = row(2, 100, 50, "bb", None);
    homeless.node = None;
    for record in [homeless, row(2, 100, 50, "bb", Some(5000))] {
        let Ok(Decision::Create(created)) = ask(vec![record.clone()], None, 50, "bb", Successor) else {
            panic!("it needs a node");
        };
        assert_eq!(created.place, Place::Best);
        let copied = (created.generation, created.keys_changed_at, &*created.client_state);
        assert_eq!(copied, (100, 50, "bb"));
        assert_eq!(ask(vec![record], 99, 50, "bb", Successor), Err(InvalidGeneration), "not for everybody");
    }
}

#[test]
fn a_retired_account_is_refused_whatever_the_claims_say() {
    let retired = || vec![row(1, RETIRED_GENERATION, 50, "aa", Some(2000))];
    for behaviour in BOTH {
        for generation in [None, Some(1), Some(RETIRED_GENERATION)] {
            for keys_changed_at in [None, Some(50), Some(60), Some(RETIRED_GENERATION)] {
                for client_state in ["", "aa", "bb"] {
                    let answer = ask(retired(), generation, keys_changed_at, client_state, behaviour);
                    assert_eq!(answer, Err(InvalidGeneration));
                }
            }
        }
    }
}

#[test]
fn new_users_can_be_refused_while_known_ones_go_on() {
    let claims = Claims { generation: Some(100), keys_changed_at: Some(50), client_state: "bb".to_owned() };
    assert_eq!(decide(vec![], &claims, Successor, NewUsers::Disabled), Err(NewUsersDisabled));
    assert!(decide(known(), &claims, Successor, NewUsers::Disabled).is_ok());
}
