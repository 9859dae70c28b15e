//! The connector's API, against servers that answer whatever they are told.

mod enroll;
mod media;
mod policy;
mod provision;
mod server;
