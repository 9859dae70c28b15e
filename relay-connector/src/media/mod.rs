//! Files that gateways bring for their chats: kept for about an hour, each for its own tenant.

mod files;
mod folder;
mod name;
mod store;
mod upload;

pub(crate) use files::{Kept, MediaFiles};
pub(crate) use name::{content_type, file_name};

pub use files::MediaError;
pub use store::{MediaStore, OpenedMedia, StoredMedia};
