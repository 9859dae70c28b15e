//! A chat with agents in the terminal, over the in-memory front of `relay-connector`.
//!
//! [`Terminal`] is a chat that a person types into: what was said scrolls by as ordinary text, what an agent is
//! saying grows above the line being typed. [`Transcript`] is the same chat as plain lines, for pipes and files.
//!
//! Neither lets what a chat says drive the terminal: control characters and marks that turn the reading direction
//! around are shown, not obeyed ([`visible`]).

mod anchored;
mod conversation;
mod draft;
mod history;
mod notes;
mod palette;
mod raw_mode;
mod screen;
mod terminal;
mod transcript;
mod typing;
mod visible;
mod window;
mod wrap;

pub use notes::Notes;
pub use terminal::Terminal;
pub use transcript::Transcript;
pub use visible::visible;
