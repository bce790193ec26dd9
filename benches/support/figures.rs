//! Small arithmetic on measurements.

use std::time::Duration;

/// The value below which this share (0 to 1) of the values lies; the values are sorted for it.
pub(crate) fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    let place = (share * count(last)).ceil();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a length, not negative"
    )]
    let place = (place as usize).min(last);
    values.get(place).copied().unwrap_or(f64::NAN)
}

/// The middle value.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    quantile(values, 0.5)
}

/// A duration in milliseconds.
pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Microseconds of a duration for each of `things`.
pub(crate) fn micros_each(time: Duration, things: u64) -> f64 {
    time.as_secs_f64() * 1e6 / real(things)
}

/// A length as a number to calculate with.
pub(crate) fn count(things: usize) -> f64 {
    real(u64::try_from(things).unwrap_or(u64::MAX))
}

/// A number to calculate with.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of a bench are far below 2^52"
)]
pub(crate) fn real(things: u64) -> f64 {
    things as f64
}
