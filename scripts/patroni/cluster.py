"""A Patroni cluster on the loopback interface: etcd, two Postgres nodes, and HAProxy before them.

Everything lives in one folder, pid files included, so that whoever knows the folder can kill a node, start it
again, or remove all of it. What must stay true: only processes that this folder names are ever signalled.
"""
import json
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

NODES = ("a", "b")
# Short, so that a failover takes seconds; Patroni's own defaults are ttl 30, loop_wait 10, retry_timeout 10.
TTL, LOOP_WAIT, RETRY_TIMEOUT = 12, 1, 5
# Only a failure takes this long.
DEADLINE = 180

PATRONI = """
scope: orderwatch
name: {node}
restapi: {{listen: "127.0.0.1:{rest}", connect_address: "127.0.0.1:{rest}"}}
etcd3: {{host: "127.0.0.1:{etcd}"}}
bootstrap:
  dcs:
    ttl: {ttl}
    loop_wait: {loop_wait}
    retry_timeout: {retry_timeout}
    # A standby that misses commits is promoted all the same.
    maximum_lag_on_failover: 1073741824
    synchronous_mode: {synchronous}
    postgresql:
      use_pg_rewind: true
      use_slots: true
      parameters:
        max_connections: 200
        wal_keep_size: 256MB
        # The machine stays up, only its processes are killed: what was written is there again.
        fsync: "off"
  initdb: [{{encoding: UTF8}}, {{locale: {locale}}}, data-checksums]
  pg_hba: ["host all all 127.0.0.1/32 scram-sha-256", "host replication all 127.0.0.1/32 scram-sha-256"]
postgresql:
  listen: "127.0.0.1:{postgres}"
  connect_address: "127.0.0.1:{postgres}"
  data_dir: {folder}/{node}/data
  bin_dir: {binaries}
  pgpass: {folder}/{node}/pgpass
  authentication:
    superuser: {{username: orderwatch, password: "{password}"}}
    replication: {{username: standby, password: "{password}"}}
  parameters: {{unix_socket_directories: "{folder}/{node}"}}
"""

# The sessions of a node that is no primary any more must end: a daemon would go on asking one that refuses to write.
HAPROXY = """
global
    maxconn 1000
defaults
    mode tcp
    timeout connect 2s
    timeout client 30m
    timeout server 30m
    timeout check 2s
listen primary
    bind 127.0.0.1:{port}
    option httpchk OPTIONS /primary
    http-check expect status 200
    default-server inter 1s fall 2 rise 1 on-marked-down shutdown-sessions
"""


class Failed(Exception):
    """The cluster does not do what it should; the message says what."""


class Cluster:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.facts = json.loads((self.folder / "cluster.json").read_text())

    @classmethod
    def create(cls, folder, binaries, tools, synchronous, account):
        """Writes down what the cluster is; nothing runs yet."""
        names = ["etcd", "etcd_peer", "haproxy"]
        names += [f"{kind}_{node}" for node in NODES for kind in ("rest", "postgres")]
        facts = {"binaries": binaries, "tools": tools, "synchronous": synchronous, "account": account,
                 "password": secrets.token_hex(16), "ports": dict(zip(names, free_ports(len(names))))}
        (Path(folder) / "cluster.json").write_text(json.dumps(facts))
        return cls(folder)

    def start(self):
        ports = self.facts["ports"]
        client, peer = (f"http://127.0.0.1:{ports[name]}" for name in ("etcd", "etcd_peer"))
        self.spawn("etcd", ["etcd", "--name", "etcd", "--data-dir", str(self.folder / "etcd-data"), "--unsafe-no-fsync",
                            "--listen-client-urls", client, "--advertise-client-urls", client,
                            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                            "--initial-cluster", f"etcd={peer}"])
        self.await_that("etcd answers", lambda: answers(f"{client}/health"))

        for node in NODES:
            self.configure(node)
            self.start_node(node)
            # One after the other, so that the first is the primary and the second a copy of it.
            self.await_that(f"node {node} runs", lambda: self.rest(node, "health"))
        self.await_that("the standby follows", self.is_whole)

        lines = [f"    server {node} 127.0.0.1:{ports[f'postgres_{node}']} check port {ports[f'rest_{node}']}\n"
                 for node in NODES]
        configuration = self.folder / "haproxy.cfg"
        configuration.write_text(HAPROXY.format(port=ports["haproxy"]) + "".join(lines))
        self.spawn("haproxy", ["haproxy", "-db", "-f", str(configuration)])
        # It takes both for primaries until its first checks have failed at one of them.
        self.await_that("HAProxy knows the standby", lambda: " is DOWN" in (self.folder / "haproxy.log").read_text())

    def url(self):
        return f"postgres://orderwatch:{self.facts['password']}@127.0.0.1:{self.facts['ports']['haproxy']}/postgres"

    def configure(self, node):
        home = self.folder / node
        home.mkdir(mode=0o700)
        ports = self.facts["ports"]
        text = PATRONI.format(node=node, rest=ports[f"rest_{node}"], postgres=ports[f"postgres_{node}"],
                              etcd=ports["etcd"], ttl=TTL, loop_wait=LOOP_WAIT, retry_timeout=RETRY_TIMEOUT,
                              synchronous=str(self.facts["synchronous"]).lower(), folder=self.folder,
                              locale="C.UTF-8" if "C.utf8" in output(["locale", "-a"]) else "C",
                              binaries=self.facts["binaries"], password=self.facts["password"])
        (home / "patroni.yml").write_text(text)
        if self.facts["account"]:
            shutil.chown(home, self.facts["account"])
            shutil.chown(home / "patroni.yml", self.facts["account"])

    def start_node(self, node):
        self.spawn(node, ["patroni", str(self.folder / node / "patroni.yml")])

    def kill_node(self, node):
        """kill -9 of everything on the node at once, as if its machine had lost its power."""
        roots = [pid for pid in (self.pid_of(node), self.postmaster(node)) if pid]
        everything = list(roots)
        # Stopped first, parents before children: what is stopped starts nothing more, and tells nobody of its end.
        for pid in roots:
            send(pid, signal.SIGSTOP)
        for pid in descendants(roots):
            send(pid, signal.SIGSTOP)
            everything.append(pid)
        for pid in everything:
            send(pid, signal.SIGKILL)
        self.await_that(f"node {node} is gone", lambda: not any(is_running(pid) for pid in everything))

    def primary(self):
        return next((node for node in NODES if self.rest(node, "primary")), None)

    def is_whole(self):
        """Whether there is a primary, and a standby that could take its place."""
        role = "synchronous" if self.facts["synchronous"] else "replica"
        primary = self.primary()
        other = next((node for node in NODES if node != primary), None)
        return primary and self.rest(other, role) and self.ask(
            "SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'", self.facts["ports"][f"postgres_{primary}"])

    def hold_replication(self):
        """Stops the process that sends the log: nothing more reaches the standby, not even a buffer on the way."""
        primary = self.primary() or fail("no primary")
        pid = self.ask("SELECT pid FROM pg_stat_replication", self.facts["ports"][f"postgres_{primary}"])
        if not pid or int(pid) not in descendants([self.postmaster(primary)]):
            raise Failed("nothing is replicated")
        send(int(pid), signal.SIGSTOP)
        return primary

    def lost_commits(self, killed):
        """Transactions that the killed primary had committed and its successor does not have, by its own log."""
        data = self.folder / killed / "data"
        successor = self.folder / next(node for node in NODES if node != killed) / "data"
        history = max((successor / "pg_wal").glob("*.history"), key=lambda path: path.name)
        line, fork = history.read_text().strip().splitlines()[-1].split("\t")[:2]
        command = [f"{self.facts['binaries']}/pg_waldump", "-p", str(data / "pg_wal"), "-t", line, "-s", fork]
        dump = subprocess.run([*command, "--rmgr=Transaction"], capture_output=True, text=True, check=False)
        # It always ends with an error, as the log ends in the middle of a page.
        if "could not find" in dump.stderr and "valid record after" not in dump.stderr:
            raise Failed(f"the log of node {killed} cannot be read: {dump.stderr}")
        return len(re.findall(r"desc: COMMIT\b", dump.stdout))

    def rewinds(self, node):
        return (self.folder / f"{node}.log").read_text(errors="replace").count("running pg_rewind")

    def rest(self, node, path):
        return answers(f"http://127.0.0.1:{self.facts['ports'][f'rest_{node}']}/{path}")

    def ask(self, sql, port):
        """The first column of the first row; empty without one, or without a server."""
        run = subprocess.run([f"{self.facts['binaries']}/psql", "-XAtqc", sql, "-h", "127.0.0.1", "-p", str(port),
                              "-U", "orderwatch", "postgres"], capture_output=True, text=True, check=False,
                             env={**os.environ, "PGPASSWORD": self.facts["password"], "PGCONNECT_TIMEOUT": "3"})
        return run.stdout.strip().split("\n")[0] if run.returncode == 0 else ""

    def spawn(self, name, command):
        tools = self.facts["tools"]
        environment = {"HOME": str(self.folder), "TZ": "UTC", "LANG": "C", "PATH": os.environ["PATH"], **tools}
        account = self.facts["account"]
        identity = {"user": account, "group": pwd.getpwnam(account).pw_gid, "extra_groups": []} if account else {}
        with open(self.folder / f"{name}.log", "ab") as log:
            child = subprocess.Popen([shutil.which(command[0], path=environment["PATH"]) or command[0], *command[1:]],
                                     cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                     start_new_session=True, **identity)
        (self.folder / f"{name}.pid").write_text(str(child.pid))

    def pid_of(self, name):
        return read_pid(self.folder / f"{name}.pid", str(self.folder))

    def postmaster(self, node):
        return read_pid(self.folder / node / "data" / "postmaster.pid", str(self.folder / node / "data"))

    def await_that(self, what, happens):
        end = time.monotonic() + DEADLINE
        while not happens():
            if time.monotonic() > end:
                raise Failed(f"waited in vain: {what}")
            time.sleep(0.1)

    def end(self):
        """Kills all of it; repeated, as a node may just have been started."""
        for _ in range(3):
            for node in NODES:
                self.kill_node(node)
            for name in ("haproxy", "etcd"):
                send(self.pid_of(name), signal.SIGKILL)
            time.sleep(0.1)


def fail(why):
    raise Failed(why)


def free_ports(count):
    # All held at once, so that no two are the same.
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=3) as answer:
            return answer.status == 200
    except OSError:
        return False


def output(command):
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def read_pid(path, mark):
    """The process that a pid file names, if it is still the one: its command line names our folder."""
    try:
        pid = int(path.read_text().split("\n")[0])
        return pid if mark in Path(f"/proc/{pid}/cmdline").read_text() and is_running(pid) else None
    except (OSError, ValueError):
        return None


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def descendants(roots):
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = []
    level = set(roots)
    while level:
        level = {pid for pid, parent in parents.items() if parent in level}
        found += level
    return found


def send(pid, number):
    try:
        if pid:
            os.kill(pid, number)
    except ProcessLookupError:
        pass
