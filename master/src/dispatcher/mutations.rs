//! Mistakes that a dispatcher could make, built in with the feature `mutations` and switched on one at a time: the
//! simulation has to find each. Without the feature nothing of this is compiled, and `mutated!` is `false`.

use std::time::Duration;

/// Whether this mistake is to be made now.
macro_rules! mutated {
    ($mutation:ident) => {{
        #[cfg(feature = "mutations")]
        let on = $crate::dispatcher::mutations::is_on($crate::dispatcher::mutations::Mutation::$mutation);
        #[cfg(not(feature = "mutations"))]
        let on = false;
        on
    }};
}
pub(crate) use mutated;

impl super::Dispatcher {
    /// Completes a call that has ended: nothing that a master should do.
    pub(super) fn deliver_to_nobody(&mut self, job: powerhose_protocol::JobId, payload: bytes::Bytes) {
        let outcome = crate::common::Outcome {
            ending: crate::common::Ending::Done { payload, headers: crate::Headers::default() },
            may_have_run: true,
            attempts: 1,
            worker: None,
            wait: Duration::ZERO,
            run: Duration::ZERO,
        };
        self.actions.push_back(super::Action::Told { client: self.peers.here, call: job.call(), outcome });
    }
}

#[cfg(feature = "mutations")]
pub use switch::{Mutation, switch};

#[cfg(feature = "mutations")]
pub(crate) use switch::is_on;

#[cfg(feature = "mutations")]
mod switch {
    use std::cell::Cell;

    macro_rules! mutations {
        ($($(#[$doc:meta])* $name:ident,)*) => {
            /// A mistake.
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub enum Mutation { $($(#[$doc])* $name,)* }

            impl Mutation {
                /// Every one.
                pub const ALL: &[Mutation] = &[$(Mutation::$name,)*];
            }
        };
    }

    mutations! {
        /// A reply counts whatever attempt it answers.
        ForgetToFence,
        /// A worker that has answered gets nothing more.
        ForgetToFreeCredit,
        /// A job outlives its deadline.
        ForgetToExpire,
        /// The last job of a dead worker is charged, not the first.
        ChargeTheWrongJob,
        /// A death costs a job nothing.
        ForgetToCharge,
        /// A quiet worker gets jobs.
        DispatchAfterQuiet,
        /// A message counts whatever session it names.
        IgnoreSession,
        /// A once job is tried again.
        RepeatOnce,
        /// A once job shares its worker.
        CompanyForOnce,
        /// A worker is not told that nobody waits any longer.
        ForgetCancel,
        /// What waits behind a busy worker stays there.
        ForgetRecall,
        /// The jobs of a client that is gone go on.
        KeepJobsOfGoneClient,
        /// The client whose turn it was stays first.
        ForgetTurns,
        /// An outcome goes to the call after the one it is of.
        WrongCall,
        /// A reply that nobody waits for is delivered.
        DeliverLateReply,
        /// The queue takes whatever comes.
        ExceedQueueBound,
        /// A connection that may be gone gets jobs.
        TrustSuspects,
        /// A worker that runs what nobody waits for gets jobs.
        TrustOverdue,
        /// A worker that gave back what stands behind a long run gets jobs.
        CrowdLongRuns,
        /// A second job is given while another worker has none.
        CrowdWorkers,
        /// A silent peer is never given up.
        ForgetSilence,
        /// After a pause of the master, its peers' silence counts.
        BlameForPause,
        /// A peer need not prove anything.
        BelieveEverybody,
        /// A job that comes back is not tried again.
        ForgetToReturn,
        /// A session's number is used again.
        RepeatSession,
    }

    thread_local! {
        static MADE: Cell<Option<Mutation>> = const { Cell::new(None) };
    }

    /// From now on, dispatchers on this thread make this mistake, and no other.
    pub fn switch(mutation: Option<Mutation>) {
        MADE.set(mutation);
    }

    pub(crate) fn is_on(mutation: Mutation) -> bool {
        MADE.get() == Some(mutation)
    }
}
