//! Answers as long as a panel may send them: what takes more time than in proportion to its length shows here.
//!
//! The fuzzer's own inputs are short, since short ones find more. The lines say: which target, its head, what stands
//! first, what is repeated, what stands between the two runs of it, and what stands last. The time is watched from
//! outside: a run may take 30 s, of which it needs the hundredth part.

use super::TARGETS;
use crate::oracle::first_line;

/// Bytes of each run. Without optimisation the unit tests would take minutes for the whole length.
const RUN: usize = if cfg!(fuzzing) { 48 * 1024 } else { 4 * 1024 };

pub(super) fn run(data: &[u8]) {
    let (name, data) = first_line(data);
    let Some((_, target)) = TARGETS.iter().find(|(target, _)| *target == name) else {
        return;
    };
    // A long one of a long one would end nowhere, and a long file is nobody's configuration.
    if matches!(&*name, "long_answers" | "configuration") {
        return;
    }

    let mut lines = data.splitn(5, |byte| *byte == b'\n');
    let mut next = || lines.next().unwrap_or_default();
    let (head, first, repeated, between, last) = (next(), next(), next(), next(), next());
    let run = repeated.repeat(RUN / repeated.len().max(1));

    let long = [head, b"\n", first, &run, between, &run, last].concat();
    target(&long);
}
