//! What processes have used, read from /proc.

use std::fs;

use anyhow::Context;

/// The kernel counts processor time in hundredths of a second for whoever reads it.
const TICKS: f64 = 100.0;

/// Seconds of processor time that they have used; one that is gone counts nothing.
pub(crate) fn cpu(pids: &[u32]) -> f64 {
    pids.iter().filter_map(|pid| ticks(*pid)).sum::<f64>() / TICKS
}

fn ticks(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may hold blanks; the state is the first field behind it.
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = fields
        .get(11..13)?
        .iter()
        .filter_map(|ticks| ticks.parse::<f64>().ok());
    Some(ticks.sum())
}

/// Resident memory in MiB.
pub(crate) fn memory(pid: u32) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let size = line.and_then(|line| line.split_whitespace().next());
    Ok(size.context("no VmRSS")?.parse::<f64>()? / 1024.0)
}

/// Cores, and the load of the last minute.
pub(crate) fn machine() -> (usize, String) {
    let cores = std::thread::available_parallelism().map_or(1, Into::into);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().next().unwrap_or("?");
    (cores, load.to_owned())
}
