//! Questions of one's own, and orders: what an operator has of the machine.

use super::bench::*;
use crate::client::{ClientAction, Course};
use powerhose_protocol::{Controlled, Message, State, Value, decode};

fn state<'q>(session: u64, query: &'q str, entries: &[(&str, Value)]) -> Message<'q> {
    let entries = entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    Message::State(State { session, query, state: Value::Map(entries.collect()) })
}

fn controlled(session: u64, id: u64, left: u64) -> Message<'static> {
    let progress = Value::Map(vec![("left".to_owned(), left.into())]);
    Message::Controlled(Controlled { session, id, progress })
}

fn queries(bench: &mut Bench) -> Vec<String> {
    let queries = bench.sent().into_iter().filter_map(|(header, _)| match decode(&header, 0) {
        Ok(Message::Status(status)) => Some(status.query.to_owned()),
        Ok(_) | Err(_) => None,
    });
    queries.collect()
}

#[test]
fn a_question_is_asked_again_in_the_next_session_and_answered_with_all_its_pages() {
    let mut bench = Bench::connected();
    bench.machine.ask("pools");
    assert_eq!(queries(&mut bench), ["pools"]);
    bench.hear(&state(SESSION, "pools", &[("next", "pools:a".into())]), Vec::new());
    assert_eq!(queries(&mut bench), ["pools:a"]);
    bench.welcome(SESSION + 1);
    assert_eq!(queries(&mut bench), ["pools"]);
    bench.hear(&state(SESSION + 1, "master", &[]), Vec::new());
    assert!(bench.actions().is_empty(), "nobody asked that");
    bench.hear(&state(SESSION + 1, "pools", &[("next", "pools:a".into())]), Vec::new());
    bench.actions();
    bench.hear(&state(SESSION + 1, "pools:a", &[("more", 1.into())]), Vec::new());
    let actions = bench.actions();
    let [ClientAction::Told { query, state: Ok(state) }] = &actions[..] else { panic!("{actions:?}") };
    assert_eq!((query.as_str(), state.field("more").and_then(Value::as_unsigned)), ("pools", Some(1)));
}

#[test]
fn of_two_questions_the_last_is_answered() {
    let mut bench = Bench::connected();
    bench.machine.ask("pools");
    bench.actions();
    bench.machine.ask("master");
    assert_eq!(queries(&mut bench), ["master"]);
    bench.hear(&state(SESSION, "pools", &[]), Vec::new());
    assert!(bench.actions().is_empty());
    bench.hear(&state(SESSION, "master", &[]), Vec::new());
    let actions = bench.actions();
    assert!(matches!(&actions[..], [ClientAction::Told { query, state: Ok(_) }] if query == "master"));
}

#[test]
fn an_order_is_told_how_far_it_has_come_and_is_lost_with_its_session() {
    let mut bench = Bench::connected();
    let order = bench.machine.order("drain", "all", 1000).expect("a session is open");
    assert_eq!(bench.kinds(), ["CONTROL"]);
    for left in [2, 1] {
        bench.hear(&controlled(SESSION, order, left), Vec::new());
        bench.hear(&controlled(SESSION, order + 1, left), Vec::new());
    }
    let actions = bench.actions();
    let left = |action: &ClientAction| match action {
        ClientAction::Ordered { order: told, course: Course::Progress(progress) } if *told == order => {
            progress.field("left").and_then(Value::as_unsigned)
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(actions.iter().map(left).collect::<Vec<_>>(), [Some(2), Some(1)]);
    bench.machine.disconnected(bench.now);
    let lost = bench.actions();
    assert!(
        matches!(&lost[..], [ClientAction::Ordered { order: told, course: Course::Lost }, ..] if *told == order)
    );
}
