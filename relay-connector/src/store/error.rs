//! What can go wrong with a store.

/// The storage could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the connector's store failed while it tried to {doing}: {source}; nothing was changed")]
pub struct StoreError {
    /// What was being done, as the end of "tried to …".
    pub doing: &'static str,
    /// Why it failed.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}
