//! One WebSocket from its upgrade to its end: a reader and a writer that share a [`GatewayConnection`].

pub(crate) mod actions;
mod deliver;
mod frames;
mod hellos;
mod reader;
mod writer;

use std::sync::Arc;

use futures_util::{StreamExt as _, stream::SplitStream};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_util::sync::CancellationToken;

use self::actions::{ActionExecutor, ActionQueue};
use self::frames::FrameHandler;
use self::writer::Writer;
use crate::access::authentication::Authenticated;
use crate::delivery::closing::Closing;
use crate::delivery::delivery_buffers::DeliveryBuffers;
use crate::delivery::gateway_connection::{ConnectionEnds, GatewayConnection};
use crate::delivery::registry::Registry;
use crate::front::fronts::Fronts;
use crate::metrics::Metrics;
use crate::server::tasks::Tasks;
use crate::store::GatewayStore;
use crate::{FrameTap, Limits};

/// Bytes read at once; allocated for every connection, so below tungstenite's 128 KiB.
const READ_BUFFER: usize = 16 * 1024;

/// What a rejected peer may send before it reads the verdict, in bytes.
const REJECTED_MESSAGE: usize = 64 * 1024;

/// What the sockets of all gateways work with. Each of their halves is lent what it needs.
pub(crate) struct Sessions {
    pub(crate) gateways: Arc<dyn GatewayStore>,
    pub(crate) fronts: Arc<Fronts>,
    pub(crate) actions: ActionExecutor,
    pub(crate) registry: Arc<Registry>,
    pub(crate) buffers: Arc<DeliveryBuffers>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) tap: Option<FrameTap>,
    pub(crate) metrics: Metrics,
}

impl Sessions {
    /// Serves a gateway until either side ends the connection.
    pub(crate) async fn serve<S>(
        &self,
        io: S,
        gateway: Authenticated,
        tasks: &Tasks,
        shutdown: &CancellationToken,
    ) where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let Self { buffers, limits, .. } = self;
        let tap = self.tap.as_ref();
        let ids = match buffers.ids().await {
            Ok(ids) => ids,
            Err(error) => {
                tracing::error!(gateway = %gateway.gateway_id, %error, "the gateway cannot be served");
                return self.reject(io, Closing::TryLater).await;
            }
        };
        let (sink, mut stream) = open(io, limits.message).await.split();
        let (connection, ends, presence) = self.registry.enter(gateway, ids, limits.outgoing);
        tracing::info!(gateway = %connection.gateway_id, tenant = %connection.tenant, "the gateway is connected");

        let ConnectionEnds { urgent, outgoing, mut acks, closing } = ends;
        let reading = async {
            let actions = ActionQueue::new(limits, self.actions.clone(), tasks.clone(), self.metrics.clone());
            let frames = FrameHandler::new(&connection, self, actions);
            let reason = tokio::select! {
                biased;
                reason = closed(closing.clone()) => reason,
                () = shutdown.cancelled() => Closing::GoingAway,
                reason = self.revoked(&connection) => reason,
                reason = reader::read(&mut stream, &connection, frames, limits, tap) => reason,
                reason = deliver::deliver(&connection, buffers) => reason,
                () = deliver::acknowledge(&connection, buffers, &mut acks) => Closing::Lost,
            };
            connection.close(reason.clone());
            connection.instance_delivery.settle(&connection);
            if let Err(error) = deliver::settle(&connection, buffers, &reason, acks).await {
                tracing::error!(gateway = %connection.gateway_id, %error, "the end of a connection cannot be stored");
            }
            drop(presence);
        };
        let writer = Writer { sink, limits, tap };
        let writing = writer::write(writer, urgent, outgoing, closing.clone(), &connection);
        let ((), reachable) = tokio::join!(reading, writing);
        if reachable {
            finish(&mut stream, limits).await;
        }
        let reason = closing.borrow().clone();
        self.metrics.disconnected(reason.as_ref().unwrap_or(&Closing::Lost));
        tracing::info!(gateway = %connection.gateway_id, ?reason, "the gateway is gone");
    }

    /// Looks once more after the connection was entered: a gateway that was revoked between its token's check and
    /// that would be overlooked otherwise. Never, if it was not.
    async fn revoked(&self, connection: &GatewayConnection) -> Closing {
        match self.gateways.gateway(&connection.gateway_id).await {
            Ok(Some(record)) if record.revoked.is_none() => std::future::pending().await,
            Ok(_) => Closing::Unauthorized,
            Err(error) => {
                tracing::error!(gateway = %connection.gateway_id, %error, "a gateway could not be looked up");
                Closing::TryLater
            }
        }
    }

    /// Tells a peer why it is not let in.
    pub(crate) async fn reject<S>(&self, io: S, reason: Closing)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut socket = open(io, REJECTED_MESSAGE).await;
        let verdict = timeout(self.limits.write, socket.close(reason.frame())).await;
        if matches!(verdict, Ok(Ok(()))) {
            let (_, mut stream) = socket.split();
            finish(&mut stream, &self.limits).await;
        }
    }
}

async fn open<S>(io: S, max_message: usize) -> WebSocketStream<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .max_message_size(Some(max_message))
        .max_frame_size(Some(max_message));
    WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await
}

/// Waits for the peer's half of the closing handshake, so that the verdict is read before the socket ends;
/// what else still arrives is dropped.
async fn finish<S>(stream: &mut SplitStream<WebSocketStream<S>>, limits: &Limits)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let rest = async { while let Some(Ok(_)) = stream.next().await {} };
    // A peer that does not answer the close is cut off; it was told all there is to tell.
    let _ = timeout(limits.teardown, rest).await;
}

/// Why the connection ends, once it does.
async fn closed(mut closing: tokio::sync::watch::Receiver<Option<Closing>>) -> Closing {
    // The connection holds the sender for as long as anyone waits here.
    let reason = closing.wait_for(Option::is_some).await.ok().and_then(|reason| reason.clone());
    reason.unwrap_or(Closing::Lost)
}
