//! A straight line through samples.

use crate::support::figures::count;

/// What the line that fits best rises from the first point to the last.
pub(crate) fn rise(points: &[(f64, f64)]) -> f64 {
    let many = count(points.len());
    let mean = |value: fn(&(f64, f64)) -> f64| points.iter().map(value).sum::<f64>() / many;
    let (middle, level) = (mean(|p| p.0), mean(|p| p.1));
    let along: f64 = points.iter().map(|(x, y)| (x - middle) * (y - level)).sum();
    let spread: f64 = points.iter().map(|(x, _)| (x - middle).powi(2)).sum();
    let span = points.last().map_or(0.0, |p| p.0) - points.first().map_or(0.0, |p| p.0);
    if spread > 0.0 {
        along / spread * span
    } else {
        0.0
    }
}
