//! What a connector counts and measures, as Prometheus reads it. Each metric is named in one place, [`Metrics::scrape`], and
//! described in docs/metrics.md; whoever counts has no names.

mod action_timer;
mod reading;

use std::time::Duration;

use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use relay_wire::Op;

pub(crate) use self::action_timer::ActionTimer;
pub(crate) use self::reading::Reading;
use crate::access::authentication::Rejection;
use crate::delivery::closing::Closing;
use crate::{DeliverError, Delivery, FrontState};

/// The beginning of every name.
const PREFIX: &str = "relay_connector";

/// The upper ends of what a gateway takes to acknowledge, in seconds.
const ACKNOWLEDGEMENT: [f64; 12] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 10.0];

/// The upper ends of what a platform takes, in seconds.
const ACTION: [f64; 12] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

type ByOne = Family<[(&'static str, &'static str); 1], Counter>;
type ByTwo = Family<[(&'static str, &'static str); 2], Counter>;

/// What one connector has counted so far. Clones count into the same.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    events: Family<[(&'static str, String); 2], Counter>,
    actions: ByTwo,
    action: Histogram,
    deliveries: ByOne,
    acknowledgement: Histogram,
    dead_letters: ByOne,
    connections: Counter,
    disconnects: ByOne,
    rejections: ByOne,
}

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Self {
            events: Family::default(),
            actions: Family::default(),
            action: Histogram::new(ACTION),
            deliveries: Family::default(),
            acknowledgement: Histogram::new(ACKNOWLEDGEMENT),
            dead_letters: Family::default(),
            connections: Counter::default(),
            disconnects: Family::default(),
            rejections: Family::default(),
        };
        // What has not happened yet is 0 rather than missing: rates and alerts need a beginning.
        for outcome in ["sent", "acknowledged", "unacknowledged"] {
            drop(metrics.deliveries.get_or_create(&[("outcome", outcome)]));
        }
        for reason in ["unacknowledged", "no_room"] {
            drop(metrics.dead_letters.get_or_create(&[("reason", reason)]));
        }
        for initiator in ["gateway", "connector", "network"] {
            drop(metrics.disconnects.get_or_create(&[("initiator", initiator)]));
        }
        for reason in ["unauthorized", "expired"] {
            drop(metrics.rejections.get_or_create(&[("reason", reason)]));
        }
        metrics
    }
}

impl Metrics {
    /// An event of a platform was offered by its front.
    pub(crate) fn event(&self, platform: &str, taken: &Result<Delivery, DeliverError>) {
        let outcome = match taken {
            Ok(Delivery::Delivered(_)) => "delivered",
            Ok(Delivery::Buffered(_)) => "buffered",
            Ok(Delivery::Unwanted) => "unwanted",
            Err(DeliverError::TooLong { .. }) => "too_long",
            Err(DeliverError::Full) => "no_room",
            Err(_) => "not_stored",
        };
        self.events
            .get_or_create(&[("platform", platform.to_owned()), ("outcome", outcome.to_owned())])
            .inc();
    }

    /// An action begins; what becomes of it is counted when the timer ends.
    pub(crate) fn action(&self, op: &str) -> ActionTimer {
        ActionTimer::new(self.clone(), word(op))
    }

    /// An action was refused before its front saw it.
    pub(crate) fn action_refused(&self, op: &str, outcome: &'static str) {
        self.actions.get_or_create(&[("op", word(op)), ("outcome", outcome)]).inc();
    }

    fn action_ended(&self, op: &'static str, outcome: &'static str, took: Duration) {
        self.actions.get_or_create(&[("op", op), ("outcome", outcome)]).inc();
        self.action.observe(took.as_secs_f64());
    }

    /// A delivery is on its way to a gateway.
    pub(crate) fn sent(&self) {
        self.deliveries.get_or_create(&[("outcome", "sent")]).inc();
    }

    /// A delivery that was under way was acknowledged, so long after the socket took it.
    pub(crate) fn acknowledged(&self, after: Option<Duration>) {
        self.deliveries.get_or_create(&[("outcome", "acknowledged")]).inc();
        if let Some(after) = after {
            self.acknowledgement.observe(after.as_secs_f64());
        }
    }

    /// So many deliveries were not acknowledged in time or before their connection ended.
    pub(crate) fn unacknowledged(&self, count: usize) {
        self.deliveries.get_or_create(&[("outcome", "unacknowledged")]).inc_by(number(count));
    }

    /// So many deliveries became dead letters because nobody acknowledged them.
    pub(crate) fn dead_unacknowledged(&self, count: usize) {
        self.dead_letters.get_or_create(&[("reason", "unacknowledged")]).inc_by(number(count));
    }

    /// So many deliveries became dead letters because they were too many or too old.
    pub(crate) fn dead_for_room(&self, count: usize) {
        self.dead_letters.get_or_create(&[("reason", "no_room")]).inc_by(number(count));
    }

    /// A gateway is connected.
    pub(crate) fn connected(&self) {
        self.connections.inc();
    }

    /// A gateway's connection ended.
    pub(crate) fn disconnected(&self, reason: &Closing) {
        let initiator = match reason {
            Closing::Left(_) => "gateway",
            Closing::Lost => "network",
            _ => "connector",
        };
        self.disconnects.get_or_create(&[("initiator", initiator)]).inc();
    }

    /// An upgrade token was not accepted.
    pub(crate) fn rejected(&self, rejection: Rejection) {
        let reason = match rejection {
            Rejection::Unauthorized => "unauthorized",
            Rejection::Expired => "expired",
        };
        self.rejections.get_or_create(&[("reason", reason)]).inc();
    }

    /// Every metric, as text that Prometheus reads.
    pub(crate) fn scrape(&self, reading: &Reading) -> String {
        let mut registry = Registry::with_prefix(PREFIX);
        let mut gauge = |name: &str, help: &str, value: usize| {
            registry.register(name, help, ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX)));
        };
        gauge("connections", "Gateways that are connected", reading.connections);
        gauge("in_flight_deliveries", "Deliveries that are sent and not acknowledged yet", reading.in_flight);
        if let Some(backlog) = reading.backlog {
            gauge(
                "buffered_items",
                "Deliveries that wait in the buffers, those in flight included",
                backlog.items,
            );
            gauge("buffered_bytes", "What those weigh, in bytes of their lines", backlog.bytes);
        }
        registry.register(
            "front_state",
            "1 for the state that the front of a platform is in",
            states(&reading.fronts),
        );
        registry.register(
            "events",
            "Events of fronts, by their platform and by what became of them",
            self.events.clone(),
        );
        registry.register(
            "deliveries",
            "What became of deliveries to gateways, redelivered ones included",
            self.deliveries.clone(),
        );
        registry.register(
            "dead_letters",
            "Deliveries that became dead letters, by the reason",
            self.dead_letters.clone(),
        );
        registry.register(
            "actions",
            "Actions of gateways, by what was asked for and by what became of it",
            self.actions.clone(),
        );
        registry.register(
            "gateway_connections",
            "Connections of gateways that were let in",
            self.connections.clone(),
        );
        registry.register(
            "disconnects",
            "Connections of gateways that ended, by the initiator of the end",
            self.disconnects.clone(),
        );
        registry.register(
            "rejections",
            "Connections that were not let in, by what was wrong with the token",
            self.rejections.clone(),
        );
        registry.register(
            "acknowledgement_seconds",
            "From a delivery's last byte on the socket to its acknowledgement",
            self.acknowledgement.clone(),
        );
        registry.register(
            "action_seconds",
            "From an action's start in its front to what became of it",
            self.action.clone(),
        );
        let mut scraped = String::new();
        if let Err(error) = text::encode(&mut scraped, &registry) {
            tracing::error!(%error, "the metrics cannot be written as text");
        }
        scraped
    }
}

/// One sample for each front.
fn states(fronts: &[(String, FrontState)]) -> Family<[(&'static str, String); 2], Gauge> {
    let states = Family::<[(&'static str, String); 2], Gauge>::default();
    for (platform, state) in fronts {
        let state = match state {
            FrontState::Starting => "starting",
            FrontState::Live => "live",
            FrontState::Degraded { .. } => "degraded",
            FrontState::Fatal { .. } => "fatal",
        };
        states.get_or_create(&[("platform", platform.clone()), ("state", state.to_owned())]).set(1);
    }
    states
}

/// An op as a label: what gateways may send besides the known ones has no end.
fn word(op: &str) -> &'static str {
    Op::from_wire(op).map_or("other", Op::as_str)
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Metrics, Reading};
    use crate::{Backlog, Delivery, FrontState};

    #[test]
    fn the_document_and_the_code_name_the_same_metrics_and_say_the_same_of_them() {
        let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/metrics.md");
        let document = std::fs::read_to_string(document).expect("docs/metrics.md is there");
        let described: BTreeMap<&str, &str> = document
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | "))
            .filter(|(name, _)| name.starts_with("relay_connector_"))
            .collect();
        let reading = Reading {
            backlog: Some(Backlog::default()),
            fronts: vec![("local".to_owned(), FrontState::Live)],
            ..Reading::default()
        };
        // What has no labels yet is not written.
        let metrics = Metrics::default();
        metrics.event("local", &Ok(Delivery::Unwanted));
        metrics.action_refused("send", "busy");
        let scraped = metrics.scrape(&reading);
        let mut coded: BTreeMap<String, String> = BTreeMap::new();
        for line in scraped.lines() {
            if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) {
                coded.insert(name.to_owned(), help.trim_end_matches('.').to_owned());
            }
            if let Some(name) = line.strip_prefix("# TYPE ").and_then(|rest| rest.strip_suffix(" counter")) {
                let help = coded.remove(name).expect("help stands before the type");
                coded.insert(format!("{name}_total"), help);
            }
        }
        let coded: BTreeMap<&str, &str> =
            coded.iter().map(|(name, help)| (name.as_str(), help.as_str())).collect();
        assert_eq!(described, coded, "docs/metrics.md is on the left, the code on the right");
    }

    #[test]
    fn an_op_that_nobody_knows_makes_no_label_of_its_own() {
        let metrics = Metrics::default();
        metrics.action_refused("send\"} 1\n", "refused");
        metrics.action_refused("send", "busy");
        let scraped = metrics.scrape(&Reading::default());
        assert!(
            scraped.contains("relay_connector_actions_total{op=\"other\",outcome=\"refused\"} 1\n"),
            "{scraped}"
        );
        assert!(
            scraped.contains("relay_connector_actions_total{op=\"send\",outcome=\"busy\"} 1\n"),
            "{scraped}"
        );
    }
}
