//! The listener for metrics and health checks: off by default, this machine's alone unless it is allowed.

use std::net::SocketAddr;

use anyhow::bail;
use relay_connector::Connector;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::cli::ServeArgs;
use crate::listen;

/// A bound listener, and where it is.
pub(crate) struct Observability {
    listener: TcpListener,
    pub(crate) address: SocketAddr,
}

impl Observability {
    /// Listens where the command line says; `None` where it says nothing.
    pub(crate) async fn bind(args: &ServeArgs) -> anyhow::Result<Option<Self>> {
        let Some(address) = args.metrics_listen else { return Ok(None) };
        if !address.ip().is_loopback() && !args.metrics_allow_remote {
            bail!(
                "--metrics-listen {address} can be reached from other machines, and nobody is asked who they are; \
                 listen on 127.0.0.1, or add --metrics-allow-remote if only those who may know can connect"
            );
        }
        let listener = listen(address, "--metrics-listen").await?;
        let address = listener.local_addr()?;
        Ok(Some(Self { listener, address }))
    }

    pub(crate) async fn serve(self, connector: Connector, shutdown: CancellationToken) {
        connector.serve_observability(self.listener, shutdown.cancelled()).await;
    }
}
