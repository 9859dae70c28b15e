//! The metrics, as Prometheus reads them. Each is described in docs/metrics.md.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _, text};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::health::{Counts, Health, now_seconds};

/// What the answer to a scrape is.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The beginning of every name.
const PREFIX: &str = "relay_gateway";

/// A metric: its name after the prefix, as it is scraped, what it says, and where its value is.
pub(crate) struct Metric {
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
    value: Value,
}

enum Value {
    /// It goes up and down.
    Gauge(fn(&Reading) -> u64),
    /// It only grows; its name ends in `_total`.
    Counter(fn(&Counts) -> u64),
}

/// Everything that one scrape reads.
struct Reading {
    counts: Counts,
    is_live: bool,
    uptime: u64,
}

macro_rules! counters {
    ($($name:ident $help:literal)*) => {
        [$(Metric { name: stringify!($name), help: $help, value: Value::Counter(|counts| counts.$name) }),*]
    };
}

macro_rules! gauges {
    ($($name:ident $help:literal $value:expr)*) => {
        [$(Metric { name: stringify!($name), help: $help, value: Value::Gauge($value) }),*]
    };
}

const GAUGES: [Metric; 6] = gauges! {
    live "1 while messages flow, else 0" |reading| reading.is_live.into()
    uptime_seconds "Seconds since the gateway was started" |reading| reading.uptime
    unacknowledged "Buffered events that came and are not acknowledged yet" |reading| reading.counts.unacknowledged
    active_sessions "Sessions that have something to do" |reading| reading.counts.active_sessions
    waiting_messages "Messages that wait behind a running turn" |reading| reading.counts.waiting_messages
    running_turns "Turns in which the agent works" |reading| reading.counts.running_turns
};

const COUNTERS: [Metric; 28] = counters! {
    dials_total "Dials, successful or not"
    connections_total "Connections that went live"
    lost_by_connector_total "Connections and dials that the connector ended, with a reason"
    lost_by_network_total "Connections and dials that ended without a word, or that never came about"
    lost_by_gateway_total "Connections that this gateway gave up, such as on silence"
    events_total "Messages and forwarded requests that came, redelivered ones included"
    buffered_events_total "Those of them that ask for an acknowledgement"
    acks_total "Acknowledgements handed to a socket"
    acks_lost_total "Acknowledgements without a socket to go to; their events come again"
    interrupts_total "Interrupts that came over the relay"
    unreadable_total "Lines that could not be read"
    actions_delivered_total "Actions that the connector performed"
    actions_declined_total "Actions that the connector refused"
    actions_failed_total "Actions that the platform did not take"
    actions_not_sent_total "Actions that never reached a socket"
    actions_unknown_total "Actions of which nobody knows what became"
    messages_taken_total "Messages committed to the inbox"
    messages_duplicate_total "Messages that had been taken before"
    messages_not_taken_total "Messages that could not be committed; they come again"
    turns_answered_total "Messages whose whole answer reached the chat"
    turns_silent_total "Messages to which the agent said nothing"
    turns_interrupted_total "Turns that were stopped"
    turns_agent_failed_total "Turns in which the agent failed"
    turns_not_delivered_total "Answers that did not reach the chat, or not in whole"
    turns_refused_total "Messages refused because their session's queue was full"
    turns_command_total "Commands to the gateway itself, such as /stop"
    turns_noticed_total "Answers that a restart or a lost connection may have cut short, whose chat was told so"
    turns_kept_total "Messages that the inbox keeps for the next start"
};

/// Every metric.
pub(crate) fn all() -> impl Iterator<Item = Metric> {
    GAUGES.into_iter().chain(COUNTERS)
}

/// The text of one scrape.
pub(crate) fn scrape(health: &Health) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register_collector(Box::new(Scraped(health.clone())));
    let mut text = String::new();
    text::encode(&mut text, &registry)?;
    Ok(text)
}

struct Scraped(Health);

impl Collector for Scraped {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let standing = self.0.standing();
        let reading = Reading {
            counts: standing.counts,
            is_live: self.0.is_live(),
            uptime: now_seconds().saturating_sub(standing.identity.started_at),
        };
        for metric in all() {
            // The encoder adds the ending itself.
            let name = metric.name.trim_end_matches("_total");
            match metric.value {
                Value::Counter(value) => {
                    let counter = ConstCounter::new(value(&reading.counts));
                    let kind = counter.metric_type();
                    counter.encode(encoder.encode_descriptor(name, metric.help, None, kind)?)?;
                }
                Value::Gauge(value) => {
                    let gauge = ConstGauge::new(i64::try_from(value(&reading)).unwrap_or(i64::MAX));
                    let kind = gauge.metric_type();
                    gauge.encode(encoder.encode_descriptor(name, metric.help, None, kind)?)?;
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Scraped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scraped")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::{PREFIX, all};
    use crate::health::Counts;

    #[test]
    fn the_document_and_the_code_name_the_same_metrics_and_say_the_same_of_them() {
        let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/metrics.md");
        let document = std::fs::read_to_string(document).expect("docs/metrics.md is there");
        let described: BTreeSet<(String, String)> = document
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | "))
            .map(|(name, help)| (name.to_owned(), help.replace('`', "")))
            .collect();
        let coded: BTreeSet<_> =
            all().map(|metric| (format!("{PREFIX}_{}", metric.name), metric.help.to_owned())).collect();
        let difference: Vec<_> = described.symmetric_difference(&coded).collect();
        assert!(
            difference.is_empty(),
            "in docs/metrics.md or in metrics.rs, and not the same: {difference:#?}"
        );
    }

    #[test]
    fn every_number_of_the_status_is_a_metric() {
        let Value::Object(counts) = serde_json::to_value(Counts::default()).expect("numbers") else {
            panic!("an object")
        };
        let metrics: BTreeSet<&str> = all().map(|metric| metric.name).collect();
        let missing: Vec<_> = counts.keys().filter(|name| !metrics.contains(name.as_str())).collect();
        assert!(missing.is_empty(), "not in metrics.rs: {missing:?}");
    }
}
