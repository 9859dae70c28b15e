//! The HTTP client against servers that answer whatever they are told.

mod bodies;
mod busy;
mod deadlines;
mod form;
mod refusals;
mod server;
