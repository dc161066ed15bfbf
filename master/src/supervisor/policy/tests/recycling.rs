//! Workers that work well and are replaced all the same.

use super::*;
use crate::supervisor::Recycling;

const HOUR: Duration = Duration::from_secs(3600);

fn ready(workers: usize, recycling: Recycling) -> Scene {
    let settings = SupervisorSettings { workers, recycling, ..SupervisorSettings::default() };
    let mut scene = Scene::with(settings);
    scene.done();
    for pid in (100..).take(workers) {
        scene.on(registered(pid));
    }
    scene
}

fn worn(scene: &mut Scene, pid: u32) {
    scene.on(Event::Worn { pid, wear: Wear::Jobs });
}

#[test]
fn a_worn_worker_works_until_the_next_is_ready() {
    let mut scene = ready(1, Recycling::default());
    worn(&mut scene, 100);
    assert_eq!(scene.done(), ["100 recycled for number of jobs", "101 spawned in 0"]);
    scene.on(registered(101));
    assert_eq!(scene.done(), ["terminate 100"]);
    scene.exits(100);
    assert_eq!(scene.done(), ["ready 100 exited as asked"]);
}

#[test]
fn a_worn_worker_works_on_for_ever_while_new_ones_do_not_start() {
    let mut scene = ready(1, Recycling::default());
    worn(&mut scene, 100);
    scene.done();
    for pid in 101..150 {
        scene.exits(pid);
        let done = scene.done();
        assert_eq!(done.contains(&"0 not replaced after 5".to_owned()), pid == 105, "once: {done:?}");
        assert_eq!(scene.pass_to_deadline().0, "back-off before a restart");
        scene.done();
    }
    assert!(scene.policy.failing().is_some());
    scene.on(registered(150));
    assert_eq!(scene.done(), ["terminate 100"]);
    assert!(scene.policy.failing().is_none());
}

#[test]
fn no_more_than_the_share_and_the_extra_processes_is_replaced_at_once() {
    for (extra_max, at_once) in [(0, 2), (1, 1), (2, 2), (9, 2)] {
        let mut scene = ready(8, Recycling::default());
        scene.policy.settings.extra_max = extra_max;
        (100..108).for_each(|pid| worn(&mut scene, pid));
        let recycled = scene.done().iter().filter(|done| done.contains("recycled")).count();
        assert_eq!(recycled, at_once, "a quarter of eight, with {extra_max} extra");
    }
}

#[test]
fn the_next_worn_worker_is_replaced_when_the_one_before_has_gone() {
    let mut scene = ready(8, Recycling::default());
    (100..108).for_each(|pid| worn(&mut scene, pid));
    assert_eq!(scene.done(), ["100 recycled for number of jobs", "108 spawned in 0"]);
    scene.on(registered(108));
    assert_eq!(scene.done(), ["terminate 100"], "it may have a job");
    scene.exits(100);
    let next = ["ready 100 exited as asked", "101 recycled for number of jobs", "109 spawned in 1"];
    assert_eq!(scene.done(), next);
}

#[test]
fn a_worker_that_crashed_counts_as_away() {
    let mut scene = ready(2, Recycling::default());
    scene.exits(100);
    scene.done();
    worn(&mut scene, 101);
    assert!(scene.done().is_empty());
}

#[test]
fn workers_grow_old_at_different_times_and_none_too_old() {
    let recycling = Recycling { age_max: Some(HOUR), age_jitter_percent: 50, ..Recycling::default() };
    let mut scene = ready(4, recycling);
    let mut ages = Vec::new();
    for pid in 108..112 {
        let (reason, _) = scene.pass_to_deadline();
        assert_eq!(reason, "age of a worker");
        scene.next_pid = pid;
        let done = scene.done();
        let old: u32 = done[0].split(' ').next().and_then(|pid| pid.parse().ok()).expect("a process");
        ages.push((old, scene.now));
        scene.on(registered(pid));
        scene.exits(old);
        scene.done();
        scene.policy.settings.recycling.age_max = None;
    }
    let instants: Vec<_> = ages.iter().map(|(_, now)| *now).collect();
    assert!(instants.windows(2).all(|pair| pair[0] < pair[1]), "{ages:?}");
}

#[test]
fn an_old_worker_whose_turn_has_not_come_is_not_due_again_and_again() {
    let recycling = Recycling { age_max: Some(HOUR), age_jitter_percent: 0, ..Recycling::default() };
    let mut scene = ready(2, recycling);
    scene.pass_to_deadline();
    scene.done();
    let (reason, _) = scene.pass_to_deadline();
    assert_eq!(reason, "worker start");
}

#[test]
fn a_process_that_is_not_ready_is_not_recycled() {
    let mut scene = Scene::starting(1);
    worn(&mut scene, 100);
    worn(&mut scene, 7);
    assert!(scene.done().is_empty());
}

#[test]
fn a_replacement_of_all_replaces_the_worn_too() {
    let mut scene = ready(2, Recycling::default());
    scene.on(Event::ReplaceAll);
    scene.done();
    worn(&mut scene, 101);
    assert!(scene.done().is_empty(), "it waits for its turn in the replacement");
}
