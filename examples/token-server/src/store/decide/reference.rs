//! What the two servers do with the claims of a known user, written down from their sources line by line, beside what
//! [`decide`] does: for all small numbers.

use super::*;
use crate::store::error::ClientStateFault::{Empty, NoGenerationChange, NoKeysChangedAtChange, Stale};

/// The generation, keys_changed_at and client state that are stored after it.
type Outcome = Result<(i64, i64, String), Refusal>;

/// tokenserver/views.py, `return_token`.
fn original(user: &Record, old_client_states: &[&str], claims: &Claims) -> Outcome {
    let (generation, keys_changed_at) = (claims.generation.unwrap_or(0), claims.keys_changed_at.unwrap_or(0));
    let (mut new_generation, mut new_keys, mut new_state) = (None, None, None);
    if generation > user.generation {
        new_generation = Some(generation);
    }
    if keys_changed_at > user.keys_changed_at {
        if generation > 0 && generation < keys_changed_at {
            return Err(Refusal::InvalidKeysChangedAt);
        }
        if generation == 0 && keys_changed_at > user.generation {
            new_generation = Some(keys_changed_at);
        }
        new_keys = Some(keys_changed_at);
    }
    if claims.client_state != user.client_state {
        if claims.client_state.is_empty() {
            return Err(Refusal::InvalidClientState(Empty));
        }
        if old_client_states.contains(&&*claims.client_state) {
            return Err(Refusal::InvalidClientState(Stale));
        }
        if generation > 0 && new_generation.is_none() {
            return Err(Refusal::InvalidClientState(NoGenerationChange));
        }
        if user.keys_changed_at > 0 && new_keys.is_none() {
            return Err(Refusal::InvalidClientState(NoKeysChangedAtChange));
        }
        new_state = Some(claims.client_state.clone());
    }
    let user_generation = user.generation.max(new_generation.unwrap_or(i64::MIN));
    let user_keys = user.keys_changed_at.max(new_keys.unwrap_or(i64::MIN));
    if generation > 0 && user_generation > generation {
        return Err(Refusal::InvalidGeneration);
    }
    if user_keys > 0 && user_keys > keys_changed_at {
        return Err(Refusal::InvalidKeysChangedAt);
    }
    Ok((user_generation, user_keys, new_state.unwrap_or_else(|| user.client_state.clone())))
}

/// syncstorage-rs, syncserver/src/tokenserver: `validate` in extractors.rs, then `update_user` in handlers.rs.
fn successor(user: &Record, old_client_states: &[&str], claims: &Claims) -> Outcome {
    let (generation, keys) =
        (claims.generation.filter(|n| *n != 0), claims.keys_changed_at.filter(|n| *n != 0));
    let given = |number: Option<i64>, holds: &dyn Fn(i64) -> bool| number.is_some_and(holds);
    if given(keys, &|keys| keys > user.keys_changed_at && given(generation, &|generation| generation < keys))
    {
        return Err(Refusal::InvalidKeysChangedAt);
    }
    if !user.client_state.is_empty() && claims.client_state.is_empty() {
        return Err(Refusal::InvalidClientState(Empty));
    }
    if old_client_states.contains(&&*claims.client_state) {
        return Err(Refusal::InvalidClientState(Stale));
    }
    let changed = claims.client_state != user.client_state;
    if changed && given(generation, &|generation| generation <= user.generation) {
        return Err(Refusal::InvalidClientState(NoGenerationChange));
    }
    if changed && given(keys, &|keys| keys <= user.keys_changed_at) {
        return Err(Refusal::InvalidClientState(NoKeysChangedAtChange));
    }
    if given(generation, &|generation| user.generation > generation) {
        return Err(Refusal::InvalidGeneration);
    }
    if given(keys, &|keys| user.keys_changed_at > keys) || keys.is_none() && user.keys_changed_at != 0 {
        return Err(Refusal::InvalidKeysChangedAt);
    }
    let new_generation = match (generation, keys) {
        (Some(generation), _) => generation,
        (None, Some(keys)) if keys > user.keys_changed_at && keys > user.generation => keys,
        (None, _) => user.generation,
    };
    Ok((new_generation, keys.unwrap_or(0), claims.client_state.clone()))
}

fn ours(user: &Record, old_client_states: &[&str], claims: &Claims, behaviour: Behaviour) -> Outcome {
    let older = old_client_states.iter().enumerate().map(|(number, state)| Record {
        client_state: (*state).to_owned(),
        created_at: i64::try_from(number).expect("a few"),
        generation: 0,
        replaced_at: Some(100),
        ..user.clone()
    });
    let records = older.chain([user.clone()]).collect();
    decide(records, claims, behaviour, NewUsers::Allowed).map(|decision| match decision {
        Decision::Keep(record) => {
            assert_eq!(record, *user);
            (record.generation, record.keys_changed_at, record.client_state)
        }
        Decision::Update(record) => {
            assert_ne!(record, *user);
            (record.generation, record.keys_changed_at, record.client_state)
        }
        Decision::Create(record) => (record.generation, record.keys_changed_at, record.client_state),
    })
}

#[test]
fn for_all_small_numbers_each_behaviour_is_that_of_its_server() {
    let numbers = || [None].into_iter().chain((-1..6).map(Some));
    let mut compared = 0;
    for (generation, keys_changed_at) in (0..5).flat_map(|one| (0..5).map(move |other| (one, other))) {
        for (client_state, old) in [("", &[][..]), ("bb", &[]), ("bb", &["aa"]), ("bb", &["", "aa"])] {
            let user = Record {
                uid: 9,
                node_id: 1,
                node: Some("https://one.example".to_owned()),
                generation,
                keys_changed_at,
                client_state: client_state.to_owned(),
                created_at: 1000,
                replaced_at: None,
            };
            for (generation, keys_changed_at) in
                numbers().flat_map(|one| numbers().map(move |other| (one, other)))
            {
                for client_state in ["", "aa", "bb", "cc"] {
                    let claims =
                        Claims { generation, keys_changed_at, client_state: client_state.to_owned() };
                    let asked = format!("{claims:?} of {user:?} after {old:?}");
                    assert_eq!(
                        ours(&user, old, &claims, Behaviour::Successor),
                        successor(&user, old, &claims),
                        "{asked}"
                    );
                    // A negative generation is none to us; to the original it is one, which keeps newer keys from moving it.
                    if generation != Some(-1) {
                        assert_eq!(
                            ours(&user, old, &claims, Behaviour::Original),
                            original(&user, old, &claims),
                            "{asked}"
                        );
                    }
                    compared += 1;
                }
            }
        }
    }
    assert_eq!(compared, 25 * 4 * 64 * 4);
}
