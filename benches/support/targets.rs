//! The figures that orderwatch is to reach, each beside what was measured.

/// What became of the targets so far.
#[derive(Debug, Default)]
pub(crate) struct Targets(Vec<Verdict>);

#[derive(Debug)]
struct Verdict {
    reached: bool,
    line: String,
}

impl Targets {
    /// A figure that must not be larger.
    pub(crate) fn at_most(&mut self, what: &str, measured: f64, limit: f64, unit: &str) {
        self.judge(what, measured <= limit, measured, ("<=", limit), unit);
    }

    /// A figure that must not be smaller.
    pub(crate) fn at_least(&mut self, what: &str, measured: f64, limit: f64, unit: &str) {
        self.judge(what, measured >= limit, measured, (">=", limit), unit);
    }

    fn judge(
        &mut self,
        what: &str,
        reached: bool,
        measured: f64,
        (relation, limit): (&str, f64),
        unit: &str,
    ) {
        let word = if reached { "reached" } else { "MISSED " };
        let line = format!(
            "{word}  {what:<58} {:>9} {unit:<9} (target {relation} {})",
            digits(measured),
            digits(limit)
        );
        println!("  {line}");
        self.0.push(Verdict { reached, line });
    }

    /// Prints all of them once more. True when none was missed.
    pub(crate) fn print(&self) -> bool {
        println!("\ntargets:");
        for verdict in &self.0 {
            println!("  {}", verdict.line);
        }
        let missed = self.0.iter().filter(|verdict| !verdict.reached).count();
        println!("  {} of {} reached", self.0.len() - missed, self.0.len());
        missed == 0
    }
}

/// A number with as many digits as mean something.
fn digits(number: f64) -> String {
    let places = match number.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    let text = format!("{number:.places$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}
