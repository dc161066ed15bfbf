//! `powerhose check`: is a master alive? For probes and scripts.

use crate::connection::{client, knock, operator, operator_failure};
use crate::exit::{Exit, Failure, Outcome};
use crate::options::common::CommonOptions;
use crate::options::values::duration;
use crate::print;
use crate::strays::strays;
use clap::Args;
use powerhose_protocol::Endpoint;
use rustix::process::Pid;
use std::time::Duration;

/// How long a master that is there has to answer.
const WITHIN: Duration = Duration::from_secs(2);

/// Flags of `check`.
#[derive(Args, Debug)]
pub(crate) struct CheckOptions {
    /// How long the master has to answer, also one that is yet to come. Default: 2s, if there is one.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    within: Option<Duration>,
    /// With fewer workers than this, the exit status is 1.
    #[arg(long, value_name = "N", default_value_t = 0)]
    workers_min: usize,
}

/// Prints who it is; the exit status says whether it is there.
pub(super) fn check(common: &CommonOptions, options: &CheckOptions) -> Outcome {
    // Before it is asked: while it is, a master may get its endpoint back.
    let lost = masters_that_lost_it(common);
    let answer = ask(common, options);
    for pid in lost {
        print::complaint(format_args!(
            "the master with pid {} has lost this endpoint, because its lock file was removed: it gets it back or ends \
             within a second or two; `powerhose purge` ends it",
            pid.as_raw_pid()
        ));
    }
    answer
}

fn ask(common: &CommonOptions, options: &CheckOptions) -> Outcome {
    // What is wrong with the options themselves goes first.
    let knocked = client(common).and_then(|_| if options.within.is_none() { knock(common) } else { Ok(()) });
    let within = options.within.unwrap_or(WITHIN);
    let mut operator = match knocked.and_then(|()| operator(common, within)) {
        Ok(operator) => operator,
        // That nobody is there is the answer to the question; what else went wrong is an error.
        Err(failure) if failure.exit == Exit::Unreachable => {
            print::complaint(failure);
            return Ok(Exit::No);
        }
        Err(failure) => return Err(unknown(&failure)),
    };
    let workers = operator.workers().map_err(|error| unknown(&operator_failure(&error)))?.len();
    let (pid, epoch) = (operator.master_pid(), operator.master_epoch());
    print::text(&format!("pid {pid}, epoch {epoch}, workers {workers}"))?;
    Ok(if workers < options.workers_min { Exit::No } else { Exit::Fine })
}

/// A master whose socket or folder was removed is reached by nobody, and yet it is there.
fn masters_that_lost_it(common: &CommonOptions) -> Vec<Pid> {
    let endpoint = common.endpoint().ok().and_then(|endpoint| endpoint.parse::<Endpoint>().ok());
    endpoint.as_ref().and_then(Endpoint::path).map_or_else(Vec::new, strays)
}

/// A master is there, or not: it could not be found out.
fn unknown(failure: &Failure) -> Failure {
    Failure::new(Exit::Usage, failure)
}
