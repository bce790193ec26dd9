"""What stands beside the workers: a database of the bench's own, a Redis and the practice panel.

Redis listens on a socket in the bench's folder and writes nothing to disk.

What must stay true: each ends with the bench, however that ends.
"""
import contextlib
import subprocess
import time
import uuid
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis

# Before a command that would not notice our end by itself.
WITH_US = ["setpriv", "--pdeathsig", "TERM"]


@contextlib.contextmanager
def database(server_url):
    """The address of a new, empty database on the server."""
    name = f"orderwatch_peer_{uuid.uuid4().hex}"
    _on_server(server_url, f"CREATE DATABASE {name}")
    try:
        yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    finally:
        _on_server(server_url, f"DROP DATABASE {name} WITH (FORCE)")


def _on_server(url, statement):
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


@contextlib.contextmanager
def broker(folder):
    """A Redis: its process and the path of its socket."""
    socket = f"{folder}/redis.sock"
    command = [*WITH_US, "redis-server", "--port", "0", "--unixsocket", socket, "--dir", folder]
    command += ["--save", "", "--appendonly", "no"]
    with open(f"{folder}/redis.log", "w") as log, _ended(subprocess.Popen(command, stdout=log)) as process:
        client = redis.Redis(unix_socket_path=socket)
        deadline = time.monotonic() + 30
        while True:
            try:
                client.ping()
                break
            except redis.exceptions.ConnectionError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit("Redis did not start") from None
                time.sleep(0.02)
        yield process, socket


class Panel:
    """The practice panel in a process of its own, which tells how often it was asked."""

    def __init__(self, process):
        self.pid = process.pid
        self._process = process
        self.url = self._line()

    def questions(self):
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return int(self._line())

    def _line(self):
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("the panel has ended")
        return line.strip()


@contextlib.contextmanager
def panel(program, answers):
    command = [program, "panel", "--answers", answers]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with _ended(process):
        yield Panel(process)


@contextlib.contextmanager
def _ended(process):
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)
