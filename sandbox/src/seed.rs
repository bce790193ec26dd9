//! The seed of a run that leaves something to chance, and the command that runs it again.
//!
//! `ORDERWATCH_SEED` gives it. Without it the short form of a proof has the same one each time, so that no change fails
//! by what chance found in another one's code; the long form, which searches, draws one. Either says which.

use std::{env, ops::Range, thread};

use fastrand::Rng;

const SEED: &str = "ORDERWATCH_SEED";
const SEEDS: &str = "ORDERWATCH_SEEDS";
/// That of the short forms.
const FIXED: u64 = 1;

/// Says by which command a run is repeated, also when it fails.
#[derive(Debug)]
#[must_use = "whoever drops it at once does not say by which seed a run failed"]
pub struct Seed {
    number: u64,
    command: String,
}

impl Seed {
    /// Of a test whose name contains `test`; the variable `length` makes the long form of it.
    pub fn of_test(test: &str, length: &str) -> Self {
        check_name(test);
        let value = env::var(length).ok();
        let long = value.is_some();
        let set = value.map(|value| format!("{length}={value} "));
        Self::of_command(&command(&set.unwrap_or_default(), test), long)
    }

    /// Of a command, in its long form or in that of CI.
    pub fn of_command(command: &str, long: bool) -> Self {
        Self::announced(first(long), command.to_owned())
    }

    fn announced(number: u64, command: String) -> Self {
        let seed = Self { number, command };
        say(&format!("seed {number}: {}", seed.replay()));
        seed
    }

    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    #[must_use]
    pub fn rng(&self) -> Rng {
        Rng::with_seed(self.number)
    }

    /// The command that runs it again.
    #[must_use]
    pub fn replay(&self) -> String {
        format!("{SEED}={} {}", self.number, self.command)
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        if thread::panicking() {
            say(&format!("failed; again: {}", self.replay()));
        }
    }
}

/// The runs of a test, each with the seed after the one before.
#[derive(Clone, Debug)]
pub struct Runs {
    numbers: Range<u64>,
    command: String,
}

impl Runs {
    /// As many as `ORDERWATCH_SEEDS` says, or `otherwise`; `set` are variables that they are repeated with, such as
    /// `"ORDERS=20 "`.
    #[must_use]
    pub fn of_test(test: &str, set: &str, otherwise: u64) -> Self {
        check_name(test);
        let runs = number(SEEDS);
        let first = first(runs.is_some());
        Self {
            numbers: first..first + runs.unwrap_or(otherwise),
            command: command(&format!("{SEEDS}=1 {set}"), test),
        }
    }

    #[must_use]
    pub fn numbers(&self) -> Range<u64> {
        self.numbers.clone()
    }

    /// The seed of one that begins.
    pub fn seed(&self, number: u64) -> Seed {
        Seed::announced(number, self.command.clone())
    }
}

fn first(long: bool) -> u64 {
    // Short enough to be read aloud, and never at the end of the numbers.
    let drawn = || u64::from(fastrand::u32(..));
    number(SEED).unwrap_or_else(|| if long { drawn() } else { FIXED })
}

fn command(set: &str, test: &str) -> String {
    format!("{set}scripts/with-postgres cargo test --test it -- {test}")
}

/// A test that was renamed would be repeated by a command that runs none.
fn check_name(test: &str) {
    let this = thread::current();
    let name = this.name().unwrap_or("main");
    // One test at a time runs in the main thread.
    assert!(
        name == "main" || name.contains(test),
        "the test is called {name}, not {test}"
    );
}

#[expect(clippy::panic, reason = "a seed that is none would be another one")]
fn number(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    let Ok(number) = text.parse() else {
        panic!("{name} must be a whole number, not {text:?}");
    };
    Some(number)
}

#[expect(
    clippy::print_stderr,
    reason = "shown when a test fails, and with `--nocapture`"
)]
fn say(what: &str) {
    eprintln!("{what}");
}
