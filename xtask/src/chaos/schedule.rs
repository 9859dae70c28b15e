//! Which fault comes when: decided by the seed before anything runs.

use std::time::Duration;

use super::random::Random;

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disturbance {
    /// Every connection ends, in the middle of whatever it carries.
    Cut,
    /// Nothing is carried for so long.
    Stall(Duration),
    /// The gateway is killed with SIGKILL and started again after so long.
    KillGateway(Duration),
    /// The connector is killed with SIGKILL and started again after so long.
    KillConnector(Duration),
}

/// A fault, and how many messages have been taken when it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Planned {
    pub(crate) after: u64,
    pub(crate) fault: Disturbance,
}

/// Plans so many kills, as many cuts, and half as many stalls, over all messages; the earliest comes first.
///
/// They hang on messages and not on time, so that a slow machine sees the same run as a fast one.
pub(crate) fn plan(random: &mut Random, messages: u64, kills: u64) -> Vec<Planned> {
    let mut planned = Vec::new();
    let mut at = |random: &mut Random, fault| {
        planned.push(Planned { after: random.below(messages.max(1)), fault });
    };
    for kill in 0..kills {
        let pause = Duration::from_millis(random.below(400));
        // Each side gets its half; which of them comes first is chance.
        let fault =
            if kill % 2 == 0 { Disturbance::KillGateway(pause) } else { Disturbance::KillConnector(pause) };
        at(random, fault);
    }
    for _ in 0..kills {
        at(random, Disturbance::Cut);
    }
    for _ in 0..kills / 2 {
        let pause = Duration::from_millis(random.between(50, 3_000));
        at(random, Disturbance::Stall(pause));
    }
    planned.sort_by_key(|planned| planned.after);
    planned
}

#[cfg(test)]
mod tests {
    use super::{Disturbance, Random, plan};

    #[test]
    fn a_seed_decides_the_plan() {
        let planned = |seed| plan(&mut Random::new(seed), 10_000, 20);
        assert_eq!(planned(1), planned(1));
        assert_ne!(planned(1), planned(2));
    }

    #[test]
    fn both_sides_are_killed_and_every_fault_comes_before_the_last_message() {
        let planned = plan(&mut Random::new(3), 100, 5);
        let count =
            |wanted: fn(&Disturbance) -> bool| planned.iter().filter(|one| wanted(&one.fault)).count();
        assert_eq!(count(|fault| matches!(fault, Disturbance::KillGateway(_))), 3);
        assert_eq!(count(|fault| matches!(fault, Disturbance::KillConnector(_))), 2);
        assert_eq!(count(|fault| matches!(fault, Disturbance::Cut)), 5);
        assert_eq!(count(|fault| matches!(fault, Disturbance::Stall(_))), 2);
        assert!(planned.is_sorted_by_key(|one| one.after) && planned.iter().all(|one| one.after < 100));
        assert!(plan(&mut Random::new(3), 100, 0).is_empty());
    }
}
