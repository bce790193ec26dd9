//! A series as a line: from numbers to the points of an SVG. Pure; the template writes the elements,
//! the style sheet the colours.

use std::fmt::Write as _;

/// The picture, in its own units. The template knows the same numbers.
const LEFT: f64 = 104.0;
const RIGHT: f64 = 632.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 206.0;

/// A line as it is drawn: pieces without a gap, and points that stand alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drawn {
    /// `points` of polylines.
    pub runs: Vec<String>,
    /// Values with nothing beside them.
    pub dots: Vec<Dot>,
}

/// A point that stands alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dot {
    /// From the left.
    pub x: String,
    /// From the top.
    pub y: String,
}

/// Where on the picture a value lies.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    most: f64,
    steps: usize,
}

impl Scale {
    /// For so many steps and values up to `most`, which becomes a round number.
    #[must_use]
    pub fn new(steps: usize, most: f64) -> Self {
        Self {
            most: round_up(most),
            steps,
        }
    }

    /// The top of the scale.
    #[must_use]
    pub const fn most(&self) -> f64 {
        self.most
    }

    /// Where a step lies.
    #[must_use]
    pub fn x(&self, step: usize) -> f64 {
        let last = real(self.steps.saturating_sub(1)).max(1.0);
        LEFT + (RIGHT - LEFT) * real(step) / last
    }

    /// Where a value lies.
    #[must_use]
    pub fn y(&self, value: f64) -> f64 {
        BOTTOM - (BOTTOM - TOP) * (value / self.most).clamp(0.0, 1.0)
    }

    /// The line through values, one for each step; where there is none, there is a gap.
    #[must_use]
    pub fn draw(&self, values: &[Option<f64>]) -> Drawn {
        let mut drawn = Drawn::default();
        let mut run: Vec<(f64, f64)> = Vec::new();
        for (step, value) in values.iter().enumerate() {
            match value {
                Some(value) => run.push((self.x(step), self.y(*value))),
                None => end(&mut drawn, &mut run),
            }
        }
        end(&mut drawn, &mut run);
        drawn
    }
}

fn end(drawn: &mut Drawn, run: &mut Vec<(f64, f64)>) {
    match run.as_slice() {
        [] => {}
        [(x, y)] => drawn.dots.push(Dot {
            x: place(*x),
            y: place(*y),
        }),
        points => {
            let mut text = String::with_capacity(points.len() * 12);
            for (x, y) in points {
                // Writing into a String cannot fail.
                let _: std::fmt::Result = write!(text, "{x:.1},{y:.1} ");
            }
            drawn.runs.push(text.trim_end().to_owned());
        }
    }
    run.clear();
}

/// A number of the picture.
#[must_use]
pub fn place(at: f64) -> String {
    format!("{at:.1}")
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
        .find(|step| *step >= most * (1.0 - 1e-9));
    found.unwrap_or(most)
}

/// A count as a number of the picture; a picture has far fewer points than that.
#[must_use]
pub fn real(count: usize) -> f64 {
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
            let got = Scale::new(2, most).most();
            assert!((got - top).abs() < 1e-6, "{most}: {got}");
        }
    }

    #[test]
    fn a_gap_parts_the_line_and_a_lone_value_is_a_dot() {
        let scale = Scale::new(5, 10.0);
        let drawn = scale.draw(&[Some(0.0), Some(10.0), None, Some(5.0), None]);
        assert_eq!(drawn.runs, ["104.0,206.0 236.0,12.0"]);
        assert_eq!(
            drawn.dots,
            [Dot {
                x: "500.0".into(),
                y: "109.0".into()
            }]
        );
        assert_eq!(scale.draw(&[]), Drawn::default());
        let flat = Scale::new(1, 0.0).draw(&[Some(0.0)]);
        assert_eq!(flat.dots.len(), 1);
    }
}
