//! How the worker processes of a cluster run, once that is chosen.

use powerhose::{WorkerCommand, WorkerOutput};

#[derive(Default)]
pub(super) struct Processes {
    pub(super) folder: Option<String>,
    pub(super) output: WorkerOutput,
    pub(super) cores: Cores,
    pub(super) nice: Option<i32>,
    pub(super) address_space_bytes_max: Option<u64>,
}

#[derive(Clone, Copy, Default)]
pub(super) enum Cores {
    #[default]
    Any,
    Pinned,
}

impl Processes {
    /// On top of what the command has.
    pub(super) fn build(&self, command: WorkerCommand) -> WorkerCommand {
        let mut command = command.output(self.output);
        if let Some(folder) = &self.folder {
            command = command.current_dir(folder);
        }
        if let Some(nice) = self.nice {
            command = command.nice(nice);
        }
        if let Some(bytes) = self.address_space_bytes_max {
            command = command.address_space_bytes_max(bytes);
        }
        match self.cores {
            Cores::Any => command,
            Cores::Pinned => command.pinned(),
        }
    }
}
