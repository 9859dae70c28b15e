//! What outlives both programs: the people and their chats, the disks, and the record of what happened.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use relay_adapter::EntryId;
use relay_connector::Seq;
use tempfile::TempDir;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::breaks::Break;
use crate::dice::Dice;
use crate::happening::{Fault, Happening, Host};
use crate::model::Model;
use crate::names::MessageId;
use crate::orders::Orders;
use crate::plan::{Plan, STOP};
use crate::power::{Point, Power};

/// What the platforms and the network are doing at the moment.
#[derive(Debug, Default)]
pub struct Weather {
    /// Nothing goes wrong any more.
    pub healed: bool,
    /// How long each commit of the gateway takes.
    pub slow_disk: Duration,
    /// How long each action takes.
    pub slow_platform: Duration,
    /// So many actions are not taken.
    pub refusals: u32,
    /// So many of the next connections break after some byte.
    pub torn: u32,
    /// So many of the next connections fall silent after some byte.
    pub swallowing: u32,
}

/// One run's world.
pub struct World {
    pub plan: Plan,
    /// A guard that is deliberately broken in this run.
    pub broken: Option<Break>,
    disks: TempDir,
    chats: BTreeMap<(u8, u8), Outbox>,
    state: Mutex<State>,
}

pub struct State {
    pub weather: Weather,
    pub dice: Dice,
    pub model: Model,
    /// Cancelled when all connections break.
    pub connections: CancellationToken,
    /// The messages of the inbox's entries.
    pub entries: BTreeMap<EntryId, MessageId>,
    /// The messages of the connector's deliveries.
    pub buffered: BTreeMap<Seq, MessageId>,
    /// Those of them that are not removed yet.
    pub unacked: BTreeSet<Seq>,
    lives: BTreeMap<Host, Life>,
    trace: Vec<String>,
    violation: Option<String>,
    faults: BTreeMap<Fault, u32>,
    now: Duration,
    shown: u64,
    requests: u64,
}

/// A chat's messages that the connector has not taken yet, in the order they were written.
#[derive(Default)]
pub struct Outbox {
    waiting: Mutex<VecDeque<(MessageId, String)>>,
    written: Notify,
}

impl Outbox {
    /// The oldest message; it stays until it is [`taken`](Self::taken).
    pub async fn first(&self) -> (MessageId, String) {
        loop {
            if let Some(first) = self.waiting().front() {
                return first.clone();
            }
            self.written.notified().await;
        }
    }

    pub fn taken(&self) {
        self.waiting().pop_front();
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<(MessageId, String)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl World {
    pub fn new(plan: Plan, broken: Option<Break>) -> Arc<Self> {
        let state = State {
            weather: Weather::default(),
            dice: Dice::new(plan.seed, "world"),
            model: Model::default(),
            connections: CancellationToken::new(),
            entries: BTreeMap::new(),
            buffered: BTreeMap::new(),
            unacked: BTreeSet::new(),
            lives: BTreeMap::new(),
            trace: Vec::new(),
            violation: None,
            faults: BTreeMap::new(),
            now: Duration::ZERO,
            shown: 0,
            requests: 0,
        };
        let chats = plan
            .sessions
            .iter()
            .map(|session| ((session.platform, session.chat), Outbox::default()))
            .collect();
        let disks =
            tempfile::Builder::new().prefix("relay-simulation-").tempdir().expect("a folder for the disks");
        Arc::new(Self { plan, broken, disks, chats, state: Mutex::new(state) })
    }

    /// A file on a program's disk.
    pub fn disk(&self, host: Host) -> PathBuf {
        self.disks.path().join(host.name()).with_extension("db")
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The chats of one platform.
    pub fn chats(&self, platform: u8) -> impl Iterator<Item = (u8, &Outbox)> {
        self.chats.range((platform, 0)..=(platform, u8::MAX)).map(|((_, chat), outbox)| (*chat, outbox))
    }

    /// A person writes a message.
    pub fn write(&self, message: MessageId, text: &str) {
        self.note(&Happening::Written { message, is_stop: text == STOP });
        let outbox = &self.chats[&(message.session.platform, message.session.chat)];
        outbox.waiting().push_back((message, text.to_owned()));
        outbox.written.notify_one();
    }

    /// Enters what happened into the record, and lets the model judge it.
    pub fn note(&self, happening: &Happening) {
        let mut state = self.state();
        let at = turmoil::sim_elapsed().unwrap_or(state.now);
        state.enter(at, happening);
    }

    pub fn fault(&self, fault: Fault, what: impl Into<String>) {
        self.note(&Happening::Fault { fault, what: what.into() });
    }
}

impl State {
    fn enter(&mut self, at: Duration, happening: &Happening) {
        if let Happening::Fault { fault, .. } = happening {
            *self.faults.entry(*fault).or_default() += 1;
        }
        self.trace.push(format!("{:>9.3} s  {happening}", at.as_secs_f64()));
        if let Err(violation) = self.model.take(at, happening) {
            self.violate(at, violation);
        }
    }

    pub fn tick(&mut self, now: Duration) {
        self.now = now;
    }

    /// Lets go of the programs, which hold the world.
    pub fn end(&mut self) {
        self.lives.clear();
    }

    /// The life that a program lives or lived last.
    pub fn life(&self, host: Host) -> Option<&Life> {
        self.lives.get(&host)
    }

    pub fn violation(&self) -> Option<&str> {
        self.violation.as_deref()
    }

    /// Of several violations the first counts: the others may follow from it.
    pub fn violate(&mut self, at: Duration, violation: String) {
        self.trace.push(format!("{:>9.3} s  VIOLATION: {violation}", at.as_secs_f64()));
        self.violation.get_or_insert(violation);
    }

    pub fn trace(&self) -> &[String] {
        &self.trace
    }

    pub fn faults(&self) -> &BTreeMap<Fault, u32> {
        &self.faults
    }

    /// The id of the next message that a platform shows; ids sort in the order of their messages.
    pub fn next_shown(&mut self) -> String {
        self.shown += 1;
        format!("m{:06}", self.shown)
    }

    pub fn next_request(&mut self) -> u64 {
        self.requests += 1;
        self.requests
    }
}

/// One life of one program.
#[derive(Clone)]
pub struct Life {
    pub world: Arc<World>,
    pub power: Power,
    pub host: Host,
    pub number: u32,
    /// Asks the program to stop.
    pub stop: CancellationToken,
    pub orders: Orders,
}

impl Life {
    /// The program starts.
    pub fn begin(world: &Arc<World>, host: Host) -> Self {
        let mut state = world.state();
        let number = state.lives.get(&host).map_or(1, |life| life.number + 1);
        let life = Self {
            world: Arc::clone(world),
            power: Power::default(),
            host,
            number,
            stop: CancellationToken::new(),
            orders: Orders::default(),
        };
        state.lives.insert(host, life.clone());
        // By the clock of the world: that of a host is not yet right.
        let now = state.now;
        state.enter(now, &Happening::Started { host, life: number });
        life
    }

    /// Notes what the program did, if it could still do it.
    pub fn note(&self, happening: &Happening) {
        if self.power.is_on() {
            self.world.note(happening);
        }
    }

    /// Passes a point where the power may fail.
    pub async fn pass(&self, point: Point) {
        self.power.pass(point).await;
    }
}
