//! Pools by name: a job goes to the workers of its pool and to no other.

use crate::support::{Job, Setup, in_a_client_program, in_every_setup, job};
use powerhose::WorkerState;
use std::collections::BTreeSet;

in_every_setup!(and_python:
    each_job_goes_to_the_workers_of_its_pool,
    one_worker_serves_several_pools,
    a_busy_pool_does_not_hold_up_another,
    a_job_waits_for_the_first_worker_of_its_pool,
    jobs_without_a_pool_go_to_the_pool_default,
);

in_a_client_program!(a_job_waits_for_the_first_worker_of_its_pool, one_worker_serves_several_pools,);

fn each_job_goes_to_the_workers_of_its_pool(setup: Setup) {
    let scene = setup.workers_of(&[&["sign"], &["sign"], &["thumbnail"]]).start();
    let infos = scene.infos();
    let of = |pool: &str| -> BTreeSet<u64> {
        infos.iter().filter(|info| info.pools == [pool]).map(|info| info.id).collect()
    };
    for pool in ["sign", "thumbnail"] {
        let handles: Vec<_> = (0..100).map(|_| scene.runner.submit(job("pool", "").pool(pool))).collect();
        let replies: Vec<_> = handles.into_iter().map(|handle| handle.wait().expect("a reply")).collect();
        assert!(replies.iter().all(|reply| **reply == *pool.as_bytes()));
        let workers: BTreeSet<u64> = replies.iter().map(|reply| reply.worker()).collect();
        assert!(workers.is_subset(&of(pool)), "{pool}: {workers:?}, not only {:?}", of(pool));
    }
}

fn one_worker_serves_several_pools(setup: Setup) {
    let scene = setup.workers_of(&[&["sign", "thumbnail", "v1.2_x-Y"]]).start();
    assert_eq!(scene.infos()[0].pools, ["sign", "thumbnail", "v1.2_x-Y"]);
    for pool in ["sign", "thumbnail", "v1.2_x-Y", "sign"] {
        assert_eq!(scene.caller.execute(job("pool", "").pool(pool)), Ok(pool.as_bytes().to_vec()));
    }
}

fn a_busy_pool_does_not_hold_up_another(setup: Setup) {
    let scene = setup.workers_of(&[&["slow"], &["quick"]]).start();
    let gate = scene.gate();
    let held: Vec<_> = (0..10).map(|_| scene.runner.submit(gate.job().pool("slow"))).collect();
    scene.wait_for_state(WorkerState::Busy, 1);
    for _ in 0..10 {
        assert_eq!(scene.runner.execute(Job::new("x").pool("quick")), Ok(b"x".to_vec()));
    }
    assert!(held.iter().all(|handle| !handle.has_ended()));
    gate.open();
    assert!(held.into_iter().all(|handle| handle.wait().is_ok()));
}

fn a_job_waits_for_the_first_worker_of_its_pool(setup: Setup) {
    let setup = setup.workers(0).settings(|settings| settings.unknown_pool_wait = crate::support::PATIENCE);
    let mut scene = setup.start();
    let early = scene.caller.submit(Job::new("early").pool("late"));
    scene.wait_for_accepted(1);
    scene.add_worker(&["--pool", "late"]);
    assert_eq!(&*early.wait().expect("a reply"), b"early");
}

fn jobs_without_a_pool_go_to_the_pool_default(setup: Setup) {
    let scene = setup.workers_of(&[&["other"], &["default"]]).start();
    assert_eq!(scene.runner.execute(job("pool", "")), Ok(b"default".to_vec()));
}
