//! Where a link takes its credentials from at each dial.

use tokio::sync::watch;

use crate::Credentials;

/// The credentials of a link. They may come only after it has started: the next dial takes the newest ones, and
/// does not wait once they are there.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum CredentialSource {
    /// No token is ever sent.
    #[default]
    None,
    /// The same for every dial.
    Fixed(Credentials),
    /// Whatever the channel holds when a dial needs it; nothing is sent while it holds nothing.
    Watched(watch::Receiver<Option<Credentials>>),
}

impl CredentialSource {
    /// What a dial would use now.
    pub fn current(&self) -> Option<Credentials> {
        match self {
            Self::None => None,
            Self::Fixed(credentials) => Some(credentials.clone()),
            Self::Watched(watched) => watched.borrow().clone(),
        }
    }

    /// Whether a token is sent, now or at some later dial.
    pub fn is_some(&self) -> bool {
        !matches!(self, Self::None)
    }

    /// A dial begins with what is there now.
    pub(crate) fn used(&mut self) {
        if let Self::Watched(watched) = self {
            watched.mark_unchanged();
        }
    }

    /// Waits, but no longer than until other credentials are there than the ones last [used](Self::used).
    pub(crate) async fn news_or(mut self, wait: impl Future<Output = ()>) {
        let Self::Watched(watched) = &mut self else { return wait.await };
        let news = async {
            // An error means that none will come any more.
            if watched.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = wait => {}
            () = news => {}
        }
    }
}

impl From<Credentials> for CredentialSource {
    fn from(credentials: Credentials) -> Self {
        Self::Fixed(credentials)
    }
}

impl From<watch::Receiver<Option<Credentials>>> for CredentialSource {
    fn from(watched: watch::Receiver<Option<Credentials>>) -> Self {
        Self::Watched(watched)
    }
}
