//! What is looked for at a descriptor: the words between those who look and the system's way to look.

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interest {
    Nothing,
    Reading,
    ReadingAndWriting,
}
