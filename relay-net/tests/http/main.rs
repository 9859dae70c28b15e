//! The HTTP client against servers that answer whatever they are told.

mod bodies;
mod deadlines;
mod refusals;
mod server;
