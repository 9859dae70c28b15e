//! Files that gateways bring for their chats: kept for about an hour, each for its own tenant.

mod folder;
mod name;
mod shelf;
mod store;
mod upload;

pub(crate) use name::{content_type, file_name};
pub(crate) use shelf::{Kept, Shelf};

pub use shelf::MediaError;
pub use store::{MediaStore, OpenedMedia, StoredMedia};
