//! The connector's HTTP routes beside the socket, as a client.

mod connector_api;
mod enrolled;
mod error;
mod fields;
mod media_file;
mod peer_clock;
mod provisioned;

pub use connector_api::ConnectorApi;
pub use enrolled::Enrolled;
pub use error::ConnectorApiError;
pub use media_file::MediaFile;
pub use peer_clock::peer_clock;
pub use provisioned::Provisioned;
