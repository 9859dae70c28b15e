//! Dials once, as `run` does, and watches how far it comes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use relay_config::{ConnectorUrl, Setting};
use relay_net::{DialStep, TcpDialer};
use relay_transport::{Link, LinkConfig, LinkState, RelayTransport as _, peer_clock};

use super::clock::PeerClock;
use super::dialed::{Dialed, End, Proof, Stage};

/// Dials with a link of its own and takes the link down again at its first disconnect or its first descriptor. What
/// the connector delivers meanwhile is not acknowledged, so it comes again.
pub(crate) async fn dial(
    config: LinkConfig,
    provisions: bool,
    url: &Setting<ConnectorUrl>,
    by: TcpDialer,
    timeout: Duration,
) -> (Dialed, PeerClock) {
    let steps = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&steps);
    let note = move |step: DialStep| noted.lock().unwrap_or_else(PoisonError::into_inner).push(step);
    let limits = config.limits().clone().with_connect(timeout).with_descriptor(timeout);
    let unwatched = config.with_limits(limits).with_dialer(Arc::new(by.clone()));
    let config = unwatched.clone().with_dialer(Arc::new(by.watched(Arc::new(note))));

    let host = config.dial_url().host_str().unwrap_or_default();
    let port = config.dial_url().port_or_known_default().unwrap_or_default();
    let mut dialed = Dialed {
        host: format!("{host}:{port}"),
        encrypted: config.dial_url().scheme() == "wss",
        place: url.origin.to_string(),
        proof: match (config.credentials().is_some(), provisions) {
            (true, _) => Proof::Token,
            (false, true) => Proof::ToCome,
            (false, false) => Proof::None,
        },
        steps: Vec::new(),
        end: end(config).await,
    };
    dialed.steps.clone_from(&steps.lock().unwrap_or_else(PoisonError::into_inner));
    let clock = match dialed.failed_at() {
        Some(at) if at < Stage::Upgrade => PeerClock::Unasked(format!("{} failed", at.name())),
        _ => match peer_clock(&unwatched).await {
            Ok(Some(there)) => PeerClock::Told { there: there.0, here: unwatched.clock().now().0 },
            Ok(None) => PeerClock::Untold,
            Err(error) => PeerClock::Unasked(format!("the connector's host could not be asked ({error})")),
        },
    };
    (dialed, clock)
}

async fn end(config: LinkConfig) -> End {
    let (link, deliveries, task) = Link::start(config);
    let (mut state, mut last) = (link.state(), link.last_disconnect());
    let settled =
        |state: &LinkState| matches!(state, LinkState::Live | LinkState::Disabled { .. } | LinkState::Closed);
    let end = tokio::select! {
        biased;
        Ok(last) = last.wait_for(Option::is_some) => last.clone().map(End::Disconnected),
        Ok(state) = state.wait_for(settled) => match &*state {
            LinkState::Disabled { reason } => Some(End::Refused(reason.to_string())),
            _ => None,
        },
        else => None,
    };
    let end = end.unwrap_or_else(|| {
        let mut platforms: Vec<String> = link.descriptors().platforms().map(str::to_owned).collect();
        platforms.sort();
        End::Live(platforms)
    });
    link.close().await;
    drop(deliveries);
    task.await;
    end
}
