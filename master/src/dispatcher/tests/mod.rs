//! The dispatcher by examples that read as its specification.
