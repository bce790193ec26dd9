"""A shop of our own, as small as it can be: orders, a wallet, and a function that settles.

It has the habits of a real one that the listener must survive: it refunds whenever the row is not
rejected yet, charges again when a rejected order is approved, and swallows errors of the database.
"""

from django.db import DatabaseError, connection, transaction

TABLES = """
CREATE TABLE product_orders (
    id uuid PRIMARY KEY, "tenantId" uuid NOT NULL, status varchar NOT NULL, amount numeric(10,2) NOT NULL);
CREATE TABLE wallet (id serial PRIMARY KEY, order_id uuid NOT NULL, amount numeric(10,2) NOT NULL);
"""


class Overdraft(Exception):
    pass


class Calls:
    """How often the shop was asked, and what happens to be in the way."""

    count = 0
    before = staticmethod(lambda: None)

    @classmethod
    def reset(cls):
        cls.count = 0
        cls.before = staticmethod(lambda: None)


def settle(*, order_id, next_status, expected_tenant_id=None):
    Calls.count += 1
    with transaction.atomic():
        Calls.before()
        with connection.cursor() as cursor:
            cursor.execute(
                'SELECT status, amount FROM product_orders WHERE id = %s AND "tenantId" = %s FOR UPDATE',
                [order_id, expected_tenant_id],
            )
            status, amount = cursor.fetchone()
            money = 0
            if next_status == "rejected" and status.lower() != "rejected":
                money = amount
            if next_status == "approved" and status.lower() == "rejected":
                money = -amount
            if money:
                cursor.execute("INSERT INTO wallet (order_id, amount) VALUES (%s, %s)", [order_id, money])
            cursor.execute("UPDATE product_orders SET status = %s WHERE id = %s", [next_status, order_id])


def settle_and_swallow(**order):
    """Settles, and runs into an error of the database that it keeps to itself."""
    Calls.count += 1
    with transaction.atomic():
        settle(**order)
        try:
            with connection.cursor() as cursor:
                cursor.execute("UPDATE product_orders SET status = status WHERE id = 'stub-7'::uuid")
        except DatabaseError:
            pass


def settle_nothing(**_order):
    Calls.count += 1


def overdraft(**_order):
    Calls.count += 1
    raise Overdraft
