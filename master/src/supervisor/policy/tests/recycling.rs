//! Workers that work well and are replaced all the same.

use super::*;
use crate::supervisor::Recycling;

const HOUR: Duration = Duration::from_secs(3600);

fn ready(workers: usize, recycling: Recycling) -> Scene {
    let settings = SupervisorSettings { workers, recycling, ..SupervisorSettings::default() };
    let mut scene = Scene::with(settings);
    scene.done();
    for pid in (100..).take(workers) {
        scene.on(Event::Registered { pid });
    }
    scene
}

fn worn(scene: &mut Scene, pid: u32) {
    scene.on(Event::Worn { pid, wear: Wear::Jobs });
}

#[test]
fn a_worn_worker_is_told_to_end_and_followed_at_once() {
    let mut scene = ready(1, Recycling::default());
    worn(&mut scene, 100);
    assert_eq!(scene.done(), ["100 recycled for number of jobs", "terminate 100"]);
    scene.exits(100);
    assert_eq!(scene.done(), ["ready 100 exited as asked", "101 spawned in 0"]);
}

#[test]
fn no_more_than_the_share_is_away_at_once() {
    let mut scene = ready(8, Recycling::default());
    (100..108).for_each(|pid| worn(&mut scene, pid));
    let away = [
        "100 recycled for number of jobs",
        "terminate 100",
        "101 recycled for number of jobs",
        "terminate 101",
    ];
    assert_eq!(scene.done(), away, "a quarter of eight");
    scene.exits(100);
    assert_eq!(scene.done(), ["ready 100 exited as asked", "108 spawned in 0"], "not yet ready");
    scene.on(Event::Registered { pid: 108 });
    assert_eq!(scene.done(), ["102 recycled for number of jobs", "terminate 102"]);
}

#[test]
fn one_is_recycled_at_a_time_where_the_share_is_less_than_one() {
    let mut scene = ready(2, Recycling::default());
    worn(&mut scene, 100);
    worn(&mut scene, 101);
    assert_eq!(scene.done(), ["100 recycled for number of jobs", "terminate 100"]);
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
        let done = scene.done();
        let old: u32 = done[0].split(' ').next().and_then(|pid| pid.parse().ok()).expect("a process");
        ages.push((old, scene.now));
        scene.exits(old);
        scene.next_pid = pid;
        scene.done();
        scene.on(Event::Registered { pid });
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
    assert_eq!(reason, "kill a worker that does not stop");
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
