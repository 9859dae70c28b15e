//! An open, self-hostable connector: the server half of the relay protocol.
//!
//! A [`Connector`] accepts gateways on one WebSocket each, checks their tokens against a [`Store`], and passes
//! messages between them and its [`Front`]s, one for each chat platform. [`MemoryFront`] is the front for chats
//! that are typed into a terminal; [`Lines`] lets a program play any platform.
//!
//! An event is stored for every instance that is to get it before its front is told that it was taken. It is
//! sent when a gateway of the instance is there, and removed when that has acknowledged it.
//!
//! Features, all on by default: `sqlite` (a store in a file), `oidc` (identities that an issuer vouches for), `wake` (calling
//! sleeping instances over HTTP) and `lines`. Without them, a store, an [`IdentityVerifier`], a [`Wake`] or a [`Front`] of
//! yours takes the place.
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
mod metrics;
mod server;
mod store;

pub use access::declared::DeclaredError;
pub use access::enrollment::{ENROLLMENT_TTL, EnrollError, mint_enrollment_token};
#[cfg(feature = "oidc")]
#[doc(hidden)]
pub use access::identity::vouched;
#[cfg(feature = "oidc")]
pub use access::identity::{
    DEFAULT_TENANT_CLAIM, Fetch, FetchRequest, HttpsFetch, IntrospectionSettings, IntrospectionVerifier,
    OidcSettings, OidcVerifier,
};
pub use access::identity::{
    FetchError, IdentityError, IdentitySettingsError, IdentityVerifier, StaticTokens,
};
pub use access::people::chat_access::{AccessError, ChatAccess};
pub use access::people::code::{PairingCode, PairingCodeError};
pub use access::people::decision::{AccessDecision, AccessReply};
pub use access::people::policy::{AccessPolicy, GroupRule, PeopleRule};
pub use access::people::records::{AllowedPerson, OpenedGroup, PendingPairing, PersonRole};
pub use access::provisioning::ProvisionError;
pub use access::rotation::RotateError;
pub use access::tenant::{Tenant, TenantError};
/// The crate that mounted routes are written with.
pub use axum;
pub use builder::{BuildError, ConnectorBuilder};
pub use connector::{Connector, Unready};
#[cfg(feature = "wake")]
pub use delivery::wake::HttpWake;
pub use delivery::wake::{Wake, WakeError};
pub use front::arrival::Arrival;
pub use front::context::FrontContext;
pub use front::descriptor::DescriptorSender;
pub use front::event_sink::{DeliverError, Delivery, EventSink};
pub use front::fronts::FrontsError;
#[cfg(feature = "lines")]
pub use front::lines::{LineError, Lines, LinesFront, lines_descriptor};
pub use front::memory::{Author, ChatMessage, ChatUpdate, ChatUpdateKind, MemoryFront, PostedMessage};
pub use front::state::{FrontError, FrontState, FrontStateSender};
pub use front::storage::FrontStorage;
pub use front::tenant_router::TenantRouter;
pub use front::vault::Vault;
pub use front::{ActionContext, Front};
pub use limits::Limits;
pub use media::{MediaError, MediaStore, OpenedMedia, StoredMedia};
pub use relay_runtime::{Clock, Random};
pub use server::accept::Accept;
pub use server::mount::MountError;
pub use server::tap::{Direction, FrameTap};
pub use store::buffer::{
    AppendError, Appended, Backlog, BufferLimits, Buffered, Cursor, DeadLetter, DeadLetterReason,
    NewDelivery, RedeliveryPolicy, Retried, Seq,
};
pub use store::error::StoreError;
pub use store::gateway::{
    EnrollOutcome, Enrollment, GatewayRecord, ProvisionOutcome, Provisioning, RevokeOutcome, RotateOutcome,
    Subscriber,
};
pub use store::instance::Instance;
pub use store::memory::MemoryStore;
pub use store::policy::Policy;
pub use store::routing::{Binding, GatewayCommands};
#[cfg(feature = "sqlite")]
pub use store::sqlite::{OpenError, SqliteStore, VaultKey, VaultKeyError};
pub use store::storage_changes::{FollowUpCredential, StorageChanges};
pub use store::{BufferStore, FrontStore, GatewayStore, Store};
