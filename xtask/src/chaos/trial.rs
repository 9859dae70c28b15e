//! One run: messages in, faults in between, everything that happens into the ledger.

use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::agent::{REPLY, Sighting, Sightings};
use super::connector::{self, Connector, Said};
use super::faults::Faults;
use super::gateway;
use super::ledger::{Account, Ledger, Name};
use super::program::Program;
use super::proxy::Proxy;
use super::random::Random;
use super::schedule::{Disturbance, Planned};

/// Messages that may wait to be taken.
const UNTAKEN: usize = 64;

/// Messages that the agent may not have seen yet: of all chats, and of one. Below what a gateway queues for a
/// session, beyond which it refuses.
const UNSEEN: usize = 512;
const UNSEEN_OF_A_CHAT: usize = 32;

/// How long nothing may happen, with the link up, until what has not happened is taken never to.
const QUIET: Duration = Duration::from_secs(6);

/// How long nothing may happen at all.
const STUCK: Duration = Duration::from_secs(90);

/// How long the effect of a cut may take to reach both sides.
const CUT_REACHES: Duration = Duration::from_millis(250);

/// What a run works with.
pub(crate) struct Trial<'a> {
    pub(crate) connector_place: &'a connector::ConnectorPlace,
    pub(crate) gateway_place: &'a gateway::GatewayPlace,
    pub(crate) proxy: &'a Proxy,
    pub(crate) sightings: &'a Sightings,
    connector: Option<Connector>,
    gateway: Option<Program>,
    /// Every process that was a gateway.
    gateways: BTreeSet<u32>,
    said: mpsc::Receiver<Said>,
    say: mpsc::Sender<Said>,
    /// Not offered yet, in order.
    ahead: VecDeque<Name>,
    /// Offered and not confirmed, in order.
    untaken: VecDeque<Name>,
    /// By chat.
    unseen: Vec<usize>,
    plan: VecDeque<Planned>,
    restart_connector: Option<Instant>,
    restart_gateway: Option<Instant>,
    ledger: Ledger,
    taken: u64,
    replied: u64,
    total: u64,
    last_event: Instant,
    /// How many there were when that was last looked at.
    connections: u64,
    /// When the last thing came out of it.
    pub(crate) last_heard: Instant,
    pub(crate) faults: Faults,
    /// Agents that lost their gateway before they were told anything.
    pub(crate) orphans: u64,
    /// Messages offered once more, since a killed connector had not confirmed them.
    pub(crate) offered_again: u64,
}

impl<'a> Trial<'a> {
    pub(crate) fn new(
        (connector_place, gateway_place): (&'a connector::ConnectorPlace, &'a gateway::GatewayPlace),
        (proxy, sightings): (&'a Proxy, &'a Sightings),
        (connector, gateway): (Connector, Program),
        (say, said): (mpsc::Sender<Said>, mpsc::Receiver<Said>),
        messages: Vec<Name>,
        plan: Vec<Planned>,
    ) -> Self {
        let chats = messages.iter().map(|name| name.chat + 1).max().unwrap_or_default();
        Self {
            connector_place,
            gateway_place,
            proxy,
            sightings,
            gateways: BTreeSet::from([gateway.pid]),
            connector: Some(connector),
            gateway: Some(gateway),
            said,
            say,
            total: messages.len() as u64,
            ahead: messages.into(),
            untaken: VecDeque::new(),
            unseen: vec![0; chats],
            plan: plan.into(),
            restart_connector: None,
            restart_gateway: None,
            ledger: Ledger::default(),
            taken: 0,
            replied: 0,
            last_event: Instant::now(),
            connections: 0,
            last_heard: Instant::now(),
            faults: Faults::default(),
            orphans: 0,
            offered_again: 0,
        }
    }

    /// Runs until everything is accounted for, or nothing happens any more, or the time is up.
    pub(crate) async fn run(&mut self, deadline: Instant) -> anyhow::Result<Account> {
        self.until_quiet(deadline).await?;
        // What was not acknowledged comes again over a new connection; nothing of it may have an effect.
        self.cut();
        self.last_event = Instant::now();
        self.until_quiet(deadline).await?;
        let mut gateway = self.gateway.take().context("the gateway is not running at the end")?;
        let mut connector = self.connector.take().context("the connector is not running at the end")?;
        gateway.stop().await?;
        connector.program.stop().await?;
        Ok(self.ledger.close())
    }

    async fn until_quiet(&mut self, deadline: Instant) -> anyhow::Result<()> {
        loop {
            self.offer().await?;
            let wakes = [self.restart_connector, self.restart_gateway, Some(self.last_event + QUIET)];
            let wake = wakes.into_iter().flatten().min().unwrap_or(deadline).min(deadline);
            tokio::select! {
                biased;
                sighting = self.sightings.next() => self.saw(&sighting?),
                said = self.said.recv() => self.heard(said.context("nobody speaks any more")?),
                () = sleep_until(wake) => {
                    if Instant::now() >= deadline {
                        bail!("the time is up: {} of {} taken, {} replied", self.taken, self.total, self.replied);
                    }
                    self.restart().await?;
                    if self.is_over() {
                        return Ok(());
                    }
                }
            }
            self.fail().await?;
        }
    }

    /// Nothing happens any more, and nothing is in the way of it.
    fn is_over(&mut self) -> bool {
        let connections = self.proxy.connections();
        if std::mem::replace(&mut self.connections, connections) != connections {
            // What waited for it takes its time.
            self.last_event = Instant::now();
        }
        if self.last_heard.elapsed() >= STUCK {
            return true;
        }
        let quiet = self.last_event.elapsed();
        let in_the_way = self.restart_connector.is_some()
            || self.restart_gateway.is_some()
            || self.proxy.live() == 0
            || !self.ahead.is_empty()
            || !self.untaken.is_empty()
            || self.unseen.iter().any(|unseen| *unseen > 0);
        if in_the_way && quiet >= QUIET {
            // Looked at again in a while, for as long as it takes to be stuck.
            self.last_event += Duration::from_millis(500);
        }
        quiet >= QUIET && !in_the_way
    }

    /// Offers what there is room for.
    async fn offer(&mut self) -> anyhow::Result<()> {
        let Some(connector) = &mut self.connector else { return Ok(()) };
        while self.untaken.len() < UNTAKEN && self.unseen.iter().sum::<usize>() < UNSEEN {
            let Some(at) = self.ahead.iter().position(|name| self.unseen[name.chat] < UNSEEN_OF_A_CHAT)
            else {
                return Ok(());
            };
            let Some(name) = self.ahead.remove(at) else { return Ok(()) };
            self.ledger.offered(name);
            self.untaken.push_back(name);
            self.unseen[name.chat] += 1;
            connector.offer(name).await?;
        }
        Ok(())
    }

    fn heard(&mut self, said: Said) {
        self.happened();
        match said {
            Said::Taken(name) => {
                self.untaken.retain(|untaken| *untaken != name);
                self.taken += u64::from(self.ledger.taken(name));
            }
            Said::Sent { chat, content } => {
                let Some(chat) = chat.strip_prefix('c').and_then(|chat| chat.parse::<usize>().ok()) else {
                    self.ledger.unexpected(format!("a message in the chat {chat:?}"));
                    return;
                };
                match content.strip_prefix(REPLY).map(|name| Name::parse(name.trim())) {
                    None => self.ledger.noticed(chat),
                    Some(Some(name)) if name.chat == chat => {
                        self.replied += u64::from(self.ledger.replied(name));
                    }
                    Some(_) => drop(self.ledger.unexpected(format!("in chat {chat}: {content}"))),
                }
            }
            // What a killed connector wrote last may be cut off.
            Said::Other(line) if self.faults.connector_kills > 0 && !line.ends_with('}') => {}
            Said::Other(line) => drop(self.ledger.unexpected(line)),
        }
    }

    fn happened(&mut self) {
        self.last_event = Instant::now();
        self.last_heard = self.last_event;
    }

    fn saw(&mut self, sighting: &Sighting) {
        self.happened();
        let Some(name) = sighting.name() else {
            // Its gateway was killed before it could say what it was to answer.
            let orphaned = self.gateway.as_ref().is_none_or(|gateway| gateway.pid != sighting.parent);
            if sighting.text.is_empty() && orphaned {
                self.orphans += 1;
                return;
            }
            self.ledger.unexpected(format!("the agent saw {:?}", sighting.text));
            return;
        };
        let gateway = Some(sighting.parent).filter(|parent| self.gateways.contains(parent));
        if self.ledger.seen(name, sighting.at, gateway) {
            self.unseen[name.chat] = self.unseen[name.chat].saturating_sub(1);
        }
    }

    /// Brings about what the plan has for now.
    async fn fail(&mut self) -> anyhow::Result<()> {
        while let Some(next) = self.plan.front().filter(|next| next.after <= self.taken) {
            let from = now();
            match next.fault {
                Disturbance::Cut => self.cut(),
                Disturbance::Stall(pause) => {
                    self.proxy.stall(pause);
                    self.faults.stalls += 1;
                    self.faults.stalled += pause;
                }
                Disturbance::KillGateway(pause) => {
                    let Some(mut gateway) = self.gateway.take() else { return Ok(()) };
                    gateway.kill().await?;
                    self.restart_gateway = Some(Instant::now() + pause);
                    self.faults.gateway_kills += 1;
                    self.ledger.fault(from, now());
                }
                Disturbance::KillConnector(pause) => {
                    let Some(mut connector) = self.connector.take() else { return Ok(()) };
                    connector.program.kill().await?;
                    self.restart_connector = Some(Instant::now() + pause);
                    self.faults.connector_kills += 1;
                    self.ledger.fault(from, now() + CUT_REACHES);
                }
            }
            self.plan.pop_front();
        }
        Ok(())
    }

    fn cut(&mut self) {
        let from = now();
        self.faults.cuts += 1;
        self.faults.connections_cut += self.proxy.cut();
        self.ledger.fault(from, now() + CUT_REACHES);
    }

    async fn restart(&mut self) -> anyhow::Result<()> {
        let now = Instant::now();
        if self.restart_gateway.is_some_and(|at| at <= now) {
            self.restart_gateway = None;
            let gateway = self.gateway_place.start()?;
            self.gateways.insert(gateway.pid);
            self.gateway = Some(gateway);
            self.last_event = now;
        }
        if self.restart_connector.is_some_and(|at| at <= now) {
            self.restart_connector = None;
            let (mut connector, _) = Connector::start(self.connector_place, self.say.clone()).await?;
            for name in &self.untaken {
                self.offered_again += 1;
                connector.offer(*name).await?;
            }
            self.connector = Some(connector);
            self.last_event = Instant::now();
        }
        Ok(())
    }
}

/// The machine's clock, which agents read too.
pub(crate) fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// So many messages over so many chats, each chat's in order.
pub(crate) fn messages(random: &mut Random, count: u64, chats: u64) -> Vec<Name> {
    let mut places = vec![0; usize::try_from(chats).unwrap_or(1)];
    (0..count)
        .map(|_| {
            let chat = usize::try_from(random.below(chats)).unwrap_or_default();
            places[chat] += 1;
            Name { chat, place: places[chat] }
        })
        .collect()
}
