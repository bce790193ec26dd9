//! A series as a line: from numbers to the path of an SVG. Pure; the template writes the elements,
//! the style sheet the colours.

use std::fmt::Write as _;

/// The picture, in its own units. The template knows the same numbers.
const LEFT: f64 = 104.0;
const RIGHT: f64 = 632.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 206.0;

/// Where on the picture a value lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    /// The top of the scale: a round number.
    pub(super) most: f64,
    steps: usize,
}

impl Scale {
    pub(super) fn new(steps: usize, most: f64) -> Self {
        Self {
            most: round_up(most),
            steps,
        }
    }

    pub(super) fn x(&self, step: usize) -> f64 {
        // A single step has no distance to divide by.
        let last = real(self.steps.saturating_sub(1)).max(1.0);
        LEFT + (RIGHT - LEFT) * real(step) / last
    }

    pub(super) fn y(&self, value: f64) -> f64 {
        BOTTOM - (BOTTOM - TOP) * (value / self.most).clamp(0.0, 1.0)
    }

    /// `d` of a path through values, one for each step; where there is none, there is a gap.
    pub(super) fn path(&self, values: &[Option<f64>]) -> String {
        let mut path = String::new();
        for (step, value) in values.iter().enumerate() {
            let Some(value) = value else { continue };
            let (x, y) = (self.x(step), self.y(*value));
            let has = |step: usize| values.get(step).is_some_and(Option::is_some);
            let continues = step > 0 && has(step - 1);
            // Writing into a String cannot fail.
            let _: std::fmt::Result = if continues {
                write!(path, "L{x:.1},{y:.1}")
            } else if has(step + 1) {
                write!(path, "M{x:.1},{y:.1}")
            } else {
                // A line of one point has no length and would not be seen.
                write!(path, "M{:.1},{y:.1}h6", x - 3.0)
            };
        }
        path
    }
}

/// The next of 1, 2, 5, 10, 20 … that is not less.
fn round_up(most: f64) -> f64 {
    if !most.is_finite() || most <= 1.0 {
        return 1.0;
    }
    let power = 10_f64.powf(most.log10().floor());

    let found = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|step| step * power)
        // The tolerance keeps an error of rounding from choosing the next larger one.
        .find(|step| *step >= most * (1.0 - 1e-9));
    found.unwrap_or(most)
}

/// A count as a number of the picture; a picture has far fewer points than that.
fn real(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_ends_at_a_round_number() {
        for (most, top) in [
            (0.0, 1.0),
            (0.3, 1.0),
            (1.0, 1.0),
            (1.1, 2.0),
            (5.0, 5.0),
            (6.0, 10.0),
            (99.0, 100.0),
            (1000.0, 1000.0),
            (2001.0, 5000.0),
            (f64::NAN, 1.0),
            (f64::INFINITY, 1.0),
        ] {
            let got = Scale::new(2, most).most;
            assert!((got - top).abs() < 1e-6, "{most}: {got}");
        }
    }

    #[test]
    fn a_gap_parts_the_line_and_a_lone_value_is_a_dash() {
        let scale = Scale::new(5, 10.0);
        let path = scale.path(&[Some(0.0), Some(10.0), None, Some(5.0), None]);
        assert_eq!(path, "M104.0,206.0L236.0,12.0M497.0,109.0h6");
        assert_eq!(scale.path(&[]), "");
        assert_eq!(Scale::new(1, 0.0).path(&[Some(0.0)]), "M101.0,206.0h6");
    }
}
