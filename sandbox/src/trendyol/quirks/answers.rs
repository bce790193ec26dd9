//! Answers that do not match their question.

use std::time::Duration;

use fastrand::Rng;

/// How answers go wrong without looking wrong. Shares are 0 to 1; by default nothing does.
#[derive(Clone, Debug, Default)]
pub struct AnswerQuirks {
    /// Share of read-backs that ignore the barcodes they were asked about and answer with a page of
    /// everything.
    pub ignored_barcodes: f64,
    /// Share of products of a read-back that are answered twice, with another quantity each time.
    pub answered_twice: f64,
    /// Share of products that a read-back leaves out.
    pub left_out: f64,
    /// Share of products whose quantity is answered as it was up to [`Self::figure_age`] ago.
    pub old_figures: f64,
    /// How old such a figure is at most.
    pub figure_age: Duration,
    /// Share of questions for an order that are answered with no package (case 14).
    pub no_order: f64,
    /// Share of questions for an order that are answered with packages of other orders (case 14).
    pub other_orders: f64,
    /// After which time without a change an order can no longer be asked for (case 14).
    pub orders_last: Option<Duration>,
    /// A longer window is not refused: what was changed later in it is missing, in silence (case 27).
    pub longest_window: Option<Duration>,
    /// Whether `size` of the stream is the number of packages of the page (case 27).
    pub counted_size: bool,
    /// Whether a page that is asked for too large is cut to 200 packages and not refused.
    pub clipped_size: bool,
    /// Whether cursors are 152 characters of base64 with `+`, `/` and `=` (case 26).
    pub base64_cursors: bool,
}

impl AnswerQuirks {
    /// All of them at once, each as often and as badly as chance says.
    pub fn all(rng: &mut Rng) -> Self {
        let days = |days: u64| Duration::from_hours(24 * days);
        Self {
            ignored_barcodes: 0.05 * rng.f64(),
            answered_twice: 0.05 * rng.f64(),
            left_out: 0.1 * rng.f64(),
            old_figures: 0.1 * rng.f64(),
            figure_age: Duration::from_secs(rng.u64(1..=60)),
            no_order: 0.1 * rng.f64(),
            other_orders: 0.1 * rng.f64(),
            orders_last: Some(days(rng.u64(5..=90))),
            longest_window: Some(days(rng.u64(12..=14))),
            counted_size: rng.bool(),
            clipped_size: rng.bool(),
            base64_cursors: true,
        }
    }
}
