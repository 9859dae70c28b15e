//! One connection, from the upgrade to its end.

mod in_turn;
mod liveness;
mod noise;
mod pending;
mod serving;
mod socket;
mod upgrade;

pub(super) use liveness::Liveness;
pub(super) use noise::{Noise, PeerFault};
pub(super) use pending::Pending;
pub(super) use serving::Connection;
pub(super) use socket::Socket;
pub(super) use upgrade::connect;
