//! Signed tokens as a Powerhose job: what the worker processes compute, and what the two programs share.
//!
//! All modules except [`program`] are pure: bytes and values in, bytes and values out, the time and the
//! randomness handed in. Nothing here may print, log or `Debug` a secret, a private key or a token.
//!
//! Two formats are made and read. A *tokenlib token* (the default) is what Mozilla's tokenlib 2.0 makes, and
//! brings a derived secret that only the issuer and the token's owner know. A *JWT* is signed by a private
//! key. In both, claims under `"private"` are encrypted before they are signed.

pub mod claims;
pub mod derive;
mod encoding;
pub mod error;
pub mod job;
mod jwt;
pub mod key;
mod key_file;
pub mod keyring;
pub mod program;
pub mod random;
mod seal;
pub mod secret;
mod tokenlib;
