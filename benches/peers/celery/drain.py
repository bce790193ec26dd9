"""Orders that are all due at once, checked by Celery workers: the counterpart of `cargo bench --bench drain`.

Orders are put into the shop's table and one task for each into Redis, in a queue that nobody consumes yet. From the
moment when the workers start to consume it until the panel was asked about each order and each row and each result
is written, time and processor time are measured. A drain that did not check every order exactly once is an error.
"""
import argparse
import contextlib
import datetime
import math
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import uuid

import processes
import servers

# Orders that are checked before anything is measured, so that every process has opened its connections.
WARM_UP = 200


def main():
    # As an exit, so that what was started is ended and the database is removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = arguments()

    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="orderwatch-peer."))
        database = stack.enter_context(servers.database(os.environ["DATABASE_URL"]))
        redis_process, socket = stack.enter_context(servers.broker(folder))
        prepare(database, socket, keep=not options.defaults)
        describe(options)

        for answers in ("waiting", "done"):
            with servers.panel(options.panel, answers) as panel:
                for concurrency in options.processes:
                    series(options, Bench(folder, panel, redis_process.pid, answers, concurrency))


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench-peers", description=__doc__.partition("\n")[0])
    parser.add_argument("--orders", type=int, default=2000, help="orders that are due at once (default: 2000)")
    parser.add_argument("--rounds", type=int, default=3, help="how often to repeat each drain (default: 3)")
    parser.add_argument("--processes", type=int, nargs="+", default=[2, 4], help="worker processes (default: 2 4)")
    parser.add_argument(
        "--defaults",
        action="store_true",
        help="a new connection to database and panel for each task, as Django, Celery and requests do by default",
    )
    parser.add_argument("--panel", required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


def prepare(database, socket, keep):
    """Sets Django up in this process, and by its environment in the workers'; makes the tables."""
    os.environ.update(
        PEER_DATABASE_URL=database,
        PEER_BROKER_URL=f"redis+socket://{socket}",
        PEER_KEEP="1" if keep else "0",
        PEER_NAME="peer bench",
        DJANGO_SETTINGS_MODULE="settings",
    )
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)


def describe(options):
    import celery
    import django
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), current_setting('fsync')")
        version, fsync = cursor.fetchone()
    kept = "new for each task" if options.defaults else "kept"
    python = sys.version.split()[0]
    print(f"Celery {celery.__version__}, Django {django.__version__}, Python {python}, connections {kept}")
    print(f"Postgres {version.split()[0]}, fsync {fsync}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


def series(options, bench):
    name = f"celery, {bench.answers}, prefork {bench.concurrency}"
    print(f"\n{name}: {options.orders} checks")
    rounds = []
    for _ in range(options.rounds):
        drained = bench.drain(options.orders)
        print("  " + line(drained), flush=True)
        rounds.append(drained)

    middle = {figure: statistics.median(drained[figure] for drained in rounds) for figure in rounds[0]}
    print(f"  median of {options.rounds} rounds: {name}: {line(middle)}", flush=True)


def line(drained):
    text = (
        "{rate:.0f} checks/s, {workers:.2f} ms CPU per check (Redis {redis:.2f}, Postgres {postgres:.2f}, "
        "panel {panel:.2f}), at most {ceiling:.0f} checks/s with all cores, {memory:.1f} MiB per process"
    )
    return text.format(**drained)


class Bench:
    """One number of processes at one panel."""

    def __init__(self, folder, panel, redis_pid, answers, concurrency):
        self.folder, self.panel, self.redis_pid = folder, panel, redis_pid
        self.answers, self.concurrency = answers, concurrency

    def drain(self, orders):
        from worker import app

        empty(app)
        integration = open_shop(self.panel.url)
        first, due = put(integration, WARM_UP), put(integration, orders)

        with self.workers() as workers:
            asked = self.panel.questions()
            send(first, "first")
            self.wait(workers, asked + WARM_UP, WARM_UP)

            send(due, "due")
            settle()
            before, began = self.used(workers.pid), time.monotonic()
            app.control.add_consumer("due")
            self.wait(workers, asked + WARM_UP + orders, WARM_UP + orders)
            took, after = time.monotonic() - began, self.used(workers.pid)
            sizes = [processes.memory(pid) for pid in processes.family(workers.pid)]

        self.check(WARM_UP + orders, self.panel.questions() - asked)
        each = {who: 1000 * (after[who] - before[who]) / orders for who in after}
        # What a machine that does other things as well cannot hide: no design is faster than its cores.
        busy = sum(cost for cost in each.values() if not math.isnan(cost))
        ceiling = 1000 * os.cpu_count() / busy
        return {"rate": orders / took, "ceiling": ceiling, "memory": statistics.mean(sizes), **each}

    @contextlib.contextmanager
    def workers(self):
        command = [*servers.WITH_US, sys.executable, "-m", "celery", "-A", "worker", "worker", "--pool=prefork"]
        command += ["-Q", "first", f"--concurrency={self.concurrency}"]
        command += ["--loglevel=info", f"--logfile={self.folder}/worker.log"]
        # Celery warns of an account with all rights on the output.
        with open(f"{self.folder}/worker.out", "w") as output:
            environment = {**os.environ, "PEER_NAME": "peer worker"}
            process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        family = {process.pid}
        try:
            yield process
            family = processes.family(process.pid)
        finally:
            # Tasks for later are its own to give back to Redis, which is emptied before the next drain.
            process.terminate()
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                for pid in family:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, 9)
                process.wait()

    def wait(self, workers, asked, written):
        deadline = time.monotonic() + 300
        while self.panel.questions() < asked or not self.are_written(written):
            if workers.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the orders are not drained; see the end of the workers' log:\n{self.log_tail()}")
            time.sleep(0.01)

    def are_written(self, orders):
        from django_celery_results.models import TaskResult

        return TaskResult.objects.filter(status=self.result()).count() == orders

    def result(self):
        return "RETRY" if self.answers == "waiting" else "SUCCESS"

    def used(self, workers_pid):
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'peer worker'")
            backends = [pid for (pid,) in cursor.fetchall()]
        return {
            "workers": processes.cpu(processes.family(workers_pid)),
            "redis": processes.cpu([self.redis_pid]),
            # Those of connections that live for one task are gone by now.
            "postgres": processes.cpu(backends) if os.environ["PEER_KEEP"] == "1" else float("nan"),
            "panel": processes.cpu([self.panel.pid]),
        }

    def check(self, orders, questions):
        from shop.models import ProductOrder

        rows = ProductOrder.objects.filter(attempts=1)
        if self.answers == "waiting":
            rows = rows.filter(external_status="processing", status="pending", pin_code=None)
        else:
            rows = rows.filter(external_status="done", status="approved", pin_code__isnull=False)
        if (rows.count(), questions) != (orders, orders):
            raise SystemExit(f"of {orders} orders {rows.count()} are written, with {questions} questions")

    def log_tail(self):
        with open(f"{self.folder}/worker.log") as log:
            return "".join(log.readlines()[-20:])


def empty(app):
    from django_celery_results.models import TaskResult
    from shop.models import Integration, ProductOrder

    with app.connection_for_write() as connection:
        connection.default_channel.client.flushall()
    for model in (TaskResult, ProductOrder, Integration):
        model.objects.all().delete()


def open_shop(url):
    from shop.models import Integration

    return Integration.objects.create(tenant_id=uuid.uuid4(), base_url=url, kod="bayi", sifre="gizli")


def put(integration, orders):
    """Orders that were bought ten minutes ago and that the panel is known to work on."""
    from django.utils import timezone
    from shop.models import ProductOrder

    bought = timezone.now() - datetime.timedelta(minutes=10)
    rows = []
    for _ in range(orders):
        order = ProductOrder(
            tenant_id=integration.tenant_id,
            provider_id=str(integration.id),
            external_status="processing",
            provider_referans=str(3_000_000_000_000_000 + uuid.uuid4().int % 10**15),
            sent_at=bought,
            created_at=bought,
        )
        order.external_order_id = str(order.id)
        order.user_identifier = f"player-{order.provider_referans}"
        rows.append(order)
    ProductOrder.objects.bulk_create(rows, batch_size=1000)
    return [str(order.id) for order in rows]


def send(orders, queue):
    from shop.tasks import check_order

    for order in orders:
        check_order.apply_async((order,), queue=queue)


def settle():
    """What is to be written to disk is written now; without the right to ask for it, it stays as it is."""
    from django.db import Error, connection

    with contextlib.suppress(Error), connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")


if __name__ == "__main__":
    main()
