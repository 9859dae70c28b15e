//! A link against a connector in memory: every byte is the test's own, and time stands still until all wait.

mod connector;

mod bad_peers;
mod closing;
mod counts;
mod deliveries;
mod draining;
mod floods;
mod handshake;
mod hibernating;
mod identities;
mod interrupts;
mod liveness;
mod log;
mod malformed;
mod order;
mod over_tcp;
mod over_tls;
mod overload;
mod rejections;
mod requests;
mod turns;
mod write_failure;
