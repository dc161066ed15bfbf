//! One worker's life: started, ready, ended, started again, given up.

use super::*;

#[test]
fn as_many_workers_as_wanted_are_started_at_once() {
    let mut scene = Scene::with(SupervisorSettings { workers: 3, ..SupervisorSettings::default() });
    assert_eq!(scene.done(), ["100 spawned in 0", "101 spawned in 1", "102 spawned in 2"]);
}

#[test]
fn workers_start_a_few_at_a_time_and_the_next_when_one_has_registered_or_failed() {
    let mut scene = Scene::staggered(2, SupervisorSettings { workers: 5, ..SupervisorSettings::default() });
    assert_eq!(scene.done(), ["100 spawned in 0", "101 spawned in 1"]);
    scene.pass(9 * SECOND);
    scene.on(registered(100));
    assert_eq!(scene.done(), ["102 spawned in 2"]);
    scene.exits(101);
    assert_eq!(scene.done(), ["new 101 exited", "103 spawned in 3"], "it waits for its back-off");
    scene.pass_to_deadline();
    assert!(scene.done().is_empty(), "and then for its turn");
    let due = scene.policy.poll_timeout().map(|(due, _)| due - scene.now);
    assert!(due > Some(9 * SECOND), "the time of the others counts from their own starts: {due:?}");
    scene.on(registered(102));
    assert_eq!(scene.done(), ["104 spawned in 1"]);
}

#[test]
fn workers_that_nobody_sees_register_all_start_at_once() {
    let readiness = Readiness::Lives { throughout: SECOND };
    let settings = SupervisorSettings { workers: 5, readiness, ..SupervisorSettings::default() };
    assert_eq!(Scene::staggered(1, settings).done().len(), 5);
}

#[test]
fn the_time_for_a_start_grows_with_each_late_one_and_a_registration_resets_it() {
    let mut scene = Scene::starting(1);
    for (pid, within) in (100..104).zip([10, 20, 40, 40]) {
        assert_eq!(scene.pass_to_deadline(), ("worker start", within * SECOND));
        scene.exits(pid);
        scene.done();
        scene.pass_to_deadline();
        scene.done();
    }
    scene.on(registered(104));
    scene.pass(10 * SECOND);
    scene.exits(104);
    scene.done();
    assert_eq!(scene.pass_to_deadline(), ("worker start", 10 * SECOND));
}

#[test]
fn a_worker_that_was_ready_for_long_is_restarted_at_once() {
    let mut scene = Scene::ready(1);
    scene.pass(10 * SECOND);
    scene.exits(100);
    assert_eq!(scene.done(), ["ready 100 exited", "101 spawned in 0"]);
}

#[test]
fn a_worker_that_lives_short_lives_is_restarted_after_growing_waits_and_for_ever() {
    let mut scene = Scene::ready(1);
    let mut wait_before = Duration::ZERO;
    for pid in 100..140 {
        scene.on(registered(pid));
        scene.pass(SECOND);
        scene.exits(pid);
        assert_eq!(scene.done(), [format!("ready {pid} exited")]);
        let (reason, wait) = scene.pass_to_deadline();
        assert_eq!(reason, "back-off before a restart");
        assert!(wait > wait_before || wait >= Duration::from_millis(7500), "{wait:?} after {wait_before:?}");
        assert!(wait <= Duration::from_millis(12_500));
        assert_eq!(scene.done(), [format!("{} spawned in 0", pid + 1)]);
        wait_before = wait;
    }
}

#[test]
fn a_long_life_makes_up_for_short_ones() {
    let mut scene = Scene::ready(1);
    for pid in 100..105 {
        scene.on(registered(pid));
        scene.exits(pid);
        scene.pass_to_deadline();
        scene.done();
    }
    scene.on(registered(105));
    scene.pass(10 * SECOND);
    scene.exits(105);
    scene.done();
    scene.on(registered(106));
    scene.exits(106);
    assert!(scene.pass_to_deadline().1 <= Duration::from_millis(125));
}

#[test]
fn a_program_that_never_comes_up_is_given_up_and_not_spun_on() {
    let mut scene = Scene::starting(1);
    for pid in 100..104 {
        scene.exits(pid);
        assert_eq!(scene.done(), [format!("new {pid} exited")]);
        scene.pass_to_deadline();
        scene.done();
    }
    scene.exits(104);
    assert_eq!(scene.done(), ["new 104 exited", "0 given up after 5"]);
    assert_eq!(scene.policy.poll_timeout(), None);
}

#[test]
fn a_registration_forgives_the_failed_starts_before_it() {
    let mut scene = Scene::starting(1);
    for round in 0..10 {
        for _ in 0..4 {
            scene.exits(scene.next_pid - 1);
            scene.pass_to_deadline();
            scene.done();
        }
        let pid = scene.next_pid - 1;
        scene.on(registered(pid));
        scene.pass(10 * SECOND);
        scene.exits(pid);
        assert!(scene.done()[1].ends_with("spawned in 0"), "round {round}");
    }
}

#[test]
fn a_program_that_cannot_be_executed_is_given_up_too() {
    let mut scene = Scene::starting(1);
    scene.refusal = Some(SpawnError::NotFound { program: PathBuf::from("worker") });
    scene.exits(100);
    scene.done();
    for _ in 0..3 {
        scene.pass_to_deadline();
        assert_eq!(scene.done(), ["spawn failed in 0"]);
    }
    scene.pass_to_deadline();
    assert_eq!(scene.done(), ["spawn failed in 0", "0 given up after 5"]);
}

#[test]
fn a_process_that_says_that_no_start_can_succeed_is_believed_until_one_has() {
    let cannot = |pid| Event::Exited { pid, exit: Some(WorkerExit::Status(78)) };
    let settings = SupervisorSettings { workers: 3, ..SupervisorSettings::default() };
    let mut scene = Scene::staggered(1, settings);
    assert_eq!(scene.done(), ["100 spawned in 0"]);
    scene.on(cannot(100));
    let given_up = ["1 given up after 0", "2 given up after 0", "0 given up after 1"];
    assert_eq!(scene.done(), [&["new 100 exited"], &given_up[..]].concat());
    assert_eq!(scene.policy.poll_timeout(), None);

    // Its file may be exchanged just now.
    let mut scene = Scene::ready(1);
    scene.exits(100);
    scene.pass_to_deadline();
    scene.done();
    scene.on(cannot(101));
    assert_eq!(scene.done(), ["new 101 exited"]);
    assert!(scene.policy.poll_timeout().is_some(), "it is tried again");
}

#[test]
fn a_machine_without_memory_is_no_reason_to_give_up() {
    let mut scene = Scene::ready(1);
    scene.refusal = Some(refusal(rustix::io::Errno::AGAIN));
    scene.exits(100);
    scene.done();
    for _ in 0..100 {
        scene.pass_to_deadline();
        assert_eq!(scene.done(), ["spawn failed in 0"]);
    }
    scene.refusal = None;
    scene.pass_to_deadline();
    assert_eq!(scene.done(), ["101 spawned in 0"]);
}

#[test]
fn a_worker_that_does_not_register_is_reported_killed_and_a_failed_start() {
    let mut scene = Scene::starting(1);
    assert_eq!(scene.pass_to_deadline(), ("worker start", 10 * SECOND));
    assert_eq!(scene.done(), ["100 not registered", "kill 100"]);
    scene.on(registered(100));
    scene.exits(100);
    assert_eq!(scene.done(), ["ready 100 exited"]);
    assert_eq!(scene.pass_to_deadline().0, "back-off before a restart");
    for pid in 101..105 {
        assert_eq!(scene.done(), [format!("{pid} spawned in 0")]);
        scene.pass_to_deadline();
        scene.done();
        scene.exits(pid);
        if pid < 104 {
            scene.done();
            scene.pass_to_deadline();
        }
    }
    assert_eq!(scene.done(), ["new 104 exited", "0 given up after 5"]);
}

#[test]
fn a_pause_of_the_supervisor_is_not_held_against_a_starting_worker() {
    let mut scene = Scene::starting(1);
    scene.pass(25 * SECOND);
    assert!(scene.done().is_empty());
    assert_eq!(scene.pass_to_deadline(), ("worker start", 10 * SECOND));
    assert_eq!(scene.done(), ["100 not registered", "kill 100"]);
}

#[test]
fn who_starts_or_ends_has_no_less_time_for_a_pause_of_the_supervisor() {
    let mut scene = Scene::starting(1);
    assert!(scene.policy.waits_for_workers());
    scene.policy.forgive(9 * SECOND);
    assert_eq!(scene.pass_to_deadline(), ("worker start", 19 * SECOND));
    let mut scene = Scene::ready(1);
    assert!(!scene.policy.waits_for_workers());
    scene.on(Event::StopAll { within: 2 * SECOND });
    assert_eq!(scene.done(), ["terminate 100"]);
    scene.policy.forgive(9 * SECOND);
    assert_eq!(scene.pass_to_deadline(), ("kill a worker that does not stop", 11 * SECOND));
    assert_eq!(scene.done(), ["kill 100"]);
    assert!(!scene.policy.waits_for_workers(), "no patience helps a worker that was killed");
}

#[test]
fn a_worker_of_a_master_elsewhere_is_ready_when_it_has_lived_long_enough() {
    let readiness = Readiness::Lives { throughout: SECOND };
    let mut scene =
        Scene::with(SupervisorSettings { workers: 1, readiness, ..SupervisorSettings::default() });
    scene.done();
    scene.pass(SECOND);
    scene.exits(100);
    assert_eq!(scene.done(), ["ready 100 exited"]);
}

#[test]
fn a_death_is_reported_before_the_next_process_is_made() {
    let mut scene = Scene::starting(1);
    scene.on(Event::Resize { workers: 3 });
    scene.exits(100);
    assert_eq!(scene.done(), ["new 100 exited", "101 spawned in 1", "102 spawned in 2"]);
}

#[test]
fn what_is_said_of_unknown_processes_is_ignored() {
    let mut scene = Scene::ready(1);
    scene.on(registered(1));
    scene.exits(1);
    scene.on(registered(100));
    assert!(scene.done().is_empty());
}
