//! How a running gateway stands: what status, metrics and the supervisor are told.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use relay_adapter::{AdapterCounters, AdapterCounts, Agents, TurnEnd};
use relay_runtime::Clock;
use relay_transport::{Link, LinkCounts, LinkState, RelayTransport as _};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::agent_status::{AgentStatus, none_is_available};
use crate::observability::metrics::Measurements;
use crate::serve::Gateway;

/// Says how the fronts in this process stand, whenever it is called.
pub(crate) type FrontLook = Arc<dyn Fn() -> Vec<FrontStatus> + Send + Sync>;

/// How a front that runs in the gateway's process stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FrontStatus {
    pub(crate) platform: String,
    /// One word; `live` means that what people write comes in.
    pub(crate) state: String,
    /// The state as a sentence.
    pub(crate) detail: String,
}

/// Looks at a running gateway from outside.
#[derive(Clone)]
pub(crate) struct Health(Arc<Inner>);

struct Inner {
    info: GatewayInfo,
    agents: Agents,
    link: Link,
    counters: AdapterCounters,
    measurements: Measurements,
    /// Whether the inbox cannot be written.
    full: watch::Receiver<bool>,
    clock: Clock,
    /// Where fronts run in the same process.
    fronts: Option<FrontLook>,
    noted: Mutex<Noted>,
}

/// What does not change while a gateway runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GatewayInfo {
    pub(crate) version: String,
    pub(crate) pid: u32,
    pub(crate) home: String,
    /// The configured one, else the one that it provisions itself under.
    pub(crate) gateway_id: String,
    /// `host:port`.
    pub(crate) connector: String,
    /// The kind and the program; of several, each with its name.
    pub(crate) agent: String,
    /// Seconds since 1970.
    pub(crate) started_at: u64,
}

/// What is noted when it happens, since the link tells only what is.
#[derive(Clone, Debug)]
struct Noted {
    state: LinkState,
    since: u64,
    last_error: Option<LastError>,
}

/// The latest disconnect of the link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LastError {
    pub(crate) message: String,
    /// Seconds since 1970.
    pub(crate) at: u64,
}

/// How a gateway stands at one moment. It is what the status socket says, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GatewayStatus {
    #[serde(flatten)]
    pub(crate) info: GatewayInfo,
    /// One word; `live` means that messages flow.
    pub(crate) state: String,
    /// The state as a sentence.
    pub(crate) detail: String,
    /// Seconds since 1970.
    pub(crate) since: u64,
    /// It stands also after the link has come back.
    pub(crate) last_error: Option<LastError>,
    /// Those in the same process.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) fronts: Vec<FrontStatus>,
    /// Each agent; none in the answer of an older gateway.
    #[serde(default)]
    pub(crate) agents: Vec<AgentStatus>,
    pub(crate) counts: Counts,
}

impl GatewayStatus {
    /// Whether all is as it should be: messages flow, or will when some come.
    pub(crate) fn is_well(&self) -> bool {
        let front_is_well = |front: &FrontStatus| matches!(&*front.state, "live" | "starting");
        is_well(&self.state) && self.fronts.iter().all(front_is_well)
    }
}

/// Every number of a gateway, under the name of its metric. Those that end in `total` only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Counts {
    pub(crate) dials_total: u64,
    pub(crate) connections_total: u64,
    pub(crate) lost_by_connector_total: u64,
    pub(crate) lost_by_network_total: u64,
    pub(crate) lost_by_gateway_total: u64,
    pub(crate) events_total: u64,
    pub(crate) buffered_events_total: u64,
    pub(crate) unacknowledged: u64,
    pub(crate) acks_total: u64,
    pub(crate) acks_lost_total: u64,
    pub(crate) interrupts_total: u64,
    pub(crate) unreadable_total: u64,
    pub(crate) actions_delivered_total: u64,
    pub(crate) actions_declined_total: u64,
    pub(crate) actions_failed_total: u64,
    pub(crate) actions_not_sent_total: u64,
    pub(crate) actions_unknown_total: u64,
    pub(crate) messages_taken_total: u64,
    pub(crate) messages_duplicate_total: u64,
    pub(crate) messages_not_taken_total: u64,
    pub(crate) active_sessions: u64,
    pub(crate) waiting_messages: u64,
    pub(crate) running_turns: u64,
    pub(crate) turns_answered_total: u64,
    pub(crate) turns_silent_total: u64,
    pub(crate) turns_interrupted_total: u64,
    pub(crate) turns_agent_failed_total: u64,
    pub(crate) turns_not_delivered_total: u64,
    pub(crate) turns_refused_total: u64,
    pub(crate) turns_command_total: u64,
    pub(crate) turns_noticed_total: u64,
    pub(crate) turns_kept_total: u64,
}

impl Counts {
    /// The numbers of a link and of an adapter.
    fn of(link: &LinkCounts, adapter: &AdapterCounts) -> Self {
        let ended = |wanted: TurnEnd| {
            adapter.ends.iter().find(|(end, _)| *end == wanted).map_or(0, |(_, count)| *count)
        };
        Self {
            dials_total: link.dials,
            connections_total: link.connections,
            lost_by_connector_total: link.disconnects_by_connector,
            lost_by_network_total: link.disconnects_by_network,
            lost_by_gateway_total: link.disconnects_by_link,
            events_total: link.events,
            buffered_events_total: link.buffered,
            unacknowledged: link.buffered.saturating_sub(link.acks + link.acks_lost),
            acks_total: link.acks,
            acks_lost_total: link.acks_lost,
            interrupts_total: link.interrupts,
            unreadable_total: link.unreadable,
            actions_delivered_total: link.delivered,
            actions_declined_total: link.declined,
            actions_failed_total: link.failed,
            actions_not_sent_total: link.not_sent,
            actions_unknown_total: link.unknown,
            messages_taken_total: adapter.taken,
            messages_duplicate_total: adapter.duplicates,
            messages_not_taken_total: adapter.not_taken,
            active_sessions: adapter.active_sessions,
            waiting_messages: adapter.waiting_messages,
            running_turns: adapter.running_turns,
            turns_answered_total: ended(TurnEnd::Answered),
            turns_silent_total: ended(TurnEnd::Silent),
            turns_interrupted_total: ended(TurnEnd::Interrupted),
            turns_agent_failed_total: ended(TurnEnd::AgentFailed),
            turns_not_delivered_total: ended(TurnEnd::NotDelivered),
            turns_refused_total: ended(TurnEnd::Refused),
            turns_command_total: ended(TurnEnd::Command),
            turns_noticed_total: ended(TurnEnd::Noticed),
            turns_kept_total: ended(TurnEnd::Kept),
        }
    }
}

impl Health {
    pub(crate) fn new(
        info: GatewayInfo,
        gateway: &Gateway,
        full: watch::Receiver<bool>,
        fronts: Option<FrontLook>,
    ) -> Self {
        let (agents, link, clock) = (gateway.agents(), gateway.link(), gateway.clock());
        let (counters, measurements) = (gateway.counters(), gateway.measurements());
        let state = link.state().borrow().clone();
        let noted = Mutex::new(Noted { state, since: info.started_at, last_error: None });
        Self(Arc::new(Inner { info, agents, link, counters, measurements, full, clock, fronts, noted }))
    }

    /// Notes each change of the link, until it has ended; `told` hears of each new state.
    pub(crate) async fn follow(&self, told: impl Fn(&LinkState)) {
        let (mut state, mut disconnects) = (self.0.link.state(), self.0.link.last_disconnect());
        loop {
            let now = state.borrow_and_update().clone();
            self.note(&now);
            told(&now);
            if matches!(now, LinkState::Closed | LinkState::Disabled { .. }) {
                return;
            }
            tokio::select! {
                // First, so that whoever sees a new state finds the disconnect that led to it.
                biased;
                changed = disconnects.changed() => {
                    let disconnect = disconnects.borrow_and_update().clone();
                    if let Some(disconnect) = disconnect {
                        self.lock().last_error = Some(LastError { message: disconnect.to_string(), at: self.now() });
                    }
                    if changed.is_err() {
                        return;
                    }
                }
                changed = state.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Seconds since 1970, by the clock of the link.
    pub(crate) fn now(&self) -> u64 {
        self.0.clock.now().0
    }

    pub(crate) fn is_live(&self) -> bool {
        matches!(*self.0.link.state().borrow(), LinkState::Live)
    }

    pub(crate) fn status(&self) -> GatewayStatus {
        let Noted { state, since, last_error } = self.lock().clone();
        let full = *self.0.full.borrow();
        let agents = AgentStatus::of(&self.0.agents);
        GatewayStatus {
            info: self.0.info.clone(),
            state: word_of(&state, full, &agents).to_owned(),
            detail: detail_of(&state, full, &agents),
            since,
            last_error,
            fronts: self.0.fronts.as_ref().map(|look| look()).unwrap_or_default(),
            agents,
            counts: self.counts(),
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        let link = self.0.link.counts();
        let adapter = self.0.counters.counts();
        Counts::of(&link, &adapter)
    }

    /// How messages ended, and how many of them each way.
    pub(crate) fn turns(&self) -> Vec<(TurnEnd, u64)> {
        self.0.counters.counts().ends
    }

    /// What was measured.
    pub(crate) fn measurements(&self) -> &Measurements {
        &self.0.measurements
    }

    fn note(&self, state: &LinkState) {
        let mut noted = self.lock();
        if noted.state.as_str() != state.as_str() {
            noted.since = self.now();
        }
        noted.state = state.clone();
    }

    fn lock(&self) -> MutexGuard<'_, Noted> {
        self.0.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The word of a gateway: that of its link, unless nothing can be taken, or answered, although messages could flow.
fn word_of(state: &LinkState, full: bool, agents: &[AgentStatus]) -> &'static str {
    match state.as_str() {
        flowing if full && is_well(flowing) => "full",
        flowing if is_well(flowing) && none_is_available(agents) => "no_agent",
        word => word,
    }
}

fn detail_of(state: &LinkState, full: bool, agents: &[AgentStatus]) -> String {
    let mut detail = state.to_string();
    if full {
        detail.push_str("; the inbox cannot be written, so nothing is taken: free some space on its disk");
    }
    for trouble in agents.iter().filter_map(AgentStatus::trouble) {
        detail.push_str("; ");
        detail.push_str(&trouble);
    }
    detail
}

/// Whether the link of a gateway is up, by the gateway's word, whatever else it lacks.
pub(crate) fn is_connected(state: &str) -> bool {
    is_well(state) || matches!(state, "full" | "no_agent")
}

/// Whether a state, by its word, is as it should be: messages flow, or the gateway sleeps until some come.
pub(crate) fn is_well(state: &str) -> bool {
    matches!(state, "live" | "draining" | "hibernating")
}

#[cfg(test)]
mod tests {
    use relay_adapter::{AdapterCounters, AdapterCounts};
    use relay_transport::{LinkCounts, LinkState};
    use serde_json::Value;

    use super::{Counts, detail_of, is_connected, is_well, word_of};
    use crate::observability::agent_status::AgentStatus;

    #[test]
    fn every_way_a_message_can_end_is_counted_under_its_own_number() {
        let ends = AdapterCounters::default().counts().ends;
        let numbered = ends.into_iter().zip(0..).map(|((end, _), place)| (end, 1_u64 << place));
        let mut adapter = AdapterCounts::default();
        adapter.ends = numbered.collect();
        let counts = Counts::of(&LinkCounts::default(), &adapter);
        let Value::Object(numbers) = serde_json::to_value(counts).expect("numbers") else {
            panic!("an object")
        };
        let turns = |(name, number): (&String, &Value)| {
            let is_end = name.starts_with("turns_") && name.ends_with("_total");
            is_end.then(|| number.as_u64().expect("a number"))
        };
        let counted: u64 = numbers.iter().filter_map(turns).sum();
        assert_eq!(counted, (1 << adapter.ends.len()) - 1, "{numbers:?} of {:?}", adapter.ends);
    }

    #[test]
    fn a_gateway_whose_inbox_cannot_be_written_is_not_well_however_its_link_is() {
        assert_eq!(word_of(&LinkState::Live, false, &[]), "live");
        for state in [LinkState::Live, LinkState::Draining, LinkState::Hibernating] {
            assert_eq!(word_of(&state, true, &[]), "full");
            assert!(detail_of(&state, true, &[]).ends_with("nothing is taken: free some space on its disk"));
            assert_eq!(detail_of(&state, false, &[]), state.to_string());
        }
        assert!(!is_well("full"), "/readyz answers 503");
        assert_eq!(
            word_of(&LinkState::Handshaking, true, &[]),
            "handshaking",
            "the link's trouble comes first"
        );
    }

    #[test]
    fn a_gateway_is_not_well_where_no_agent_can_answer_and_says_which_cannot() {
        let unavailable = |name: &str| AgentStatus {
            name: name.to_owned(),
            reason: Some("unavailable".to_owned()),
            remedy: Some("install it".to_owned()),
            ..AgentStatus::default()
        };
        let ready = AgentStatus { name: "b".to_owned(), ..AgentStatus::default() };
        let [some, none] = [[unavailable("a"), ready], [unavailable("a"), unavailable("b")]];
        let told = "; agent a cannot answer (unavailable): install it";
        assert_eq!(word_of(&LinkState::Live, false, &some), "live", "one that fails stops no other");
        assert_eq!(detail_of(&LinkState::Live, false, &some), format!("{}{told}", LinkState::Live));
        assert_eq!(word_of(&LinkState::Live, false, &none), "no_agent");
        assert_eq!(
            word_of(&LinkState::Handshaking, false, &none),
            "handshaking",
            "the link's trouble comes first"
        );
        assert!(
            !is_well("no_agent") && is_connected("no_agent"),
            "/readyz answers 503, and doctor does not dial"
        );
    }
}
