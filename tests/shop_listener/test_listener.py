"""config/shop/orderwatch_listener.py against a shop of our own and a real Postgres, through Django.

Run by scripts/check-shop-listener.
"""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import sys
import threading
import time
import unittest
import unittest.mock
import urllib.parse
import uuid

import django
from django.conf import settings

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "config" / "shop")]

# The example of the Standard Webhooks specification.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD_SECRET = "whsec_" + base64.b64encode(b"o" * 32).decode()
STRANGE_SECRET = "whsec_" + base64.b64encode(b"x" * 32).decode()


def database(url):
    """What Django wants to know, from an address as `scripts/with-postgres` gives it."""
    parts = urllib.parse.urlsplit(url)
    host = urllib.parse.parse_qs(parts.query).get("host", [parts.hostname or ""])[0]
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/") or "postgres",
        "USER": urllib.parse.unquote(parts.username or ""),
        "PASSWORD": urllib.parse.unquote(parts.password or ""),
        "HOST": urllib.parse.unquote(host),
        "PORT": str(parts.port or urllib.parse.parse_qs(parts.query).get("port", [""])[0]),
    }


settings.configure(
    DATABASES={"default": database(os.environ["DATABASE_URL"])},
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    ORDERWATCH_WEBHOOK_SECRET=SECRET,
    ORDERWATCH_SETTLE="shop.settle",
    LOGGING_CONFIG=None,
)
django.setup()

import orderwatch_listener as listener  # noqa: E402
import shop  # noqa: E402
from django.core.exceptions import ImproperlyConfigured  # noqa: E402
from django.db import connection, connections  # noqa: E402
from django.test import Client, TransactionTestCase, override_settings  # noqa: E402
from django.test.runner import DiscoverRunner  # noqa: E402
from django.urls import path  # noqa: E402

urlpatterns = [path("orderwatch", listener.orderwatch_webhook)]


def sign(secret, notice_id, stamp, body):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{notice_id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def notice(order, tenant, stage="completed", outcome="completed", kind="order.settled"):
    return json.dumps(
        {
            "type": kind,
            "timestamp": "2030-03-17T17:47:40.123Z",
            "data": {
                "order_id": str(order),
                "tenant_id": str(tenant),
                "stage": stage,
                "outcome": outcome,
                "status": "pending",
                "external_status": "completed",
                "reference": "2779919265225264",
                "cost": "35.00",
            },
        }
    ).encode()


def deliver(body, *, secrets=(SECRET,), age=0, notice_id="n-1", signature=None, client=None):
    """Delivers a notice; returns status and text."""
    stamp = str(int(time.time()) - age)
    if signature is None:
        signature = " ".join(sign(secret, notice_id, stamp, body) for secret in secrets)
    answer = (client or Client()).post(
        "/orderwatch",
        body,
        content_type="application/json",
        headers={"webhook-id": notice_id, "webhook-timestamp": stamp, "webhook-signature": signature},
    )
    return answer.status_code, answer.content.decode()


class ShopCase(TransactionTestCase):
    available_apps = []

    def setUp(self):
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS product_orders, wallet;" + shop.TABLES)
        shop.Calls.reset()
        self.tenant = uuid.uuid4()
        self.order = self.place()

    def place(self, status="pending"):
        order = uuid.uuid4()
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO product_orders VALUES (%s, %s, %s, 45.65)",
                [order, self.tenant, status],
            )
        return order

    def status(self, order=None):
        with connection.cursor() as cursor:
            cursor.execute("SELECT status FROM product_orders WHERE id = %s", [order or self.order])
            return cursor.fetchone()[0]

    def wallet(self):
        with connection.cursor() as cursor:
            cursor.execute("SELECT amount::text FROM wallet ORDER BY id")
            return [row[0] for row in cursor.fetchall()]

    def cancelled(self, order=None):
        return notice(order or self.order, self.tenant, "failed", "cancelled")


class Signatures(ShopCase):
    def test_signs_as_the_specification_does(self):
        headers = {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        }
        secrets = [base64.b64decode(SECRET.removeprefix("whsec_"))]
        body = b'{"test": 2432232314}'

        listener.verify(secrets, headers, body, 1614265330)
        for change in ({"webhook-id": "msg_other"}, {"webhook-timestamp": "1614265331"}):
            with self.assertRaises(listener.BadSignature):
                listener.verify(secrets, headers | change, body, 1614265330)
        with self.assertRaises(listener.BadSignature):
            listener.verify(secrets, headers, body + b" ", 1614265330)

    def test_what_is_not_signed_is_refused_and_nothing_happens(self):
        body = self.cancelled()
        refused = {
            "another key": dict(secrets=(STRANGE_SECRET,)),
            "too old": dict(age=301),
            "from the future": dict(age=-310),
            "no signature": dict(signature=""),
            "another version": dict(signature="v1a,AAAA"),
            "not base64": dict(signature="v1,ß v1, v1,==="),
            "of another notice": dict(signature=sign(SECRET, "n-2", int(time.time()), body)),
        }
        for name, how in refused.items():
            with self.subTest(name):
                self.assertEqual(deliver(body, **how)[0], 401)

        self.assertEqual((shop.Calls.count, self.status(), self.wallet()), (0, "pending", []))

    def test_one_fitting_signature_of_several_is_enough(self):
        for secrets in [(STRANGE_SECRET, SECRET), (SECRET, STRANGE_SECRET), (SECRET,)]:
            with self.subTest(len(secrets)):
                order = self.place()
                self.assertEqual(deliver(notice(order, self.tenant), secrets=secrets), (200, "approved"))

    def test_two_keys_are_taken_while_the_key_is_changed(self):
        with override_settings(ORDERWATCH_WEBHOOK_SECRET=[SECRET, OLD_SECRET]):
            for secret in (SECRET, OLD_SECRET):
                order = self.place()
                self.assertEqual(deliver(notice(order, self.tenant), secrets=(secret,))[0], 200)

    def test_within_the_tolerance_it_is_taken(self):
        for age in (299, -290):
            order = self.place()
            self.assertEqual(deliver(notice(order, self.tenant), age=age)[0], 200)

    def test_a_key_that_is_none_is_an_error_of_the_settings(self):
        for secret in ("", [], "whsec_", "whsec_AAAA", SECRET.removeprefix("whsec_"), "whsec_not base64"):
            with self.subTest(secret), override_settings(ORDERWATCH_WEBHOOK_SECRET=secret):
                with self.assertRaises(ImproperlyConfigured):
                    deliver(self.cancelled())
        self.assertEqual(shop.Calls.count, 0)

    def test_only_post(self):
        self.assertEqual(Client().get("/orderwatch").status_code, 405)


class Stages(ShopCase):
    def test_what_the_shop_is_told_to_do(self):
        for stage, outcome, want in [
            ("completed", "completed", "approved"),
            # A daemon of before the outcome was told of: it completed all the same.
            ("completed", None, "approved"),
            ("failed", "cancelled", "rejected"),
            ("failed", "refused", "rejected"),
            ("failed", None, "pending"),
            ("failed", "something new", "pending"),
            ("timed_out", "timed_out", "pending"),
            ("withdrawn", "withdrawn", "pending"),
            ("something new", "cancelled", "pending"),
        ]:
            with self.subTest(stage=stage, outcome=outcome):
                order = self.place()
                self.assertEqual(deliver(notice(order, self.tenant, stage, outcome))[0], 200)
                self.assertEqual(self.status(order), want)
        self.assertEqual(self.wallet(), ["45.65", "45.65"])

    def test_a_shop_may_keep_refused_orders_for_its_staff(self):
        with override_settings(ORDERWATCH_REJECT=("cancelled",)):
            deliver(notice(self.order, self.tenant, "failed", "refused"))
            self.assertEqual(self.status(), "pending")
            deliver(self.cancelled())
            self.assertEqual(self.status(), "rejected")

    def test_notices_of_another_kind_are_taken_and_left(self):
        body = notice(self.order, self.tenant, kind="order.something")
        self.assertEqual(deliver(body), (200, "left to staff"))
        self.assertEqual(shop.Calls.count, 0)

    def test_what_cannot_be_read_is_said(self):
        for body in [b"", b"[]", b"{}", b"\xff", b'{"type": "order.settled", "data": {"order_id": 7}}',
                     notice("not-an-id", self.tenant), notice(self.order, None)]:
            with self.subTest(body):
                self.assertEqual(deliver(body)[0], 400)

    def test_status_is_compared_without_case(self):
        order = self.place("PENDING")
        self.assertEqual(deliver(self.cancelled(order)), (200, "rejected"))
        order = self.place("REJECTED")
        self.assertEqual(deliver(notice(order, self.tenant)), (200, "already rejected"))
        self.assertEqual(self.wallet(), ["45.65"])

    def test_a_forwarded_order_is_settled_too(self):
        order = self.place("sent")
        self.assertEqual(deliver(notice(order, self.tenant)), (200, "approved"))


class Repetitions(ShopCase):
    def test_a_second_delivery_changes_nothing(self):
        self.assertEqual(deliver(self.cancelled()), (200, "rejected"))
        for notice_id in ("n-1", "n-1", "n-2"):
            self.assertEqual(deliver(self.cancelled(), notice_id=notice_id), (200, "already rejected"))
        self.assertEqual((shop.Calls.count, self.wallet()), (1, ["45.65"]))

    def test_what_staff_decided_stands(self):
        for decided, stage, outcome in [
            ("rejected", "completed", "completed"),
            ("approved", "failed", "cancelled"),
            ("approved", "completed", "completed"),
        ]:
            order = self.place(decided)
            answer = deliver(notice(order, self.tenant, stage, outcome))
            self.assertEqual(answer, (200, f"already {decided}"))
        self.assertEqual((shop.Calls.count, self.wallet()), (0, []))

    def test_deliveries_at_the_same_time_settle_once(self):
        inside, leave = threading.Event(), threading.Event()

        def wait_inside():
            inside.set()
            self.assertTrue(leave.wait(30))

        shop.Calls.before = staticmethod(wait_inside)
        answers = []

        def one(notice_id):
            try:
                answers.append(deliver(self.cancelled(), notice_id=notice_id, client=Client()))
            finally:
                connections.close_all()

        threads = [threading.Thread(target=one, args=(f"n-{n}",)) for n in range(5)]
        threads[0].start()
        self.assertTrue(inside.wait(30))
        for thread in threads[1:]:
            thread.start()
        # The others stand at the row's lock before the first one is let on.
        self.wait_until_waiting(4)
        leave.set()
        for thread in threads:
            thread.join()

        self.assertEqual(sorted(answers), [(200, "already rejected")] * 4 + [(200, "rejected")])
        self.assertEqual((shop.Calls.count, self.wallet()), (1, ["45.65"]))

    def wait_until_waiting(self, sessions):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT count(*) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
                )
                if cursor.fetchone()[0] >= sessions:
                    return
        self.fail("the deliveries do not wait for each other")


class Errors(ShopCase):
    def test_an_error_is_said_and_nothing_is_kept(self):
        with override_settings(ORDERWATCH_SETTLE="shop.overdraft"), self.assertLogs("orderwatch.listener"):
            self.assertEqual(deliver(self.cancelled()), (500, "not settled"))
        self.assertEqual((self.status(), self.wallet()), ("pending", []))
        self.assertEqual(deliver(self.cancelled()), (200, "rejected"))
        self.assertEqual(self.wallet(), ["45.65"])

    def test_a_database_error_that_the_shop_swallows_is_not_taken_for_a_refund(self):
        with override_settings(ORDERWATCH_SETTLE="shop.settle_and_swallow"), self.assertLogs("orderwatch.listener"):
            self.assertEqual(deliver(self.cancelled()), (500, "not settled"))
        self.assertEqual((self.status(), self.wallet()), ("pending", []))

    def test_a_function_that_does_nothing_is_not_believed(self):
        with override_settings(ORDERWATCH_SETTLE="shop.settle_nothing"), self.assertLogs("orderwatch.listener"):
            self.assertEqual(deliver(self.cancelled()), (500, "not settled"))

    def test_a_function_that_is_not_there_is_an_error(self):
        with override_settings(ORDERWATCH_SETTLE="shop.no_such_function"), self.assertLogs("orderwatch.listener"):
            self.assertEqual(deliver(self.cancelled()), (500, "not settled"))

    def test_it_commits_by_itself_in_a_shop_whose_requests_are_transactions(self):
        with unittest.mock.patch.dict(connection.settings_dict, {"ATOMIC_REQUESTS": True}):
            self.assertEqual(deliver(self.cancelled()), (200, "rejected"))

    def test_an_order_that_is_not_here_is_said(self):
        for order, tenant in [(uuid.uuid4(), self.tenant), (self.order, uuid.uuid4())]:
            with self.assertLogs("orderwatch.listener"):
                self.assertEqual(deliver(notice(order, tenant)), (404, "no such order"))
        self.assertEqual(shop.Calls.count, 0)

    def test_what_orderwatch_leaves_to_staff_needs_no_row(self):
        self.assertEqual(deliver(notice(uuid.uuid4(), self.tenant, "withdrawn", "withdrawn"))[0], 200)


if __name__ == "__main__":
    runner = DiscoverRunner(buffer=True)
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__])
    databases = runner.setup_databases()
    result = runner.run_suite(suite)
    runner.teardown_databases(databases)
    sys.exit(0 if result.wasSuccessful() else 1)
