//! Whether a job shares its worker.

/// Whether a worker may be given a job besides this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Company {
    Allowed,
    None,
}
