//! A panic is a bug, and one event of the log; its text passes the redaction like every other.

use std::{
    panic::{self, PanicHookInfo},
    thread,
};

pub(super) fn log() {
    panic::set_hook(Box::new(log_one));
}

pub(super) fn log_one(info: &PanicHookInfo<'_>) {
    let location = info.location().map(ToString::to_string);
    tracing::error!(
        panic = info.payload_as_str().unwrap_or("no message"),
        location = location.as_deref().unwrap_or("unknown"),
        thread = thread::current().name().unwrap_or("unnamed"),
        "panic: this is a bug in orderwatch",
    );
}
