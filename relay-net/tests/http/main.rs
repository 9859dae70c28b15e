//! The HTTP client against servers that answer whatever they are told.

mod bodies;
mod busy;
mod deadlines;
mod form;
mod pool;
mod refusals;
mod server;
