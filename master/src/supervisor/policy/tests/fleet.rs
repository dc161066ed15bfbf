//! The workers as a whole: more, fewer, stopped.

use super::*;

#[test]
fn more_workers_are_added_and_the_last_ones_removed() {
    let mut scene = Scene::ready(2);
    scene.on(Event::Resize { workers: 3 });
    assert_eq!(scene.done(), ["102 spawned in 2"]);
    scene.on(Event::Resize { workers: 1 });
    assert_eq!(scene.done(), ["terminate 101", "terminate 102"]);
    scene.exits(101);
    scene.exits(102);
    assert_eq!(scene.done(), ["ready 101 exited as asked", "new 102 exited as asked"]);
    assert_eq!(scene.policy.poll_timeout(), None);
}

#[test]
fn a_slot_that_is_wanted_again_while_its_worker_drains_gets_the_next_one() {
    let mut scene = Scene::ready(1);
    scene.on(Event::Resize { workers: 0 });
    scene.on(Event::Resize { workers: 1 });
    assert_eq!(scene.done(), ["terminate 100"]);
    scene.exits(100);
    assert_eq!(scene.done(), ["ready 100 exited as asked", "101 spawned in 0"]);
}

#[test]
fn no_number_of_workers_is_too_large_to_be_bounded() {
    let mut scene = Scene::ready(0);
    scene.on(Event::Resize { workers: usize::MAX });
    assert_eq!(scene.done().len(), WORKERS_MAX);
}

#[test]
fn a_removed_worker_that_does_not_drain_in_time_is_killed() {
    let mut scene = Scene::ready(1);
    scene.on(Event::Resize { workers: 0 });
    scene.done();
    assert_eq!(scene.pass_to_deadline(), ("kill a worker that does not stop", DRAIN));
    assert_eq!(scene.done(), ["kill 100"]);
    assert_eq!(scene.policy.poll_timeout(), None);
}

#[test]
fn a_stop_terminates_all_at_once_kills_the_rest_at_the_deadline_and_finishes() {
    let mut scene = Scene::ready(2);
    scene.on(Event::StopAll { within: 5 * SECOND });
    assert_eq!(scene.done(), ["terminate 100", "terminate 101"]);
    scene.exits(100);
    assert_eq!(scene.done(), ["ready 100 exited as asked"]);
    assert_eq!(scene.pass_to_deadline(), ("kill a worker that does not stop", 5 * SECOND));
    assert_eq!(scene.done(), ["kill 101"]);
    scene.exits(101);
    assert_eq!(scene.done(), ["ready 101 exited as asked", "finished"]);
    scene.on(Event::Resize { workers: 2 });
    scene.on(Event::ReplaceAll);
    scene.on(Event::StopAll { within: SECOND });
    assert!(scene.done().is_empty());
}

#[test]
fn a_second_stop_can_only_shorten_the_first() {
    let mut scene = Scene::ready(1);
    scene.on(Event::StopAll { within: 5 * SECOND });
    scene.on(Event::StopAll { within: Duration::MAX });
    assert_eq!(scene.done(), ["terminate 100"]);
    assert_eq!(scene.policy.poll_timeout().map(|(due, _)| due - scene.now), Some(5 * SECOND));
    scene.on(Event::StopAll { within: Duration::ZERO });
    scene.on(Event::StopAll { within: Duration::ZERO });
    assert_eq!(scene.done(), ["kill 100"]);
}

#[test]
fn a_stop_starts_nothing_that_was_due_and_ends_what_is_just_being_started() {
    let mut scene = Scene::with(SupervisorSettings { workers: 3, ..SupervisorSettings::default() });
    let Some(Action::Spawn { slot: 0 }) = scene.policy.poll_action() else { panic!("the first is due") };
    scene.on(Event::StopAll { within: SECOND });
    scene.answer(0);
    assert_eq!(scene.done(), ["100 spawned in 0", "terminate 100"]);
    scene.exits(100);
    assert_eq!(scene.done(), ["new 100 exited as asked", "finished"]);
}
