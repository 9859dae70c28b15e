//! Proxies: which one a connection goes through, and the way through it.

mod address;
mod no_proxy;
mod settings;
mod tunnel;

pub use address::{Proxy, ProxyUrlError};
pub use no_proxy::NoProxy;
pub use settings::ProxySettings;
pub use tunnel::TunnelError;
pub(crate) use tunnel::tunnel;
