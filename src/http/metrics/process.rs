//! What the system knows of this process, under the names that all exporters use. Where the system
//! does not tell something, it is left out.

use std::{fs, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};

use prometheus_client::{metrics::counter::ConstCounter, registry::Registry};
use rustix::time::{ClockId, clock_gettime};

use crate::meter::Gauges;

pub(super) fn register(registry: &mut Registry, now: DateTime<Utc>, age: Duration) {
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = |whole: i64, nanos: i64| {
        Duration::new(
            u64::try_from(whole).unwrap_or(0),
            u32::try_from(nanos).unwrap_or(0),
        )
        .as_secs_f64()
    };
    registry.register(
        "process_cpu_seconds",
        "Processor time of this process",
        ConstCounter::new(seconds(cpu.tv_sec, cpu.tv_nsec)),
    );
    let started = TimeDelta::from_std(age).ok().map(|age| now - age);
    gauge(
        registry,
        "start_time_seconds",
        "When this process started",
        started.map(super::figures::timestamp),
    );
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let bytes = |name| number_after(&status, name).map(|kib| kib * 1024.0);
    gauge(
        registry,
        "resident_memory_bytes",
        "Memory that is in use",
        bytes("VmRSS:"),
    );
    gauge(
        registry,
        "virtual_memory_bytes",
        "Memory that was asked for",
        bytes("VmSize:"),
    );
    gauge(
        registry,
        "threads",
        "Threads",
        number_after(&status, "Threads:"),
    );
    gauge(registry, "open_fds", "Files that are open", open_files());
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    gauge(
        registry,
        "max_fds",
        "Files that may be open",
        number_after(&limits, "Max open files"),
    );
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: Option<f64>) {
    if let Some(value) = value {
        registry.register(format!("process_{name}"), help, Gauges::one(value));
    }
}

fn open_files() -> Option<f64> {
    let files = fs::read_dir("/proc/self/fd").ok()?.count();
    // One of them is the directory.
    u32::try_from(files)
        .ok()
        .map(|files| f64::from(files) - 1.0)
}

/// The number that follows a name at the beginning of a line.
fn number_after(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}
