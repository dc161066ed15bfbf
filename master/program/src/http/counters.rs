//! The counters of `/metrics`: which count of the master has which name and label there.

/// A family of counters: each of the master's counts is in one of them.
pub(super) struct Family {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    /// The label that tells them apart; empty where there is one count only.
    pub(super) label: &'static str,
    /// The value of the label, and the name of the count.
    pub(super) counts: &'static [(&'static str, &'static str)],
}

/// All of them.
pub(super) const COUNTERS: [Family; 14] = [
    family("jobs_accepted", "Jobs taken in.", "", &[("", "accepted")]),
    family(
        "jobs",
        "Jobs that have ended, by outcome.",
        "outcome",
        &[
            ("done", "done"),
            ("failed", "failed"),
            ("timed_out", "timed_out"),
            ("cancelled", "cancelled"),
            ("lost", "lost"),
            ("rejected", "rejected"),
        ],
    ),
    family("dispatches", "Jobs handed to workers.", "", &[("", "dispatched")]),
    family(
        "redispatches",
        "Jobs that went back into the queue because their worker was gone.",
        "",
        &[("", "redispatched")],
    ),
    family("returns", "Jobs that workers gave back unrun.", "", &[("", "returned")]),
    family("workers_registered", "Workers that registered.", "", &[("", "workers_registered")]),
    family(
        "workers_gone",
        "Workers that left with a goodbye, or died: without one.",
        "how",
        &[("left", "workers_left"), ("died", "workers_died")],
    ),
    family(
        "heartbeats_missed",
        "Heartbeat intervals at whose end a worker, or a client with a job, had been silent for two of them or more.",
        "",
        &[("", "heartbeats_missed")],
    ),
    family(
        "messages",
        "Messages on the master's socket.",
        "direction",
        &[("received", "messages_received"), ("sent", "messages_sent")],
    ),
    family(
        "bytes",
        "Bytes of their frames.",
        "direction",
        &[("received", "bytes_received"), ("sent", "bytes_sent")],
    ),
    family(
        "messages_dropped",
        "Messages that could not be read or came from the wrong role (refused), or of unknown sessions (foreign).",
        "reason",
        &[("refused", "messages_refused"), ("foreign", "messages_foreign")],
    ),
    family(
        "replies_dropped",
        "Replies that nobody waited for any longer (late), or that the worker had no job for (stray).",
        "reason",
        &[("late", "replies_late"), ("stray", "replies_stray")],
    ),
    family(
        "peers_refused",
        "Peers refused before their first message: they broke ZMTP, chose a routing id, or were too many.",
        "",
        &[("", "peers_refused")],
    ),
    family(
        "peers_cut_off",
        "Peers cut off because they kept sending what has to be refused.",
        "",
        &[("", "peers_cut_off")],
    ),
];

const fn family(
    name: &'static str,
    help: &'static str,
    label: &'static str,
    counts: &'static [(&'static str, &'static str)],
) -> Family {
    Family { name, help, label, counts }
}

#[cfg(test)]
mod tests {
    use super::*;
    use powerhose::Stats;

    #[test]
    fn every_count_of_the_master_is_in_one_family() {
        let stats = Stats::default();
        let mut shown: Vec<_> =
            COUNTERS.iter().flat_map(|family| family.counts).map(|(_, count)| *count).collect();
        let mut known: Vec<_> = stats.counters().map(|(name, _)| name).collect();
        shown.sort_unstable();
        known.sort_unstable();
        assert_eq!(shown, known);
    }
}
