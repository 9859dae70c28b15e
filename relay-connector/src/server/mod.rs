//! The server: sockets in, HTTP routes and each gateway's socket out of them.

pub(crate) mod accept;
pub(crate) mod listener;
pub(crate) mod mount;
pub(crate) mod observability;
pub(crate) mod redaction;
pub(crate) mod routes;
pub(crate) mod socket;
pub(crate) mod tap;
pub(crate) mod tasks;
