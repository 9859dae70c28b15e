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

mod accept;
mod authentication;
mod builder;
mod clock;
mod close;
mod connector;
mod declared;
mod enrollment;
mod envelope;
mod events;
mod flights;
mod front;
mod fronts;
mod identity;
mod intake;
mod limits;
mod link;
mod listener;
mod media;
mod outlet;
mod provisioning;
mod random;
mod redaction;
mod relevance;
mod roster;
mod rotation;
mod routes;
mod socket;
mod store;
mod tap;
mod tenant;
mod wake;

pub use accept::Accept;
pub use builder::{BuildError, ConnectorBuilder};
pub use clock::{Clock, system_clock};
pub use connector::Connector;
pub use declared::DeclaredError;
pub use enrollment::{ENROLLMENT_TTL, EnrollError, mint_enrollment_token};
pub use events::{DeliverError, Delivery, EventSink};
pub use front::lines::{LineError, Lines, LinesFront, lines_descriptor};
pub use front::local::{
    Author, ChatMessage, ChatUpdate, ChatUpdateKind, LocalFront, Notes, Said, Terminal, Transcript,
};
pub use front::{ActionContext, Front};
pub use fronts::FrontsError;
pub use identity::{
    DEFAULT_TENANT_CLAIM, Fetch, FetchError, FetchRequest, HttpsFetch, IdentityError, IdentitySettingsError,
    IdentityVerifier, IntrospectionSettings, IntrospectionVerifier, OidcSettings, OidcVerifier, StaticTokens,
};
pub use limits::Limits;
pub use provisioning::ProvisionError;
pub use random::{Random, secret as new_secret, system_random};
pub use rotation::RotateError;
pub use store::buffer::{
    Appended, Arrival, Backlog, BufferLimits, Buffered, Place, Seq, SetAside, SetAsideReason, Verdict,
};
pub use store::error::{OpenError, StoreError};
pub use store::gateway::{
    EnrollOutcome, Enrollment, GatewayRecord, Identity, ProvisionOutcome, Provisioning, RevokeOutcome,
    RotateOutcome, Subscriber,
};
pub use store::instance::Instance;
pub use store::memory::MemoryStore;
pub use store::policy::Policy;
pub use store::sqlite::SqliteStore;
pub use store::{BufferStore, GatewayStore, Store};
pub use tap::{Direction, FrameTap};
pub use tenant::{Tenant, TenantError};
pub use wake::{HttpWake, Wake, WakeError};
