//! An agent of the Agent Client Protocol as an agent of relay.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};
use relay_adapter::{Agent, AgentCommand, AgentInfo, AgentSession, AgentState, SessionContext};
use tokio::sync::watch;
use tracing::{info, warn};

use crate::client::describe;
use crate::process::sweep_leftovers;
use crate::session::{AcpSession, make_root};
use crate::settings::{AcpSettings, Processes};
use crate::supervisor::{Keeper, shutdown_takes};

/// Any agent that speaks the Agent Client Protocol over its stdin and stdout.
pub struct AcpAgent {
    settings: Arc<AcpSettings>,
    shared: Arc<Keeper>,
    of_sessions: Mutex<Vec<Weak<Keeper>>>,
}

impl fmt::Debug for AcpAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcpAgent").field("name", &self.settings.name).finish_non_exhaustive()
    }
}

impl AcpAgent {
    /// Starts nothing yet.
    pub fn new(settings: AcpSettings) -> Self {
        let settings = Arc::new(settings);
        Self { shared: Keeper::new(Arc::clone(&settings)), settings, of_sessions: Mutex::default() }
    }

    fn keeper(&self) -> Arc<Keeper> {
        if self.settings.processes == Processes::Shared {
            return Arc::clone(&self.shared);
        }
        let keeper = Keeper::new(Arc::clone(&self.settings));
        let mut keepers = self.of_sessions.lock().unwrap_or_else(PoisonError::into_inner);
        keepers.retain(|keeper| keeper.strong_count() > 0);
        keepers.push(Arc::downgrade(&keeper));
        keeper
    }
}

impl Agent for AcpAgent {
    fn info(&self) -> AgentInfo {
        AgentInfo::new("acp", &*self.settings.label)
    }

    fn open(&self, session: SessionContext) -> Arc<dyn AgentSession> {
        let (settings, shared) = (Arc::clone(&self.settings), Arc::clone(&self.shared));
        Arc::new(AcpSession::new(settings, self.keeper(), shared, session))
    }

    fn state(&self) -> watch::Receiver<AgentState> {
        self.shared.state()
    }

    fn describe(&self) -> Vec<(&'static str, String)> {
        let keepers = self.of_sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let of_sessions = keepers.iter().filter_map(Weak::upgrade);
        let running =
            std::iter::once(Arc::clone(&self.shared)).chain(of_sessions).find_map(|keeper| keeper.running());
        running.map(|process| describe(process.initialized())).unwrap_or_default()
    }

    fn commands(&self) -> Vec<AgentCommand> {
        self.shared.commands()
    }

    fn start(&self) {
        if let Err(error) = make_root(&self.settings) {
            warn!(agent = self.settings.name, detail = error.detail, "an agent's folder cannot be used");
        }
        tokio::task::spawn_blocking(|| {
            let killed = sweep_leftovers();
            if killed > 0 {
                info!(killed, "processes of agents were left by a gateway that was killed; they were ended");
            }
        });
        if self.settings.processes == Processes::Shared {
            self.shared.begin();
        }
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        let keepers = self.of_sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let mut keepers: Vec<_> = keepers.iter().filter_map(Weak::upgrade).collect();
        keepers.push(Arc::clone(&self.shared));
        async move {
            join_all(keepers.iter().map(|keeper| keeper.shutdown())).await;
        }
        .boxed()
    }

    fn shutdown_takes(&self) -> Duration {
        shutdown_takes(&self.settings)
    }
}
