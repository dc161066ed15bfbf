//! A flood of workers: they register, some for pools that jobs are for, again and again, and vanish with what they got.

use super::PIDS_FROM;
use super::peer::Peer;
use crate::roles::Site;
use crate::work::QUICK;
use powerhose_harness::Draws;
use std::thread;
use std::time::Duration;

/// Of the peers of a flood, so many offer a pool that jobs are for. The master cannot know that they never answer.
const LIARS: u64 = 3;
/// How long the liars keep their jobs.
const KEEP: Duration = Duration::from_millis(300);

pub(crate) fn registrations(site: &Site, mut random: Draws) {
    let context = zmq::Context::new();
    let mut peers = Vec::new();
    for number in 0..random.between(50, 200) {
        let endpoint = if random.below(2) == 0 { &site.ipc } else { &site.tcp };
        let Ok(peer) = Peer::connect(&context, endpoint) else { continue };
        let pool = format!("flood-{}", random.below(20));
        let pools = if number < LIARS { [QUICK, &pool] } else { ["flood", &pool] };
        let pid = PIDS_FROM + random.below(1 << 20) as u32;
        // Some renew their session, some their registration.
        for _ in 0..random.between(1, 3) {
            let Some(session) = peer.session("worker") else { break };
            (0..random.between(1, 3)).for_each(|_| peer.register(session, &pools, pid));
        }
        peers.push(peer);
    }
    thread::sleep(KEEP);
}
