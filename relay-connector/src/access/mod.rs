//! Access: who a gateway is, who it works for, and how it got its secret; and which people may talk to it.

pub(crate) mod accounts;
pub(crate) mod authentication;
pub(crate) mod declared;
pub(crate) mod enrollment;
pub(crate) mod identity;
pub(crate) mod people;
pub(crate) mod provisioning;
pub(crate) mod rotation;
pub(crate) mod tenant;
