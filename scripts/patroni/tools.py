"""Where the cluster's programs come from.

Postgres is found or installed by scripts/with-postgres. Patroni, etcd and HAProxy are those on PATH, or Debian's
packages, unpacked into a folder and not installed: installed, each would start a service of the system that nobody
asked for.
"""
import os
import shutil
import subprocess
from pathlib import Path

PACKAGES = ["patroni", "etcd-server", "etcd-client", "haproxy", "python3-etcd"]
PROGRAMS = ["patroni", "etcd", "haproxy"]
ROOT = Path(__file__).resolve().parent.parent.parent


class Missing(Exception):
    """A program is not to be had; the message says which."""


def postgres():
    """The folder with the server's programs."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    # It has them on PATH for its command.
    run = subprocess.run([ROOT / "scripts/with-postgres", "sh", "-c", "command -v initdb"], env=environment,
                         stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode != 0:
        raise Missing("no Postgres server: see above")
    binaries = Path(run.stdout.strip()).resolve().parent
    if not (binaries / "pg_rewind").exists():
        raise Missing(f"no pg_rewind in {binaries}")
    return str(binaries)


def others(folder):
    """What has to be in the environment so that the other programs are found."""
    if all(shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin") for program in PROGRAMS):
        return {"PATH": f"{os.environ['PATH']}:/usr/sbin"}
    if not shutil.which("apt-get"):
        raise Missing(f"needs {', '.join(PROGRAMS)} on PATH, or Debian's packages")

    for package in download():
        subprocess.run(["dpkg-deb", "-x", package, folder], check=True)
    libraries = [str(path) for path in Path(folder).glob("usr/lib/*-linux-*")]
    return {"PATH": f"{folder}/usr/bin:{folder}/usr/sbin:{os.environ['PATH']}:/usr/sbin",
            "LD_LIBRARY_PATH": ":".join(libraries),
            "PYTHONPATH": f"{folder}/usr/lib/python3/dist-packages",
            "PYTHONDONTWRITEBYTECODE": "1"}


def download():
    """The packages and what they depend on, as far as it is not installed; kept for the next time."""
    cache = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target") / "patroni"
    cache.mkdir(parents=True, exist_ok=True)
    names = needed()
    held = {path.name.split("_")[0]: path for path in cache.glob("*.deb")}
    missing = [name for name in names if name not in held]
    if missing:
        print(f"with-patroni: downloading {' '.join(missing)}", flush=True)
        apt(["download", *missing], cwd=cache)
        held = {path.name.split("_")[0]: path for path in cache.glob("*.deb")}
    return [held[name] for name in names]


def needed():
    simulate = ["-s", "install", "--no-install-recommends", *PACKAGES]
    try:
        plan = apt(simulate)
    except Missing:
        # A machine that has never asked has no lists yet.
        apt(["update"])
        plan = apt(simulate)
    return [line.split()[1] for line in plan.splitlines() if line.startswith("Inst ")]


def apt(arguments, cwd=None):
    run = subprocess.run(["apt-get", "-qq", *arguments], cwd=cwd, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise Missing(f"apt-get {arguments[0]}: {run.stderr.strip()}")
    return run.stdout
