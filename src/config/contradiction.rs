//! Rules that span several keys. Each value may be fine; together they would do harm.

use std::time::Duration;

use super::{read::Reader, value::human};

/// Checks every rule; one whose values are faulty themselves is skipped.
pub(super) fn check(reader: &mut Reader<'_>) {
    lease(reader, "dispatch.lease");
    lease(reader, "poll.lease");
    first_check(reader);
    min_age(reader);
}

/// A lease that ends during a call gives the order to a second daemon while the first still has it.
fn lease(reader: &mut Reader<'_>, key: &'static str) {
    let (Some(lease), Some(call)) = (reader.duration(key), longest_call(reader)) else {
        return;
    };
    if lease > call {
        return;
    }
    let keys = [
        key,
        "znet.request_timeout",
        "znet.connect_timeout",
        "znet.requests_per_second",
        "znet.max_in_flight",
        "dispatch.max_in_flight",
        "poll.max_in_flight",
    ];
    let (lease, call) = (human(lease), human(round_up(call)));
    reader.contradiction(
        &keys,
        format!(
            "does not fit: {key} ({lease}) must be longer than the longest call ({call}: znet.connect_timeout, \
             znet.request_timeout and the wait for znet.requests_per_second), otherwise an order could be \
             claimed a second time while it is being sent or asked about"
        ),
    );
}

/// From the claim to the end of the call, the wait for the panel's rate included.
fn longest_call(reader: &Reader<'_>) -> Option<Duration> {
    let connect = reader.duration("znet.connect_timeout")?;
    let request = reader.duration("znet.request_timeout")?;
    let rate = reader.number("znet.requests_per_second")?;
    let queue = match reader.number("znet.max_in_flight")? {
        // Without a limit, everything under way may stand before the same panel.
        0.0 => reader.number("dispatch.max_in_flight")? + reader.number("poll.max_in_flight")?,
        limit => limit,
    };
    let wait = if rate > 0.0 { queue / rate } else { 0.0 };
    let wait = Duration::try_from_secs_f64(wait).unwrap_or(Duration::MAX);
    Some(wait.saturating_add(connect).saturating_add(request))
}

fn round_up(duration: Duration) -> Duration {
    let millis = duration.as_nanos().div_ceil(1_000_000);
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

fn first_check(reader: &mut Reader<'_>) {
    shorter(
        reader,
        "poll.first_check_after",
        "poll.give_up_after",
        "no order would ever be checked",
    );
}

fn min_age(reader: &mut Reader<'_>) {
    shorter(
        reader,
        "sweep.min_age",
        "poll.give_up_after",
        "the sweep would find no order",
    );
}

fn shorter(reader: &mut Reader<'_>, short: &str, long: &str, otherwise: &str) {
    let (Some(small), Some(large)) = (reader.duration(short), reader.duration(long)) else {
        return;
    };
    if small >= large {
        reader.contradiction(
            &[short, long],
            format!(
                "does not fit: {short} ({}) must be shorter than {long} ({}), otherwise {otherwise}",
                human(small),
                human(large)
            ),
        );
    }
}
