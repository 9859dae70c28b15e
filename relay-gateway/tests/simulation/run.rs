//! One run: both programs in a simulated network, from the seed to the verdict.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use turmoil::{Builder, Sim};

use crate::breaks::Break;
use crate::happening::{Fault, Host};
use crate::plan::Plan;
use crate::trouble::Trouble;
use crate::world::{Life, World};
use crate::{connector, dice, disks, gateway};

/// How long all may take to come to rest once nothing goes wrong any more.
const PATIENCE: Duration = Duration::from_mins(15);

/// For how long it is then watched whether something still comes.
const AFTERWARDS: Duration = Duration::from_secs(5);

/// What became of a run.
pub struct Report {
    pub seed: u64,
    pub messages: usize,
    pub faults: BTreeMap<Fault, u32>,
    /// Simulated.
    pub took: Duration,
    pub violation: Option<String>,
    pub trace: Vec<String>,
}

/// Runs a seed to its end.
pub fn run(plan: Plan, broken: Option<Break>) -> Report {
    let seed = plan.seed;
    dice::seed_link(seed);
    let world = World::new(plan, broken);
    let mut sim = Builder::new()
        .rng_seed(seed)
        .epoch(SystemTime::UNIX_EPOCH + Duration::from_hours(500_000))
        .tick_duration(world.plan.tick)
        .min_message_latency(world.plan.latency.0)
        .max_message_latency(world.plan.latency.1)
        .simulation_duration(Duration::MAX)
        .tcp_capacity(1024)
        .enable_random_order()
        .build();
    sim.host(Host::Connector.name(), {
        let world = Arc::clone(&world);
        move || connector::run(Life::begin(&world, Host::Connector))
    });
    sim.host(Host::Gateway.name(), {
        let world = Arc::clone(&world);
        move || gateway::run(Life::begin(&world, Host::Gateway))
    });
    let took = drive(&mut sim, &world);
    // What is dropped with the programs is no part of the run.
    world.state().end();
    drop(sim);
    if world.state().violation().is_none()
        && let Err(violation) = disks::at_rest(&world)
    {
        world.state().violate(took, violation);
    }
    let state = world.state();
    Report {
        seed,
        messages: state.model.messages(),
        faults: state.faults().clone(),
        took,
        violation: state.violation().map(str::to_owned),
        trace: state.trace().to_vec(),
    }
}

/// Runs until all is at rest, or something is wrong.
fn drive(sim: &mut Sim<'_>, world: &World) -> Duration {
    let mut trouble = Trouble::new(world);
    let mut script = world.plan.script.iter().peekable();
    let mut healed = false;
    let mut at_rest_since = None;
    loop {
        let now = sim.elapsed();
        world.state().tick(now);
        while let Some((_, message, text)) = script.next_if(|(at, _, _)| *at <= now) {
            world.write(*message, text);
        }
        if !healed && now >= world.plan.trouble {
            healed = true;
            trouble.heal(sim);
        }
        trouble.step(sim, now);
        if let Err(error) = sim.step() {
            world.state().violate(now, format!("a program failed: {error}"));
        }
        let mut state = world.state();
        if state.violation().is_some() {
            return now;
        }
        let at_rest =
            healed && script.peek().is_none() && state.model.is_settled() && state.unacked.is_empty();
        if !at_rest {
            at_rest_since = None;
        } else if now >= *at_rest_since.get_or_insert(now) + AFTERWARDS {
            if let Err(violation) = state.model.settle(|message| world.plan.answer(message).words) {
                state.violate(now, violation);
            }
            return now;
        }
        if now > world.plan.trouble + PATIENCE {
            let why = state.model.settle(|message| world.plan.answer(message).words).err();
            state.violate(now, why.unwrap_or_else(|| "it does not come to rest".to_owned()));
            return now;
        }
    }
}
