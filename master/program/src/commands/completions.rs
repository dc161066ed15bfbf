//! `powerhose completions`: what a shell needs to complete our command line.

use clap::Args;
use clap_complete::Shell;
use std::io;

/// Flags of `completions`.
#[derive(Args, Debug)]
pub(crate) struct CompletionsOptions {
    /// For which shell.
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints them.
pub(super) fn print(options: &CompletionsOptions) {
    let mut command = crate::options::command();
    clap_complete::generate(options.shell, &mut command, "powerhose", &mut io::stdout());
}
