//! Networks between this machine and a host: proxies, roots, addresses, and HTTP that is none.

mod answers;
mod authority;
mod names;
mod proxied;
mod proxy_server;
mod roots;
mod trust;
