//! Whether two samples look as if they came from the same distribution.
//!
//! Both tests ask for nothing but independent samples that were taken in random order: no shape of the distribution is
//! assumed, and a drift of the machine meets both samples alike. Of equal values (ties) each gets the mean of their ranks,
//! and the variance of the rank sum is corrected for them; for the distance of the distribution functions they only make
//! the test more cautious.

use std::f64::consts::SQRT_2;

use serde::Serialize;

/// What two tests say about two samples. Each `p` is how likely samples of the same distribution differ at least as much.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Difference {
    /// The largest distance between the two distribution functions.
    pub(crate) distance: f64,
    /// The p-value of that: the two-sample Kolmogorov–Smirnov test.
    pub(crate) distance_p: f64,
    /// How likely a value of the first sample is larger than one of the second; a half if neither tends to be.
    pub(crate) larger: f64,
    /// The p-value of that: the two-sided Mann–Whitney test.
    pub(crate) larger_p: f64,
}

/// Compares two samples.
pub(crate) fn compare(first: &[f64], second: &[f64]) -> Difference {
    let mut all: Vec<(f64, bool)> = first.iter().map(|value| (*value, true)).collect();
    all.extend(second.iter().map(|value| (*value, false)));
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (n, m) = (first.len() as f64, second.len() as f64);
    let (mut below_first, mut below_second) = (0.0_f64, 0.0_f64);
    let (mut distance, mut rank_sum, mut ties, mut rank) = (0.0_f64, 0.0, 0.0, 0.0);
    for equal in all.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let count = equal.len() as f64;
        let of_first = equal.iter().filter(|(_, is_first)| *is_first).count() as f64;
        rank_sum += of_first * (rank + f64::midpoint(1.0, count));
        ties += count.powi(3) - count;
        rank += count;
        below_first += of_first / n;
        below_second += (count - of_first) / m;
        distance = distance.max((below_first - below_second).abs());
    }
    let pairs = n * m;
    let greater = rank_sum - n * (n + 1.0) / 2.0;
    let total = n + m;
    let variance = pairs / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)));
    let off = ((greater - pairs / 2.0).abs() - 0.5).max(0.0);
    let larger_p = match variance > 0.0 {
        true => outside(off / variance.sqrt()),
        false => 1.0,
    };
    Difference {
        distance,
        distance_p: beyond(distance, pairs / total),
        larger: greater / pairs,
        larger_p,
    }
}

/// How likely a normal variable is further from its mean than so many standard deviations.
fn outside(deviations: f64) -> f64 {
    // Abramowitz and Stegun 7.1.26; the error is below 2e-7.
    let x = deviations / SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let series = [
        1.061_405_429,
        -1.453_152_027,
        1.421_413_741,
        -0.284_496_736,
        0.254_829_592,
    ];
    let polynomial = series.iter().fold(0.0, |sum, factor| (sum + factor) * t);
    (polynomial * (-x * x).exp()).clamp(0.0, 1.0)
}

/// How likely distribution functions of `effective` many values are further apart than `distance`.
fn beyond(distance: f64, effective: f64) -> f64 {
    let root = effective.sqrt();
    let lambda = (root + 0.12 + 0.11 / root) * distance;
    if lambda < 0.3 {
        // The series converges slowly here, and the result is 1 to five digits.
        return 1.0;
    }
    let term = |k: i32| {
        let sign = if k % 2 == 1 { 1.0 } else { -1.0 };
        sign * (-2.0 * (f64::from(k) * lambda).powi(2)).exp()
    };
    (2.0 * (1..=100).map(term).sum::<f64>()).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use ipse_model::Random;

    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 2e-3
    }

    #[test]
    fn known_values_of_the_distributions_are_met() {
        assert!(close(outside(0.0), 1.0));
        assert!(close(outside(1.96), 0.05));
        assert!(close(outside(2.5758), 0.01));
        // The critical values of the distribution of Kolmogorov.
        let lambda = |distance: f64| beyond(distance / (1e4 + 0.12), 1e8);
        assert!(close(lambda(1.2238), 0.10));
        assert!(close(lambda(1.3581), 0.05));
        assert!(close(lambda(1.6276), 0.01));
    }

    #[test]
    fn small_samples_are_ranked_by_hand() {
        let difference = compare(&[1.0, 2.0, 2.0], &[2.0, 3.0]);
        // Of the six pairs the first sample wins none and ties two.
        assert!(close(difference.larger, 1.0 / 6.0));
        assert!(close(difference.distance, 0.5));
        let same = compare(&[5.0; 9], &[5.0; 7]);
        assert!(
            close(same.larger, 0.5) && close(same.larger_p, 1.0) && close(same.distance_p, 1.0)
        );
    }

    /// Roughly normal values.
    fn sample(random: &Random, shift: f64) -> Vec<f64> {
        let one = || {
            let bytes = random.bytes::<12>();
            bytes.iter().map(|byte| f64::from(*byte)).sum::<f64>() / 12.0 + shift
        };
        (0..1000).map(|_| one()).collect()
    }

    #[test]
    fn a_shift_is_found_and_noise_is_not() {
        let random = Random::seeded(7);
        let alike = compare(&sample(&random, 0.0), &sample(&random, 0.0));
        assert!(
            alike.distance_p > 0.01 && alike.larger_p > 0.01,
            "{alike:?}"
        );
        // A quarter of a standard deviation.
        let shifted = compare(&sample(&random, 5.3), &sample(&random, 0.0));
        assert!(
            shifted.distance_p < 1e-3 && shifted.larger_p < 1e-5,
            "{shifted:?}"
        );
        assert!(shifted.larger > 0.5);
    }
}
