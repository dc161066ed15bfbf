//! Workers that are replaced by new processes: start first, end then.

use super::*;

/// The newest process and those after it end before they register, until the slot is tried no more.
fn fail_to_start(scene: &mut Scene) -> Vec<String> {
    for _ in 0..4 {
        scene.exits(scene.next_pid - 1);
        scene.done();
        scene.pass_to_deadline();
        scene.done();
    }
    scene.exits(scene.next_pid - 1);
    scene.done()
}

/// The first new worker lives on for long enough after it has registered.
fn stands_its_trial(scene: &mut Scene) {
    assert!(scene.done().is_empty(), "the old one works on meanwhile");
    assert_eq!(scene.pass_to_deadline(), ("trial of a new program", SECOND));
}

#[test]
fn workers_are_replaced_one_after_the_other_and_work_until_the_next_is_ready() {
    let mut scene = Scene::ready(2);
    scene.on(Event::ReplaceAll);
    assert_eq!(scene.done(), ["102 spawned in 0"]);
    scene.on(registered(102));
    stands_its_trial(&mut scene);
    assert_eq!(scene.done(), ["terminate 100"]);
    scene.exits(100);
    assert_eq!(scene.done(), ["ready 100 exited as asked", "103 spawned in 1"]);
    scene.on(registered(103));
    assert_eq!(scene.done(), ["terminate 101"]);
    scene.exits(101);
    assert_eq!(scene.done(), ["ready 101 exited as asked", "replaced"]);
}

#[test]
fn without_room_for_another_process_the_old_one_ends_first() {
    let settings = SupervisorSettings { workers: 1, extra_max: 0, ..SupervisorSettings::default() };
    let mut scene = Scene::with(settings);
    scene.done();
    scene.on(registered(100));
    scene.on(Event::ReplaceAll);
    assert_eq!(scene.done(), ["terminate 100"]);
    scene.exits(100);
    assert_eq!(scene.done(), ["ready 100 exited as asked", "101 spawned in 0"]);
    scene.on(registered(101));
    assert_eq!(scene.done(), ["replaced"]);
}

#[test]
fn a_replacement_without_room_for_another_process_tells_that_it_has_left_no_worker() {
    for (workers, halted) in
        [(1, "replacement halted at 0, no worker is left"), (2, "replacement halted at 0")]
    {
        let mut scene = Scene::ready(workers);
        scene.policy.settings.extra_max = 0;
        scene.on(Event::ReplaceAll);
        scene.exits(100);
        scene.done();
        let told = fail_to_start(&mut scene);
        assert_eq!(told.last().map(String::as_str), Some(halted), "{told:?}");
    }
}

#[test]
fn a_replaced_worker_that_does_not_drain_in_time_is_killed() {
    let mut scene = Scene::ready(1);
    scene.on(Event::ReplaceAll);
    scene.done();
    scene.on(registered(101));
    stands_its_trial(&mut scene);
    scene.done();
    assert_eq!(scene.pass_to_deadline(), ("kill a worker that does not stop", DRAIN));
    assert_eq!(scene.done(), ["kill 100"]);
    scene.exits(100);
    assert_eq!(scene.done(), ["ready 100 exited as asked", "replaced"]);
}

#[test]
fn a_replacement_waits_until_a_worker_that_died_is_back() {
    let mut scene = Scene::ready(2);
    scene.exits(101);
    scene.done();
    scene.on(Event::ReplaceAll);
    assert_eq!(scene.done(), ["102 spawned in 1"]);
    scene.on(registered(102));
    assert_eq!(scene.done(), ["103 spawned in 0"]);
}

#[test]
fn a_new_program_that_does_not_start_halts_the_replacement_and_costs_no_worker() {
    let mut scene = Scene::ready(3);
    scene.on(Event::ReplaceAll);
    scene.done();
    let told = ["new 107 exited", "0 not replaced after 5", "replacement halted at 0"];
    assert_eq!(fail_to_start(&mut scene), told);
    assert!(scene.policy.failing().is_some());
    assert_eq!(scene.policy.poll_timeout(), None, "it is not tried again");
    scene.on(Event::ReplaceAll);
    assert_eq!(scene.done(), ["108 spawned in 0"], "a repaired program is tried when it is asked for");
    scene.on(registered(108));
    stands_its_trial(&mut scene);
    assert_eq!(scene.done(), ["terminate 100"]);
    assert!(scene.policy.failing().is_none());
}

#[test]
fn a_new_program_that_does_not_register_leaves_the_old_worker_at_work_too() {
    let mut scene = Scene::ready(1);
    scene.policy.settings.start_failures_max = 1;
    scene.on(Event::ReplaceAll);
    scene.done();
    assert_eq!(scene.pass_to_deadline(), ("worker start", 10 * SECOND));
    assert_eq!(scene.done(), ["101 not registered", "kill 101"]);
    scene.exits(101);
    assert_eq!(scene.done(), ["new 101 exited", "0 not replaced after 1", "replacement halted at 0"]);
}

#[test]
fn a_new_program_that_cannot_be_executed_leaves_the_old_worker_at_work_too() {
    let mut scene = Scene::ready(1);
    scene.policy.settings.start_failures_max = 1;
    scene.refusal = Some(SpawnError::NotFound { program: PathBuf::from("worker") });
    scene.on(Event::ReplaceAll);
    let told = ["spawn failed in 0", "0 not replaced after 1", "replacement halted at 0"];
    assert_eq!(scene.done(), told);
    scene.exits(100);
    assert_eq!(scene.done()[0], "ready 100 exited");
}

#[test]
fn a_new_program_that_registers_and_dies_at_once_halts_the_replacement_and_costs_no_worker() {
    for exit in [WorkerExit::Status(1), WorkerExit::Signal(11)] {
        let mut scene = Scene::ready(4);
        scene.on(Event::ReplaceAll);
        scene.done();
        scene.on(registered(104));
        scene.pass(SECOND / 2);
        scene.on(Event::Exited { pid: 104, exit: Some(exit) });
        assert_eq!(scene.done(), ["ready 104 exited", "replacement halted at 0"]);
        let failure = scene.policy.failing().expect("a failure").to_string();
        assert!(failure.starts_with("it ended soon after it had registered: "), "{failure}");
        assert_eq!(scene.policy.poll_timeout(), None, "it is not tried again");
        assert!(scene.policy.slots.iter().all(Slot::is_settled));
    }
}

#[test]
fn a_new_worker_that_dies_soon_after_its_trial_halts_the_replacement_and_what_has_begun_ends() {
    let mut scene = Scene::ready(3);
    scene.on(Event::ReplaceAll);
    scene.done();
    scene.on(registered(103));
    stands_its_trial(&mut scene);
    scene.exits(100);
    assert_eq!(scene.done(), ["terminate 100", "ready 100 exited as asked", "104 spawned in 1"]);
    scene.exits(103);
    assert_eq!(scene.done(), ["ready 103 exited", "terminate 104", "replacement halted at 0"]);
    scene.exits(104);
    assert_eq!(scene.done(), ["new 104 exited as asked"]);
    assert!(scene.policy.slots[1..].iter().all(Slot::is_settled), "101 and 102 work on");
    assert!(scene.policy.failing().is_some());
}

#[test]
fn a_worker_that_dies_while_its_successor_fails_is_given_up_only_after_as_many_failures_of_its_own() {
    let mut scene = Scene::ready(1);
    scene.on(Event::ReplaceAll);
    scene.done();
    for _ in 0..4 {
        scene.exits(scene.next_pid - 1);
        scene.pass_to_deadline();
        scene.done();
    }
    scene.exits(100);
    assert_eq!(scene.done(), ["ready 100 exited"]);
    let told = fail_to_start(&mut scene);
    assert_eq!(told, ["new 109 exited", "0 given up after 5", "replacement halted at 0, no worker is left"]);
}

#[test]
fn a_stop_in_the_middle_of_a_replacement_ends_both_processes() {
    let mut scene = Scene::ready(1);
    scene.on(Event::ReplaceAll);
    scene.done();
    scene.on(Event::StopAll { within: SECOND });
    assert_eq!(scene.done(), ["terminate 100", "terminate 101"]);
    scene.exits(100);
    scene.exits(101);
    assert_eq!(scene.done(), ["ready 100 exited as asked", "new 101 exited as asked", "finished"]);
}

#[test]
fn a_slot_that_is_removed_in_the_middle_of_its_replacement_loses_both_processes() {
    let mut scene = Scene::ready(1);
    scene.on(Event::ReplaceAll);
    scene.done();
    scene.on(Event::Resize { workers: 0 });
    assert_eq!(scene.done(), ["terminate 100", "terminate 101", "replaced"]);
    scene.exits(101);
    scene.exits(100);
    assert_eq!(scene.done(), ["new 101 exited as asked", "ready 100 exited as asked"]);
    assert!(scene.policy.slots.is_empty());
}

#[test]
fn what_the_old_program_gave_up_does_not_halt_its_replacement() {
    let mut scene = Scene::starting(1);
    for pid in 100..104 {
        scene.exits(pid);
        scene.pass_to_deadline();
        scene.done();
    }
    scene.on(Event::ReplaceAll);
    scene.exits(104);
    assert_eq!(scene.done(), ["new 104 exited", "0 given up after 5", "105 spawned in 0"]);
    scene.on(registered(105));
    assert_eq!(scene.done(), ["replaced"]);
}

#[test]
fn a_replacement_of_no_workers_is_done() {
    let mut scene = Scene::ready(0);
    scene.on(Event::ReplaceAll);
    assert_eq!(scene.done(), ["replaced"]);
}
