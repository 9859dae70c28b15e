//! What became of a wish to stop deliveries.

/// What a link can say for sure about deliveries after [`Link::drain`](crate::Link::drain) or
/// [`Link::hibernate`](crate::Link::hibernate).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// The connector has stopped live delivery and keeps what comes from now on.
    Acked,
    /// The connector did not confirm within the grace, or the link was woken meanwhile: more may be delivered.
    NotAcked,
    /// There was no connection, or it was lost meanwhile: nothing is delivered, and whether anything is kept is
    /// the connector's affair.
    NoConnection,
}
