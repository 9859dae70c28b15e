//! What goes wrong, and when.

use std::time::Duration;

use turmoil::Sim;

use crate::dice::Dice;
use crate::happening::{Fault, Happening, Host};
use crate::orders::Order;
use crate::power::Point;
use crate::world::{State, World};

/// Lets a run's faults begin and end.
pub struct Trouble<'w> {
    world: &'w World,
    dice: Dice,
    next: Duration,
    /// What is to be put right, and when.
    remedies: Vec<(Duration, Remedy)>,
}

/// Puts a fault right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Remedy {
    Repair,
    Release,
    Latency,
    Start(Host),
    Wake,
    Disk,
    Platform,
}

impl Remedy {
    /// Two faults of the network at a time are not defined.
    fn is_of_network(self) -> bool {
        matches!(self, Self::Repair | Self::Release)
    }
}

impl<'w> Trouble<'w> {
    pub fn new(world: &'w World) -> Self {
        let mut dice = Dice::new(world.plan.seed, "trouble");
        let next = dice.millis(0..=5_000);
        Self { world, dice, next, remedies: Vec::new() }
    }

    /// Lets happen what is due.
    pub fn step(&mut self, sim: &mut Sim<'_>, now: Duration) {
        let due: Vec<Remedy> =
            self.remedies.extract_if(.., |(at, _)| *at <= now).map(|(_, remedy)| remedy).collect();
        for remedy in due {
            self.apply(sim, remedy);
        }
        self.bury(sim, now);
        if now >= self.next && !self.world.state().weather.healed {
            let gap = u64::try_from(self.world.plan.between_faults.as_millis()).unwrap_or(1);
            self.next = now + self.dice.millis(0..=gap);
            let fault = self.dice.pick(&self.world.plan.faults);
            self.begin(sim, now, fault);
        }
    }

    /// Puts everything right at once; from now on nothing goes wrong any more.
    pub fn heal(&mut self, sim: &mut Sim<'_>) {
        self.world.note(&Happening::Healed);
        let lives: Vec<_> = {
            let mut state = self.world.state();
            state.weather.healed = true;
            (state.weather.torn, state.weather.swallowing, state.weather.refusals) = (0, 0, 0);
            [Host::Gateway, Host::Connector]
                .into_iter()
                .filter_map(|host| state.life(host).cloned())
                .collect()
        };
        for life in lives {
            life.power.disarm();
        }
        for (_, remedy) in std::mem::take(&mut self.remedies) {
            self.apply(sim, remedy);
        }
    }

    /// Takes away what has lost its power, and what has ended.
    fn bury(&mut self, sim: &mut Sim<'_>, now: Duration) {
        for host in [Host::Gateway, Host::Connector] {
            if self.is_down(host) {
                continue;
            }
            let failed = self.world.state().life(host).and_then(|life| life.power.failed());
            if let Some(point) = failed {
                self.world.fault(Fault::PowerLoss, format!("{} {point:?}", host.name()));
                sim.crash(host.name());
            } else if sim.is_host_running(host.name()) {
                continue;
            }
            self.later(now, 0..=10_000, Remedy::Start(host));
        }
    }

    fn is_down(&self, host: Host) -> bool {
        self.remedies.iter().any(|(_, remedy)| *remedy == Remedy::Start(host))
    }

    fn begin(&mut self, sim: &mut Sim<'_>, now: Duration, fault: Fault) {
        let (gateway, connector) = (Host::Gateway.name(), Host::Connector.name());
        let network_is_busy = self.remedies.iter().any(|(_, remedy)| remedy.is_of_network());
        let host = self.dice.pick(&[Host::Gateway, Host::Gateway, Host::Connector]);
        match fault {
            Fault::Partition | Fault::Hold if network_is_busy => {}
            Fault::Partition => {
                let what = match self.dice.within(0..=2) {
                    0 => {
                        sim.partition_oneway(gateway, connector);
                        "towards the connector"
                    }
                    1 => {
                        sim.partition_oneway(connector, gateway);
                        "towards the gateway"
                    }
                    _ => {
                        sim.partition(gateway, connector);
                        "in both directions"
                    }
                };
                self.world.fault(fault, what);
                self.later(now, 50..=40_000, Remedy::Repair);
            }
            Fault::Hold => {
                sim.hold(gateway, connector);
                self.world.fault(fault, "in both directions");
                self.later(now, 50..=40_000, Remedy::Release);
            }
            Fault::Latency => {
                let (shortest, longest) = self.world.plan.latency;
                let new = longest.max(shortest) + self.dice.millis(0..=3_000);
                sim.set_link_max_message_latency(gateway, connector, new);
                self.world.fault(fault, format!("up to {new:?}"));
                self.later(now, 500..=20_000, Remedy::Latency);
            }
            Fault::Cut => {
                self.world.fault(fault, "all connections");
                self.world.cut();
            }
            // Noted once they happen.
            Fault::Torn => self.spoil(|state| &mut state.weather.torn),
            Fault::Swallow => self.spoil(|state| &mut state.weather.swallowing),
            Fault::Kill | Fault::Restart if self.is_down(host) => {}
            Fault::Kill => {
                self.world.fault(fault, host.name());
                // Without a word to the other side, where the whole machine goes down.
                if !network_is_busy && self.dice.once_in(2) {
                    sim.partition(gateway, connector);
                    self.later(now, 10..=30_000, Remedy::Repair);
                }
                sim.crash(host.name());
                self.later(now, 0..=20_000, Remedy::Start(host));
            }
            Fault::PowerLoss => {
                let point = match host {
                    Host::Gateway => self.dice.pick(&Point::OF_GATEWAY),
                    Host::Connector => self.dice.pick(&Point::OF_CONNECTOR),
                };
                let times = u32::try_from(self.dice.within(1..=3)).unwrap_or(1);
                if let Some(life) = self.world.state().life(host) {
                    life.power.fail_at(point, times);
                }
            }
            Fault::Restart => {
                self.world.fault(fault, host.name());
                let life = self.world.state().life(host).cloned();
                if let Some(life) = life {
                    life.stop.cancel();
                }
            }
            Fault::Hibernate => {
                self.world.fault(fault, "the gateway is told to sleep");
                self.order(Order::Sleep);
                // Else it wakes by itself.
                if self.dice.once_in(2) {
                    self.later(now, 100..=90_000, Remedy::Wake);
                }
            }
            Fault::SlowDisk => {
                let slow = self.dice.millis(5..=self.world.plan.slowest_commit);
                self.world.fault(fault, format!("{slow:?} for each commit"));
                self.world.state().weather.slow_disk = slow;
                self.later(now, 1_000..=self.world.plan.slow_disk_for, Remedy::Disk);
            }
            Fault::SlowPlatform => {
                let slow = self.dice.millis(5..=2_000);
                self.world.fault(fault, format!("{slow:?} for each action"));
                self.world.state().weather.slow_platform = slow;
                self.later(now, 1_000..=10_000, Remedy::Platform);
            }
            Fault::Refusal => {
                let count = u32::try_from(self.dice.within(1..=6)).unwrap_or(1);
                self.world.state().weather.refusals += count;
            }
        }
    }

    fn order(&self, order: Order) {
        if let Some(life) = self.world.state().life(Host::Gateway) {
            life.orders.give(order);
        }
    }

    /// Spoils the next connections, and makes room for one.
    fn spoil(&mut self, which: impl Fn(&mut State) -> &mut u32) {
        let count = u32::try_from(self.dice.within(1..=3)).unwrap_or(1);
        *which(&mut self.world.state()) += count;
        if self.dice.once_in(2) {
            self.world.fault(Fault::Cut, "all connections");
            self.world.cut();
        }
    }

    fn later(&mut self, now: Duration, within: std::ops::RangeInclusive<u64>, remedy: Remedy) {
        let at = now + self.dice.millis(within);
        self.remedies.push((at, remedy));
    }

    fn apply(&mut self, sim: &mut Sim<'_>, remedy: Remedy) {
        let (gateway, connector) = (Host::Gateway.name(), Host::Connector.name());
        match remedy {
            Remedy::Repair => sim.repair(gateway, connector),
            Remedy::Release => sim.release(gateway, connector),
            Remedy::Latency => {
                sim.set_link_max_message_latency(gateway, connector, self.world.plan.latency.1);
            }
            Remedy::Start(host) => sim.bounce(host.name()),
            Remedy::Wake => self.order(Order::Wake),
            Remedy::Disk => self.world.state().weather.slow_disk = Duration::ZERO,
            Remedy::Platform => self.world.state().weather.slow_platform = Duration::ZERO,
        }
    }
}
