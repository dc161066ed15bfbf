//! The Token Server.
