"""Processor time and memory of processes, read from /proc."""
import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def family(pid):
    """A process and all that descend from it."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (stat := _stat(entry.name)):
            parents[int(entry.name)] = int(stat[1])

    found = {pid}
    while new := {child for child, parent in parents.items() if parent in found} - found:
        found |= new
    return found


def cpu(pids):
    """Seconds in user and kernel mode, with those of children that have ended."""
    stats = [stat for pid in pids if (stat := _stat(pid))]
    return sum(int(ticks) for stat in stats for ticks in stat[11:15]) / _TICKS


def memory(pid):
    """Resident memory in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _stat(pid):
    """The fields of /proc/PID/stat behind the name, which may hold blanks; the state is the first."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
