//! A connector that is built as its file says, and holds its data folder.

use std::fmt;
use std::sync::Arc;

use relay_connector::{BuildError, Connector, ConnectorBuilder, HttpWake, Limits};
use relay_net::{CaBundleError, HttpClient, TcpDialer};
use tokio_util::sync::CancellationToken;

use crate::{ConnectorFile, Control, ControlError, DataFolder, DataFolderError, FrontProblem, ServingLock};

/// A connector, and the folder that is its own until it has ended.
#[non_exhaustive]
pub struct ConfiguredConnector {
    /// The connector; it runs once it serves.
    pub connector: Connector,
    control: Control,
    lock: ServingLock,
}

impl fmt::Debug for ConfiguredConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfiguredConnector").field("connector", &self.connector).finish_non_exhaustive()
    }
}

/// Why a connector cannot be built as its file says.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// Its data folder cannot be used, or another connector serves it.
    #[error(transparent)]
    DataFolder(#[from] DataFolderError),
    /// Commands cannot reach it.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// A front cannot be opened.
    #[error("fronts.{platform}: {problem}")]
    Front {
        /// Its platform.
        platform: &'static str,
        /// Why.
        problem: FrontProblem,
    },
    /// The roots of `ca_file` cannot be used.
    #[error("ca_file: {0}")]
    Roots(#[from] CaBundleError),
    /// The parts do not go together.
    #[error(transparent)]
    Build(#[from] BuildError),
}

impl SetupError {
    /// The exit code that tells it, after sysexits.h.
    pub fn code(&self) -> u8 {
        match self {
            Self::DataFolder(error) => error.code(),
            Self::Control(_) => 73,
            Self::Front { .. } | Self::Roots(_) | Self::Build(_) => 78,
        }
    }
}

impl ConfiguredConnector {
    /// Takes the data folder, and builds the connector; `dialer` is its way out, `more` adds what the file does not say.
    ///
    /// # Errors
    /// Another connector serves the folder, a front has no secret, or the like.
    pub fn open(
        file: &ConnectorFile,
        dialer: &TcpDialer,
        more: impl FnOnce(ConnectorBuilder) -> ConnectorBuilder,
    ) -> Result<Self, SetupError> {
        let folder = DataFolder::create(&file.data)?;
        let lock = folder.lock()?;
        let control = Control::bind(folder.control_socket())?;
        let wake = HttpWake::over(dialer.clone()).allow_private(file.allow_private_wake);
        let mut builder = Connector::builder(folder.store()?)
            .enrollment_secret(folder.enrollment_secret()?)
            .media_folder(folder.media())
            .default_tenant(file.tenant.clone())
            .limits(Limits::default().with_window(file.window))
            .wake(Arc::new(wake))
            .http(HttpClient::new(Arc::new(dialer.clone())));
        for configured in &file.fronts {
            let platform = configured.platform();
            let front = configured
                .open(&file.tenant, Arc::new(dialer.clone()))
                .map_err(|problem| SetupError::Front { platform, problem })?;
            builder = builder.front(front).access(platform, configured.access().clone());
        }
        if let Some(url) = &file.public_url {
            builder = builder.public_url(url);
        }
        Ok(Self { connector: more(builder).build()?, control, lock })
    }

    /// Serves the control socket until `shutdown`. Who holds the lock that this answers with holds the folder: it is dropped once all
    /// that uses the folder has ended.
    pub async fn serve_control(self, shutdown: CancellationToken) -> ServingLock {
        let Self { connector, control, lock } = self;
        shutdown.run_until_cancelled_owned(control.serve(connector)).await;
        lock
    }
}
