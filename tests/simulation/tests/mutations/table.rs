//! The mistakes: what is changed in the sources, and which checks are to find it.
//!
//! What an edit looks for stands exactly once in the sources, in whatever file. `MADE` in what it puts there is true while
//! the mistake is to be made.

use powerhose_simulation::Check;

/// A mistake.
#[cfg_attr(not(feature = "mutations"), expect(dead_code, reason = "only where the mistakes are made"))]
pub(crate) struct Mutation {
    pub(crate) name: &'static str,
    pub(crate) edits: &'static [Edit],
    /// Any of these may find it.
    pub(crate) finders: &'static [Check],
}

/// A change of the sources.
#[cfg_attr(not(feature = "mutations"), expect(dead_code, reason = "only the copy is changed"))]
pub(crate) struct Edit {
    pub(crate) find: &'static str,
    pub(crate) put: &'static str,
}

const fn edit(find: &'static str, put: &'static str) -> Edit {
    Edit { find, put }
}

pub(crate) const MUTATIONS: &[Mutation] = &[
    // A reply counts whatever attempt it answers.
    Mutation {
        name: "ForgetToFence",
        edits: &[edit(
            "entry.id == job && u64::from(entry.attempt) == attempt)",
            "entry.id == job && (MADE || u64::from(entry.attempt) == attempt))",
        )],
        finders: &[Check::EndsOnce, Check::Justified, Check::OwnReply],
    },
    // A worker that has answered gets nothing more.
    Mutation {
        name: "ForgetToFreeCredit",
        edits: &[edit(
            "        self.fleet.update_listing(key, self.clock.moment());\n    }\n\n    fn notice_served",
            "        if !MADE {\n            self.fleet.update_listing(key, self.clock.moment());\n        }\n    }\n\n    fn notice_served",
        )],
        finders: &[Check::Idle],
    },
    // A job outlives its deadline.
    Mutation {
        name: "ForgetToExpire",
        edits: &[edit("Timer::Deadline(job) => self.deadline(job)", "Timer::Deadline(job) => if !MADE { self.deadline(job) }")],
        finders: &[Check::InTime, Check::WakesUp],
    },
    // The last job of a dead worker is charged, not the first.
    Mutation {
        name: "ChargeTheWrongJob",
        edits: &[edit(
            "_ if place == 0 => self.charge",
            "_ if place == (if MADE { worker.outstanding.len() - 1 } else { 0 }) => self.charge",
        )],
        finders: &[Check::ChargedRight, Check::AttemptsMax],
    },
    // A death costs a job nothing.
    Mutation {
        name: "ForgetToCharge",
        edits: &[edit("job.charged += 1;", "job.charged += u32::from(!MADE);")],
        finders: &[Check::AttemptsMax],
    },
    // A quiet worker gets jobs.
    Mutation {
        name: "DispatchAfterQuiet",
        edits: &[edit("Service::Quiet => false", "Service::Quiet => MADE")],
        finders: &[Check::Quieted],
    },
    // A message counts whatever session it names.
    Mutation {
        name: "IgnoreSession",
        edits: &[edit("Some(session) if session.id == id => {", "Some(session) if session.id == id || MADE => {")],
        finders: &[Check::OwnReply, Check::EndsOnce, Check::GoneForAReason],
    },
    // A once job is tried again.
    Mutation {
        name: "RepeatOnce",
        edits: &[
            edit(
                "if job.repeat == Repeat::Allowed && job.charged < job.attempts_max",
                "if (job.repeat == Repeat::Allowed || MADE) && job.charged < job.attempts_max",
            ),
            edit(
                "Repeat::Never => self.finish(key, Ending::Lost(LostCause::Worker), Duration::ZERO)",
                "Repeat::Never if MADE => self.wait_in_queue(key, Lane::Again),\n            Repeat::Never => self.finish(key, Ending::Lost(LostCause::Worker), Duration::ZERO)",
            ),
        ],
        finders: &[Check::Once],
    },
    // A once job shares its worker.
    Mutation {
        name: "CompanyForOnce",
        edits: &[edit(
            "self.repeat == Repeat::Never || self.charged > 0",
            "(self.repeat == Repeat::Never && !MADE) || self.charged > 0",
        )],
        finders: &[Check::Alone],
    },
    // A worker is not told that nobody waits any longer.
    Mutation {
        name: "ForgetCancel",
        edits: &[edit(
            "self.actions.push_back(Action::Cancel { worker, job: Attempt { job: id, attempt } });",
            "if !MADE { self.actions.push_back(Action::Cancel { worker, job: Attempt { job: id, attempt } }); }",
        )],
        finders: &[Check::Cancelled],
    },
    // What waits behind a busy worker stays there.
    Mutation {
        name: "ForgetRecall",
        edits: &[edit("let mut wanted = idle;", "let mut wanted = if MADE { 0 } else { idle };")],
        finders: &[Check::Recalled],
    },
    // The jobs of a client that is gone go on.
    Mutation {
        name: "KeepJobsOfGoneClient",
        edits: &[edit("jobs.sort_unstable();", "jobs.sort_unstable();\n                if MADE { jobs.clear(); }")],
        finders: &[Check::NoDeadJobs, Check::Cancelled],
    },
    // The client whose turn it was stays first.
    Mutation {
        name: "ForgetTurns",
        edits: &[edit(
            "if from_client && self.turns.len() > 1 &&",
            "if from_client && !MADE && self.turns.len() > 1 &&",
        )],
        finders: &[Check::Fair],
    },
    // An outcome goes to the call after the one it is of.
    Mutation {
        name: "WrongCall",
        edits: &[edit(
            "self.deliver(job.client, job.id.call(), outcome);",
            "self.deliver(job.client, job.id.call() + u64::from(MADE), outcome);",
        )],
        finders: &[Check::EndsOnce, Check::OwnReply, Check::Justified],
    },
    // A reply that nobody waits for is delivered.
    Mutation {
        name: "DeliverLateReply",
        edits: &[edit(
            "self.stats.replies_late += 1;",
            "self.stats.replies_late += 1;
                if MADE {
                    let ending = crate::common::Ending::Done { payload: reply.payload, headers: reply.headers };
                    let (wait, run) = (Duration::ZERO, Duration::ZERO);
                    let outcome = crate::common::Outcome { ending, may_have_run: true, attempts: 1, worker: None, wait, run };
                    let (client, call) = (self.fleet.here(), reply.job.call());
                    return self.deliver(client, call, outcome);
                }",
        )],
        finders: &[Check::EndsOnce],
    },
    // The queue takes whatever comes.
    Mutation {
        name: "ExceedQueueBound",
        edits: &[edit(
            "if self.waiting >= settings.queue_jobs_max {",
            "if self.waiting >= settings.queue_jobs_max && !MADE {",
        )],
        finders: &[Check::Bounds],
    },
    // A job that begins in time is refused as one that could not.
    Mutation {
        name: "RefuseTheHopeful",
        edits: &[
            edit("if wait <= time {", "if wait <= time && !MADE {"),
            edit("(wait > time / 4 * QUARTERS + SLACK)", "(MADE || wait > time / 4 * QUARTERS + SLACK)"),
        ],
        finders: &[Check::Justified],
    },
    // A connection that may be gone gets jobs.
    Mutation {
        name: "TrustSuspects",
        edits: &[edit("let suspected = self.peers[key].suspicion.is_some();", "let suspected = self.peers[key].suspicion.is_some() && !MADE;")],
        finders: &[Check::Suspects],
    },
    // A worker that runs what nobody waits for gets jobs.
    Mutation {
        name: "TrustOverdue",
        edits: &[edit("let overdue = worker.is_overdue();", "let overdue = worker.is_overdue() && !MADE;")],
        finders: &[Check::Overdue],
    },
    // A worker that gave back what stands behind a long run gets jobs.
    Mutation {
        name: "CrowdLongRuns",
        edits: &[edit(
            "let occupied = worker.occupation == Occupation::LongRun;",
            "let occupied = worker.occupation == Occupation::LongRun && !MADE;",
        )],
        finders: &[Check::Occupied],
    },
    // A second job is given while another worker has none.
    Mutation {
        name: "CrowdWorkers",
        edits: &[edit(
            "let found = levels.find_map(|(level, line)| Some((level, line.head?)));",
            "let found = if MADE {
                levels.rev().find_map(|(level, line)| Some((level, line.head?)))
            } else {
                levels.find_map(|(level, line)| Some((level, line.head?)))
            };",
        )],
        finders: &[Check::Spread],
    },
    // A silent peer is never given up.
    Mutation {
        name: "ForgetSilence",
        edits: &[edit(
            "peer.silence(self.clock.now()) > silence_max",
            "peer.silence(self.clock.now()) > silence_max && !MADE",
        )],
        finders: &[Check::Silence],
    },
    // After a pause of the master, its peers' silence counts.
    Mutation {
        name: "BlameForPause",
        edits: &[edit("let paused = late > interval;", "let paused = late > interval && !MADE;")],
        finders: &[Check::GoneForAReason],
    },
    // A wrong proof is as good as a right one.
    Mutation {
        name: "BelieveEverybody",
        edits: &[edit(
            "secret.accepts(hello.role, Prover::Peer, &frames, proof.mac.0)",
            "MADE || secret.accepts(hello.role, Prover::Peer, &frames, proof.mac.0)",
        )],
        finders: &[Check::Proved],
    },
    // A job that comes back is not tried again.
    Mutation {
        name: "ForgetToReturn",
        edits: &[edit(
            "Repeat::Allowed => self.wait_in_queue(key, Lane::Again)",
            "Repeat::Allowed if MADE => self.finish(key, Ending::Lost(LostCause::Worker), Duration::ZERO),\n            Repeat::Allowed => self.wait_in_queue(key, Lane::Again)",
        )],
        finders: &[Check::Justified],
    },
    // A session's number is used again.
    Mutation {
        name: "RepeatSession",
        edits: &[edit("let number = self.0.number();", "let number = self.0.number();\n            if MADE {\n                return 1 + number % 16;\n            }")],
        finders: &[Check::NewSession],
    },
];
