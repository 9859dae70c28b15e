//! The link without a connection, on purpose: what the owner asked for, and what wakes it.

mod dormancy;
mod idle;
mod thaw;

pub(super) use dormancy::Hibernation;
pub(super) use idle::{Aim, Idle, Wish};
