//! What can go wrong with a store.

/// The storage could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the connector's store failed while it tried to {doing}: {source}; nothing was changed")]
pub struct StoreError {
    pub(crate) doing: &'static str,
    #[source]
    pub(crate) source: Box<dyn std::error::Error + Send + Sync>,
}

impl StoreError {
    /// The store tried to do this, as the end of "tried to …", and failed for this reason.
    pub fn new(doing: &'static str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { doing, source: source.into() }
    }

    /// What was being done, as the end of "tried to …".
    pub fn doing(&self) -> &'static str {
        self.doing
    }
}
