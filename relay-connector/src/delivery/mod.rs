//! Delivery: from a front's event to the gateway that acknowledges it.
//!
//! The dispatcher stores an event for every instance that is to get it. The registry knows which gateways are
//! connected; what an instance's connections deliver, and which of them, is decided in one place for each instance.
//!
//! Lock order, outermost first; none is held across a wait:
//!
//! 1. the registry's `present`
//! 2. an instance delivery's `state`, of one instance at a time
//! 3. a connection's `listening`, of one connection at a time
//! 4. a connection's `in_flight`
//!
//! The waker's `called` and the dispatcher's episodes are locked by themselves.

pub(crate) mod buffer_ids;
pub(crate) mod closing;
pub(crate) mod delivery_buffers;
pub(crate) mod dispatcher;
pub(crate) mod gateway_connection;
pub(crate) mod in_flight_window;
pub(crate) mod instance_delivery;
pub(crate) mod redelivery;
pub(crate) mod registry;
pub(crate) mod relevance;
pub(crate) mod wake;
