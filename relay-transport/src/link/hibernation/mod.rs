//! The link without a connection, on purpose: what the owner asked for, and what wakes it.

mod idle;
mod sleeping;
mod thaw;

pub(super) use idle::{Aim, Idle, Wish};
pub(super) use sleeping::Hibernation;
