//! Many measurements of one thing.

use std::time::Duration;

/// Times, in any order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    pub(crate) fn add(&mut self, sample: Duration) {
        self.0.push(sample);
    }

    /// The time that so many of a hundred do not exceed; zero without any.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).copied().unwrap_or_default()
    }
}

/// The middle one of these; zero without any.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Samples, median};

    #[test]
    fn a_percentile_is_the_smallest_time_that_enough_do_not_exceed() {
        let mut samples = Samples::default();
        assert_eq!(samples.percentile(99), Duration::ZERO);
        (1..=200).rev().for_each(|millis| samples.add(Duration::from_millis(millis)));
        let millis = |percent| samples.percentile(percent).as_millis();
        assert_eq!((millis(0), millis(50), millis(99), millis(100)), (1, 100, 198, 200));
    }

    #[test]
    fn the_median_is_the_middle_one() {
        assert_eq!((median(vec![3.0, 1.0, 2.0]), median(vec![])), (2.0, 0.0));
    }
}
