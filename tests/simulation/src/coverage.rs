//! What occurred in a run: a fault that never struck and an end that never came prove nothing.

use std::fmt;

macro_rules! counted {
    ($($name:ident => $words:literal,)*) => {
        /// Something whose occurrences are counted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Counted { $($name,)* }

        const WORDS: &[&str] = &[$($words,)*];
    };
}

counted! {
    FaultWorkerKilled => "fault: worker killed",
    FaultClientKilled => "fault: client killed",
    FaultPoison => "fault: payload kills its worker",
    FaultHang => "fault: handler hangs",
    FaultStopped => "fault: process stopped",
    FaultStoppedLong => "fault: process stopped until its connection is given up",
    FaultConnectionCut => "fault: connection cut",
    FaultMessagesLost => "fault: messages lost with a connection",
    FaultOvertaken => "fault: message overtaken by one of another connection",
    FaultInterrupted => "fault: connection carries nothing for a while",
    FaultHalfOpen => "fault: connection carries nothing until given up",
    FaultPipeFull => "fault: master's message refused on a living connection",
    FaultFalseSuccess => "fault: message to the dead seems to go out",
    FaultEndSeen => "fault: end seen after the last message",
    FaultHintLate => "fault: hint late",
    FaultHintWrong => "fault: hint about a living connection",
    FaultHintNever => "fault: no hint",
    FaultMasterPaused => "fault: master paused",
    FaultMasterPausedLong => "fault: master paused for 10 s",
    FaultMasterCrashed => "fault: master killed",
    FaultMasterLate => "fault: master's loop late",
    FaultReplyTwice => "fault: reply sent twice",
    FaultReplyLate => "fault: reply sent again in a later session",
    FaultLie => "fault: reply to another worker's job",
    FaultGarbage => "fault: random bytes",
    FaultMutated => "fault: mutated message",
    FaultReplayed => "fault: another's message replayed",
    FaultStranger => "fault: peer without the secret",
    FaultFlood => "fault: flood of messages",
    FaultExitUnknown => "fault: exit status late or never known",

    StepWorkerLeaves => "step: worker leaves",
    StepWorkerExits => "step: worker's process ends by itself",
    StepWatchdog => "step: watchdog ends a process",
    StepWorkerStarts => "step: worker starts",
    StepClientStarts => "step: client starts",
    StepClientCloses => "step: client closes",
    StepMasterCloses => "step: master closes",
    StepMasterClosed => "step: master closed in good order",
    StepMasterStarts => "step: master starts",
    StepDispatched => "step: job dispatched",
    StepDispatchedAgain => "step: job dispatched again",
    StepDispatchedAlone => "step: job dispatched alone",
    StepBatch => "step: several jobs in a message",
    StepBehind => "step: job given behind another",
    StepRecall => "step: RECALL",
    StepCancel => "step: CANCEL",
    StepQuieted => "step: QUIETED",
    StepResume => "step: RESUME",
    StepControlled => "step: CONTROLLED",
    StepControlledLeft => "step: CONTROLLED with something left",
    StepState => "step: STATE",
    StepWorkersTold => "step: client told of the workers",
    StepStopOrdered => "step: worker sent away by BYE stop",
    StepUnknown => "step: UNKNOWN",
    StepReject => "step: REJECT",
    StepRejectHello => "step: HELLO refused",
    StepChallenge => "step: CHALLENGE",
    StepHelloAgain => "step: HELLO on a connection with a session",
    StepWelcomeAgain => "step: HELLO said again, answered with the same WELCOME",
    StepForeign => "step: message of a foreign session",
    StepReplyLate => "step: late reply dropped",
    StepReplyStray => "step: stray reply dropped",
    StepReturned => "step: job came back unrun",
    StepStockReturned => "step: job given back from behind a long run",
    StepExpired => "step: worker says the time was over",
    StepCancelledAnswer => "step: worker answers cancelled",
    StepCharged => "step: death charged",
    StepUncharged => "step: job of a dead worker comes back uncharged",
    StepOverdue => "step: worker overdue",
    StepBack => "step: overdue worker back",
    StepGoneCutOff => "step: worker gone: cut off",
    StepClientGone => "step: client gone",
    StepGoneGoodbye => "step: worker gone: goodbye",
    StepGoneDisconnected => "step: worker gone: disconnected",
    StepGoneSilent => "step: worker gone: silent",
    StepGoneExited => "step: worker gone: exited",
    StepGoneRenewed => "step: worker gone: new session",
    StepCutOff => "step: peer cut off",
    StepAbandonedWaiting => "step: waiting job abandoned",
    StepAbandonedRunning => "step: running job abandoned",
    StepCallerDied => "step: call dies with its caller",

    EndDone => "end: done",
    EndFailed => "end: failed",
    EndReplyTooLarge => "end: failed, reply too large",
    EndTimedOutWaiting => "end: timed out, never dispatched",
    EndTimedOutRunning => "end: timed out at a worker",
    EndCancelled => "end: cancelled",
    EndLostWorker => "end: lost with its worker",
    EndLostExit => "end: lost with its worker, exit known",
    EndLostMaster => "end: lost with the master",
    EndOnceReturned => "end: once job given back",
    EndQueueFull => "end: rejected, queue full",
    EndOverload => "end: rejected, could not begin in time",
    EndQueueBytes => "end: rejected, too many bytes wait",
    EndNoWorkers => "end: rejected, no workers",
    EndTooLarge => "end: rejected, payload too large",
    EndPoolsMax => "end: rejected, too many pools",
    EndClosed => "end: rejected, closed",
    EndBadPool => "end: rejected, bad pool",
    EndBadCall => "end: rejected, bad call",
    EndBadHeaders => "end: rejected, bad headers",
}

/// How often everything occurred.
#[derive(Clone, PartialEq, Eq)]
pub struct Coverage {
    counts: Vec<u64>,
}

impl Default for Coverage {
    fn default() -> Coverage {
        Coverage { counts: vec![0; WORDS.len()] }
    }
}

impl Coverage {
    pub(crate) fn count(&mut self, counted: Counted) {
        self.counts[counted as usize] += 1;
    }

    /// Counts what another run counted, too.
    pub fn add(&mut self, other: &Coverage) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(sum, count)| *sum += count);
    }

    /// What never occurred.
    pub fn missing(&self) -> Vec<&'static str> {
        WORDS.iter().zip(&self.counts).filter(|(_, count)| **count == 0).map(|(words, _)| *words).collect()
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        WORDS.iter().zip(&self.counts).try_for_each(|(words, count)| writeln!(f, "{count:>12}  {words}"))
    }
}
