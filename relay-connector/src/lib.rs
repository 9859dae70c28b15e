//! An open, self-hostable connector: the server half of the relay protocol.
//!
//! A [`Connector`] accepts gateways on one WebSocket each, checks their tokens against a [`Store`], and passes
//! messages between them and its [`Front`]s, one for each chat platform. [`LocalFront`] is the front for chats
//! that are typed into a terminal; [`Lines`] lets a program play any platform.
//!
//! An event is stored for every instance that is to get it before its front is told that it was taken. It is
//! sent when a gateway of the instance is there, and removed when that has acknowledged it.
//!
//! No peer can hold up another: every queue is bounded, nothing waits for a gateway that does not read, and
//! what a gateway sends is handled on its own task.

mod access;
mod builder;
mod connector;
mod delivery;
mod front;
mod limits;
mod media;
mod server;
mod store;

pub use access::declared::DeclaredError;
pub use access::enrollment::{ENROLLMENT_TTL, EnrollError, mint_enrollment_token};
#[doc(hidden)]
pub use access::identity::vouched;
pub use access::identity::{
    DEFAULT_TENANT_CLAIM, Fetch, FetchError, FetchRequest, HttpsFetch, IdentityError, IdentitySettingsError,
    IdentityVerifier, IntrospectionSettings, IntrospectionVerifier, OidcSettings, OidcVerifier, StaticTokens,
};
pub use access::provisioning::ProvisionError;
pub use access::rotation::RotateError;
pub use access::tenant::{Tenant, TenantError};
/// The crate that mounted routes are written with.
pub use axum;
pub use builder::{BuildError, ConnectorBuilder};
pub use connector::Connector;
pub use delivery::wake::{HttpWake, Wake, WakeError};
pub use front::arrival::Arrival;
pub use front::event_sink::{DeliverError, Delivery, EventSink};
pub use front::fronts::FrontsError;
pub use front::lines::{LineError, Lines, LinesFront, lines_descriptor};
pub use front::local::{Author, ChatMessage, ChatUpdate, ChatUpdateKind, LocalFront, Said};
pub use front::{ActionContext, Front};
pub use limits::Limits;
pub use relay_runtime::{Clock, Random};
pub use server::accept::Accept;
pub use server::mount::MountError;
pub use server::tap::{Direction, FrameTap};
pub use store::buffer::{
    Appended, Backlog, BufferLimits, Buffered, Cursor, DeadLetter, DeadLetterReason, NewDelivery,
    RedeliveryPolicy, Seq,
};
pub use store::error::{OpenError, StoreError};
pub use store::gateway::{
    EnrollOutcome, Enrollment, GatewayRecord, ProvisionOutcome, Provisioning, RevokeOutcome, RotateOutcome,
    Subscriber,
};
pub use store::instance::Instance;
pub use store::memory::MemoryStore;
pub use store::policy::Policy;
pub use store::routing::{Binding, GatewayCommands};
pub use store::sqlite::SqliteStore;
pub use store::storage_changes::{FollowUpCredential, StorageChanges};
pub use store::{BufferStore, FrontStore, GatewayStore, Store};
