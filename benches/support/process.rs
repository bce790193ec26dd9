//! What a process costs, and when things happen, as the kernel sees it (Linux only).

use std::{fs, time::Duration};

use anyhow::Context;

/// Processor time that a process and its threads have used so far, in user and kernel mode.
pub(crate) fn cpu(pid: u32) -> anyhow::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in front may hold blanks; after it, user and system time are fields 12 and 13.
    let (_, fields) = stat.rsplit_once(')').context("/proc/PID/stat")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |place: usize| -> anyhow::Result<u64> {
        Ok(fields.get(place).context("/proc/PID/stat")?.parse()?)
    };
    Ok(ticks_to_time(ticks(11)? + ticks(12)?))
}

/// The same to the nanosecond, for a process that does little. Threads that have ended are left
/// out: those of the daemon's runtime stay.
pub(crate) fn precise_cpu(pid: u32) -> anyhow::Result<Duration> {
    let mut sum = Duration::ZERO;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        // One that ends while we look is one that has ended.
        let Ok(times) = fs::read_to_string(thread?.path().join("schedstat")) else {
            continue;
        };
        let ran = times.split_whitespace().next().context("schedstat")?;
        sum += Duration::from_nanos(ran.parse()?);
    }
    Ok(sum)
}

/// Processor time that the whole machine has used so far, by whatever.
pub(crate) fn machine_cpu() -> anyhow::Result<Duration> {
    let stat = fs::read_to_string("/proc/stat")?;
    let first = stat.lines().next().context("/proc/stat")?;
    let times: Vec<u64> = first
        .split_whitespace()
        .skip(1)
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    // user, nice, system, idle, iowait, irq, softirq
    let busy = [0, 1, 2, 5, 6].iter().filter_map(|&place| times.get(place));
    Ok(ticks_to_time(busy.sum()))
}

/// A line of `/proc/PID/status` in MiB: `VmRSS` is the resident memory, `VmHWM` the most it ever was.
pub(crate) fn memory(pid: u32, line: &str) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let found = status.lines().find_map(|l| l.strip_prefix(line));
    let kib: f64 = found
        .and_then(|rest| rest.split_whitespace().nth(1))
        .with_context(|| format!("no {line} in /proc/{pid}/status"))?
        .parse()?;
    Ok(kib / 1024.0)
}

/// Whether a process of this machine is a Postgres server process.
pub(crate) fn is_postgres(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "postgres")
}

/// The time since some moment before the machine was started, the same for all its processes.
pub(crate) fn monotonic() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    Duration::new(
        now.tv_sec.cast_unsigned(),
        u32::try_from(now.tv_nsec).unwrap_or(0),
    )
}

fn ticks_to_time(ticks: u64) -> Duration {
    let ticks = u32::try_from(ticks).unwrap_or(u32::MAX);
    let per_second = u32::try_from(rustix::param::clock_ticks_per_second()).unwrap_or(100);
    Duration::from_secs(1) * ticks / per_second
}
