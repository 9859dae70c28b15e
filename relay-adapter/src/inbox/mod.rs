//! The inbox port, and the inbox that lives as long as the process.

mod error;
mod memory;
mod port;

pub use error::{InboxError, InboxErrorKind};
pub use memory::MemoryInbox;
pub use port::{
    Admission, DeliveryKeys, EntryId, Inbox, Incoming, Progress, Remainder, ShownQuestion, Step, Unfinished,
    UnfinishedPage,
};
