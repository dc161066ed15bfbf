//! The commands, each in a file of its own: its flags, and what it does.

mod bench;
mod check;
mod completions;
mod execute;
mod master;
mod orders;
mod purge;
mod run;
mod status;
mod top;
mod work;

use crate::exit::{Exit, Outcome};
use crate::options::common::CommonOptions;
use clap::Subcommand;

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs a master and its workers, which are started again when they end: one command for one machine.
    Run(run::RunOptions),
    /// Runs a master alone, for workers that are started elsewhere.
    Master(master::MasterCommandOptions),
    /// Makes any program a worker: payload on its standard input, reply on its standard output.
    Work(work::WorkOptions),
    /// Sends a job, or one a line, and prints the reply.
    Execute(execute::ExecuteOptions),
    /// Tells whether a master is alive: exit status 0 if it is, 1 if not, others if that cannot be found out.
    Check(check::CheckOptions),
    /// Prints what the master does now.
    Status(status::StatusOptions),
    /// Shows what the master does, live.
    Top(top::TopOptions),
    /// Gives workers no further jobs; waits for the effect.
    Quiet(orders::OrderOptions),
    /// Gives quiet workers jobs again.
    Resume(orders::OrderOptions),
    /// Gives workers no further jobs, and waits until they have finished those they have.
    Drain(orders::OrderOptions),
    /// Lets workers finish what they have, and ends them.
    Stop(orders::OrderOptions),
    /// Ends the master that holds this endpoint, whatever state it is in, and removes what it left behind.
    Purge(purge::PurgeOptions),
    /// Finds out whether a worker program gains from a master, and from which length of its jobs on.
    Bench(bench::BenchOptions),
    /// Prints completions for a shell.
    Completions(completions::CompletionsOptions),
}

impl Command {
    /// What is logged if nobody says: servers tell what they do, tools only what went wrong.
    pub(crate) fn default_log(&self) -> &'static str {
        match self {
            Command::Run(_) | Command::Master(_) | Command::Work(_) => "info",
            // What goes wrong ends in a line of its own.
            Command::Execute(_)
            | Command::Check(_)
            | Command::Status(_)
            | Command::Top(_)
            | Command::Quiet(_)
            | Command::Resume(_)
            | Command::Drain(_)
            | Command::Stop(_)
            | Command::Purge(_)
            | Command::Bench(_)
            | Command::Completions(_) => "error",
        }
    }

    /// Does it.
    pub(crate) fn perform(self, common: &CommonOptions) -> Outcome {
        use powerhose::Order;
        match self {
            Command::Run(options) => run::run(common, options),
            Command::Master(options) => master::master(common, &options),
            Command::Work(options) => work::work(common, options),
            Command::Execute(options) => execute::execute(common, options),
            Command::Check(options) => check::check(common, &options),
            Command::Status(options) => status::status(common, &options),
            Command::Top(options) => top::top(common, &options),
            Command::Quiet(options) => orders::order(common, Order::Quiet, &options),
            Command::Resume(options) => orders::order(common, Order::Resume, &options),
            Command::Drain(options) => orders::order(common, Order::Drain, &options),
            Command::Stop(options) => orders::order(common, Order::Stop, &options),
            Command::Purge(options) => purge::purge(common, &options),
            Command::Bench(options) => bench::bench(common, options),
            Command::Completions(options) => {
                completions::print(&options);
                Ok(Exit::Fine)
            }
        }
    }
}
