//! The HTTP client and the connector's API over it, against servers that answer whatever they are told.

mod busy;
mod enroll;
mod form;
mod policy;
mod provision;
mod server;
