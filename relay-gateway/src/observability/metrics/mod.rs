//! The metrics, as Prometheus reads them. Each is described in docs/metrics.md.

mod measured;
mod measurements;

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use relay_adapter::TurnEnd;

pub(crate) use self::measured::{MeasuredInbox, MeasuredTransport};
pub(crate) use self::measurements::Measurements;
use crate::observability::agent_status::{AgentStatus, AgentTurns};
use crate::observability::health::{Counts, Health};

/// What the answer to a scrape is.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The beginning of every name.
const PREFIX: &str = "relay_gateway";

/// A metric: its name after the prefix, as it is scraped, what it says, and where its value is. This table is the only
/// place that knows; whoever counts has no names.
pub(crate) struct Metric {
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
    value: Value,
}

enum Value {
    /// It goes up and down.
    Gauge(fn(&Reading) -> u64),
    /// It only grows; its name ends in `_total`.
    Counter(fn(&Reading) -> u64),
    /// The same, a number for each way that its labels tell apart.
    Labelled(fn(&Reading) -> Vec<Labelled>),
    /// It goes up and down, a number for each way that its labels tell apart.
    LabelledGauge(fn(&Reading) -> Vec<Labelled>),
    /// How long something takes, in seconds.
    Histogram(fn(&Measurements) -> &Histogram),
}

/// Labels and their number.
type Labelled = (Vec<(&'static str, String)>, u64);

/// Everything that one scrape reads.
struct Reading {
    counts: Counts,
    turns: Vec<(TurnEnd, u64)>,
    actions: Vec<((String, &'static str), u64)>,
    agents: Vec<AgentStatus>,
    agent_turns: AgentTurns,
    is_live: bool,
    uptime: u64,
    /// In seconds since 1970.
    started_at: u64,
}

const fn gauge(name: &'static str, help: &'static str, value: fn(&Reading) -> u64) -> Metric {
    Metric { name, help, value: Value::Gauge(value) }
}

const fn counter(name: &'static str, help: &'static str, value: fn(&Reading) -> u64) -> Metric {
    Metric { name, help, value: Value::Counter(value) }
}

const fn labelled(name: &'static str, help: &'static str, value: fn(&Reading) -> Vec<Labelled>) -> Metric {
    Metric { name, help, value: Value::Labelled(value) }
}

const fn histogram(name: &'static str, help: &'static str, value: fn(&Measurements) -> &Histogram) -> Metric {
    Metric { name, help, value: Value::Histogram(value) }
}

const METRICS: [Metric; 27] = [
    gauge("live", "1 while messages flow, else 0", |reading| reading.is_live.into()),
    gauge("uptime_seconds", "Seconds since the gateway was started", |reading| reading.uptime),
    gauge("unacknowledged", "Buffered events that came and are not acknowledged yet", |reading| {
        reading.counts.unacknowledged
    }),
    gauge("active_sessions", "Sessions that have something to do", |reading| reading.counts.active_sessions),
    gauge("waiting_messages", "Messages that wait behind a running turn", |reading| {
        reading.counts.waiting_messages
    }),
    gauge("running_turns", "Turns in which the agent works", |reading| reading.counts.running_turns),
    Metric {
        name: "agent_available",
        help: "1 while the agent can answer, or is being started, else 0",
        value: Value::LabelledGauge(agents),
    },
    counter("dials_total", "Dials, successful or not", |reading| reading.counts.dials_total),
    counter("connections_total", "Connections that went live", |reading| reading.counts.connections_total),
    labelled(
        "disconnects_total",
        "Connections and dials that ended, by the initiator of the end",
        disconnects,
    ),
    counter(
        "events_total",
        "Messages and forwarded requests that came, redelivered ones included",
        |reading| reading.counts.events_total,
    ),
    counter("buffered_events_total", "Those of them that ask for an acknowledgement", |reading| {
        reading.counts.buffered_events_total
    }),
    counter("acks_total", "Acknowledgements handed to a socket", |reading| reading.counts.acks_total),
    counter(
        "acks_lost_total",
        "Acknowledgements without a socket to go to; their events come again",
        |reading| reading.counts.acks_lost_total,
    ),
    counter("interrupts_total", "Interrupts that came over the relay", |reading| {
        reading.counts.interrupts_total
    }),
    counter("unreadable_total", "Lines that could not be read", |reading| reading.counts.unreadable_total),
    labelled("actions_total", "Actions that ended, by what was asked for and by the outcome", actions),
    counter("messages_taken_total", "Messages committed to the inbox", |reading| {
        reading.counts.messages_taken_total
    }),
    counter("messages_duplicate_total", "Messages that had been taken before", |reading| {
        reading.counts.messages_duplicate_total
    }),
    counter("messages_not_taken_total", "Messages that could not be committed; they come again", |reading| {
        reading.counts.messages_not_taken_total
    }),
    labelled("turns_total", "Messages that are done with, by the outcome", turns),
    labelled("agent_turns_total", "The same for each of several agents", agent_turns),
    histogram("action_seconds", "From an action to what became of it", Measurements::action),
    histogram("admission_seconds", "From a message's arrival to its commit", Measurements::admission),
    histogram(
        "acknowledgement_seconds",
        "From a buffered message's arrival to its acknowledgement",
        Measurements::acknowledgement,
    ),
    histogram("turn_seconds", "From the start of a turn to its end", Measurements::turn),
    gauge("start_time_seconds", "When the gateway was started, in seconds since 1970", |reading| {
        reading.started_at
    }),
];

/// Names of before, which go with the next version.
const DEPRECATED: [Metric; 17] = [
    counter("lost_by_connector_total", "Deprecated: disconnects_total{initiator=\"connector\"}", |reading| {
        reading.counts.lost_by_connector_total
    }),
    counter("lost_by_network_total", "Deprecated: disconnects_total{initiator=\"network\"}", |reading| {
        reading.counts.lost_by_network_total
    }),
    counter("lost_by_gateway_total", "Deprecated: disconnects_total{initiator=\"gateway\"}", |reading| {
        reading.counts.lost_by_gateway_total
    }),
    counter("actions_delivered_total", "Deprecated: actions_total{outcome=\"delivered\"}", |reading| {
        reading.counts.actions_delivered_total
    }),
    counter("actions_declined_total", "Deprecated: actions_total{outcome=\"declined\"}", |reading| {
        reading.counts.actions_declined_total
    }),
    counter("actions_failed_total", "Deprecated: actions_total{outcome=\"failed\"}", |reading| {
        reading.counts.actions_failed_total
    }),
    counter("actions_not_sent_total", "Deprecated: actions_total{outcome=\"not_sent\"}", |reading| {
        reading.counts.actions_not_sent_total
    }),
    counter("actions_unknown_total", "Deprecated: actions_total{outcome=\"unknown\"}", |reading| {
        reading.counts.actions_unknown_total
    }),
    counter("turns_answered_total", "Deprecated: turns_total{outcome=\"answered\"}", |reading| {
        reading.counts.turns_answered_total
    }),
    counter("turns_silent_total", "Deprecated: turns_total{outcome=\"silent\"}", |reading| {
        reading.counts.turns_silent_total
    }),
    counter("turns_interrupted_total", "Deprecated: turns_total{outcome=\"interrupted\"}", |reading| {
        reading.counts.turns_interrupted_total
    }),
    counter("turns_agent_failed_total", "Deprecated: turns_total{outcome=\"agent_failed\"}", |reading| {
        reading.counts.turns_agent_failed_total
    }),
    counter("turns_not_delivered_total", "Deprecated: turns_total{outcome=\"not_delivered\"}", |reading| {
        reading.counts.turns_not_delivered_total
    }),
    counter("turns_refused_total", "Deprecated: turns_total{outcome=\"refused\"}", |reading| {
        reading.counts.turns_refused_total
    }),
    counter("turns_command_total", "Deprecated: turns_total{outcome=\"command\"}", |reading| {
        reading.counts.turns_command_total
    }),
    counter("turns_noticed_total", "Deprecated: turns_total{outcome=\"noticed\"}", |reading| {
        reading.counts.turns_noticed_total
    }),
    counter("turns_kept_total", "Deprecated: turns_total{outcome=\"kept\"}", |reading| {
        reading.counts.turns_kept_total
    }),
];

fn disconnects(reading: &Reading) -> Vec<Labelled> {
    let counts = &reading.counts;
    [
        ("connector", counts.lost_by_connector_total),
        ("network", counts.lost_by_network_total),
        ("gateway", counts.lost_by_gateway_total),
    ]
    .map(|(initiator, count)| (vec![("initiator", initiator.to_owned())], count))
    .into()
}

fn actions(reading: &Reading) -> Vec<Labelled> {
    let labelled = reading
        .actions
        .iter()
        .map(|((op, outcome), count)| (vec![("op", op.clone()), ("outcome", (*outcome).to_owned())], *count));
    labelled.collect()
}

fn turns(reading: &Reading) -> Vec<Labelled> {
    let labelled =
        reading.turns.iter().map(|(end, count)| (vec![("outcome", end.as_str().to_owned())], *count));
    labelled.collect()
}

fn agents(reading: &Reading) -> Vec<Labelled> {
    let labelled = reading
        .agents
        .iter()
        .map(|agent| (vec![("agent", agent.label().to_owned())], u64::from(agent.is_available())));
    labelled.collect()
}

fn agent_turns(reading: &Reading) -> Vec<Labelled> {
    let labelled = reading.agent_turns.iter().map(|((agent, outcome), count)| {
        (vec![("agent", agent.clone()), ("outcome", (*outcome).to_owned())], *count)
    });
    labelled.collect()
}

/// Every metric.
pub(crate) fn all() -> impl Iterator<Item = Metric> {
    METRICS.into_iter().chain(DEPRECATED)
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
        let status = self.0.status();
        let measurements = self.0.measurements();
        let reading = Reading {
            counts: status.counts,
            agents: status.agents,
            agent_turns: measurements.agent_turns(),
            turns: self.0.turns(),
            actions: measurements.actions(),
            is_live: self.0.is_live(),
            uptime: self.0.now().saturating_sub(status.info.started_at),
            started_at: status.info.started_at,
        };
        for metric in all() {
            // The encoder adds the ending itself.
            let name = metric.name.trim_end_matches("_total");
            let kind = match metric.value {
                Value::Counter(_) | Value::Labelled(_) => MetricType::Counter,
                Value::Gauge(_) | Value::LabelledGauge(_) => MetricType::Gauge,
                Value::Histogram(_) => MetricType::Histogram,
            };
            let mut family = encoder.encode_descriptor(name, metric.help, None, kind)?;
            match metric.value {
                Value::Counter(value) => {
                    ConstCounter::new(value(&reading)).encode(family)?;
                }
                Value::Labelled(value) => {
                    for (labels, count) in value(&reading) {
                        ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
                    }
                }
                Value::LabelledGauge(value) => {
                    for (labels, count) in value(&reading) {
                        let count = i64::try_from(count).unwrap_or(i64::MAX);
                        ConstGauge::new(count).encode(family.encode_family(&labels)?)?;
                    }
                }
                Value::Gauge(value) => {
                    let value = i64::try_from(value(&reading)).unwrap_or(i64::MAX);
                    ConstGauge::new(value).encode(family)?;
                }
                Value::Histogram(value) => {
                    value(measurements).encode(family)?;
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
    use crate::observability::health::Counts;

    #[test]
    fn the_document_and_the_code_name_the_same_metrics_and_say_the_same_of_them() {
        let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/metrics.md");
        let document = std::fs::read_to_string(document).expect("docs/metrics.md is there");
        let described: BTreeSet<(String, String)> = document
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | "))
            .filter(|(name, _)| name.starts_with(PREFIX))
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
