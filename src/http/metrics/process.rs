//! What the system knows of this process, under the names that all exporters use. Where the system
//! does not tell something, it is left out.

use std::{fs, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use prometheus_client::{metrics::counter::ConstCounter, registry::Registry};
use rustix::time::{ClockId, clock_gettime};

pub(super) fn register(registry: &mut Registry, now: DateTime<Utc>, age: Duration) {
    registry.register(
        "process_cpu_seconds",
        "Processor time of this process",
        ConstCounter::new(cpu_time().as_secs_f64()),
    );

    // One that never ends shows here before it shows in the memory.
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        let tasks = u32::try_from(runtime.metrics().num_alive_tasks()).unwrap_or(u32::MAX);
        super::gauge(
            registry,
            "orderwatch_tasks",
            "Tasks of this process that have not ended",
            f64::from(tasks),
        );
    }

    // Where there is no `/proc`, what it would say is left out below.
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let started = TimeDelta::from_std(age).ok().map(|age| now - age);
    // The kernel writes kB and means KiB.
    let bytes = |name| number_after(&status, name).map(|kib| kib * 1024.0);

    for (name, help, value) in [
        (
            "start_time_seconds",
            "When this process started",
            started.map(super::figures::timestamp),
        ),
        (
            "resident_memory_bytes",
            "Memory that is in use",
            bytes("VmRSS:"),
        ),
        (
            "virtual_memory_bytes",
            "Memory that was asked for",
            bytes("VmSize:"),
        ),
        ("threads", "Threads", number_after(&status, "Threads:")),
        ("open_fds", "Files that are open", open_files()),
        (
            "max_fds",
            "Files that may be open",
            number_after(&limits, "Max open files"),
        ),
    ] {
        if let Some(value) = value {
            super::gauge(registry, &format!("process_{name}"), help, value);
        }
    }
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

fn open_files() -> Option<f64> {
    let files = fs::read_dir("/proc/self/fd").ok()?.count();
    // One of them is the directory.
    let files = u32::try_from(files).ok()?.saturating_sub(1);
    Some(f64::from(files))
}

/// The number that follows a name at the beginning of a line.
fn number_after(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}
