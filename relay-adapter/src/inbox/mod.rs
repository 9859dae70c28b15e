//! The inbox port, and the inbox that lives as long as the process.

mod memory;
mod port;

pub use memory::MemoryInbox;
pub use port::{
    Admission, DeliveryKeys, EntryId, Inbox, InboxError, Incoming, Progress, Remainder, Step, Unfinished,
};
