//! Workers that end by themselves with status 0.

use super::*;

#[test]
fn a_worker_that_answered_jobs_and_left_is_followed_at_once_every_time() {
    let mut scene = Scene::ready(1);
    for pid in 100..200 {
        scene.on(registered(pid));
        scene.on(Event::Left { worker: pid });
        assert!(scene.done().is_empty(), "it may yet end otherwise");
        scene.ends_well(pid);
        let follows = format!("{} spawned in 0", pid + 1);
        assert_eq!(scene.done(), [format!("ready {pid} exited"), format!("{pid} left"), follows]);
    }
}

#[test]
fn it_is_followed_as_soon_as_its_master_has_noticed_too() {
    let mut scene = Scene::ready(1);
    for pid in 100..200 {
        scene.on(registered(pid));
        scene.ends_well(pid);
        assert_eq!(scene.done(), [format!("ready {pid} exited")]);
        scene.on(Event::Left { worker: 7 });
        assert!(scene.done().is_empty());
        scene.on(Event::Left { worker: pid });
        assert_eq!(scene.done(), [format!("{pid} left"), format!("{} spawned in 0", pid + 1)]);
        scene.on(Event::Left { worker: pid });
        assert!(scene.done().is_empty(), "once");
    }
}

#[test]
fn the_worker_that_a_wrapper_started_is_meant_too() {
    let mut scene = Scene::ready(1);
    scene.on(Event::Registered { pid: 100, worker: 555 });
    scene.ends_well(100);
    scene.done();
    scene.on(Event::Left { worker: 555 });
    assert_eq!(scene.done(), ["100 left", "101 spawned in 0"]);
}

#[test]
fn a_life_that_is_over_before_its_registration_was_heard_of_counts_all_the_same() {
    let mut scene = Scene::starting(1);
    scene.ends_well(100);
    assert_eq!(scene.done(), ["new 100 exited"]);
    scene.on(Event::Registered { pid: 100, worker: 555 });
    scene.on(Event::Left { worker: 555 });
    assert_eq!(scene.done(), ["100 left", "101 spawned in 0"]);
}

#[test]
fn a_program_that_is_no_worker_and_ends_with_status_0_is_given_up() {
    let mut scene = Scene::starting(1);
    scene.policy.settings.start_failures_max = 1;
    scene.ends_well(100);
    assert_eq!(scene.done(), ["new 100 exited"]);
    scene.pass_to_deadline();
    assert_eq!(scene.done(), ["0 given up after 1"]);
}

#[test]
fn a_program_that_comes_and_goes_without_a_job_is_restarted_after_growing_waits() {
    let mut scene = Scene::ready(1);
    let mut wait_before = Duration::ZERO;
    for pid in 100..107 {
        scene.on(registered(pid));
        scene.ends_well(pid);
        scene.done();
        assert_eq!(scene.pass_to_deadline().0, "word of a worker that has ended");
        let (reason, wait) = scene.pass_to_deadline();
        assert_eq!(reason, "back-off before a restart");
        assert!(wait > wait_before, "{wait:?}");
        scene.done();
        wait_before = wait;
    }
}

#[test]
fn a_worker_that_left_its_master_and_then_crashed_is_no_better_than_others() {
    let mut scene = Scene::ready(1);
    scene.on(Event::Left { worker: 100 });
    scene.exits(100);
    assert_eq!(scene.done(), ["ready 100 exited"]);
    scene.on(Event::Left { worker: 100 });
    assert!(scene.done().is_empty());
}

#[test]
fn where_the_master_is_elsewhere_status_0_after_a_life_that_counts_is_enough() {
    let readiness = Readiness::Lives { throughout: SECOND };
    let settings = SupervisorSettings { workers: 1, readiness, ..SupervisorSettings::default() };
    let mut scene = Scene::with(settings);
    scene.done();
    scene.pass(SECOND);
    scene.ends_well(100);
    assert_eq!(scene.done(), ["ready 100 exited", "100 left", "101 spawned in 0"]);
}

#[test]
fn every_wait_is_told_with_its_length() {
    let mut scene = Scene::ready(1);
    scene.exits(100);
    let mut told = None;
    while let Some(action) = scene.policy.poll_action() {
        if let Action::Report(SupervisorEvent::Waits { slot: 0, wait, short_lives: 1 }) = action {
            told = Some(wait);
        }
    }
    assert_eq!(told, Some(scene.pass_to_deadline().1));
}
