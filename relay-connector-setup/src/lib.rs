//! A connector from its file.
//!
//! [`ConnectorFile`] is `connector.yaml`: which platforms are served, by which bots, and who may talk through them. Each of
//! its [`ConfiguredFront`]s is opened as a front of a connector, or asked what its platform says of it. A [`DataFolder`] is
//! what the connector keeps between two runs; [`Control`] is how commands tell a serving connector what they changed.

mod bot_draft;
mod configured_connector;
mod configured_front;
mod connector_file;
mod control;
mod data_folder;
mod front_check;
mod front_kind;
mod pairing;
mod secret_reference;
#[cfg(feature = "telegram")]
mod telegram;
mod way_out;

pub use bot_draft::{BotDraft, KnownBot};
pub use configured_connector::{ConfiguredConnector, SetupError};
pub use configured_front::{ConfiguredFront, FrontProblem};
pub use connector_file::ConnectorFile;
pub use control::{Control, ControlError, StoreChange};
pub use data_folder::{DataFolder, DataFolderError, ServingLock};
pub use front_check::{FrontCheck, FrontCheckOutcome, FrontFailure};
pub use pairing::{OWNER_CODE_TTL, PairingDesk, PairingError, PairingReport};
pub use secret_reference::SecretReference;
pub use way_out::way_out;
