//! The rules of the house that a program can check. One file for each; what it cannot know is not in it.
//!
//! An exception names what broke a rule when the rule came. A list of exceptions only gets shorter: a rule fails too if
//! one of its exceptions is not needed any more.

mod bools;
mod circles;
mod files;
mod layout;
mod length;
mod links;
mod walks;
mod words;
