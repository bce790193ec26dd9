"""Settles orders of a Django shop when orderwatch says that they have ended.

orderwatch buys the code and writes what it watched into the order's row; whether the order is approved
or rejected moves the customer's wallet and is the shop's own business. This file takes orderwatch's
signed notice and calls the function with which the shop's staff approve and reject. It needs Django
and nothing else; README.md beside it says how to put it into a shop.

What must stay true:

* nothing is believed that is not signed, and nothing that was signed more than five minutes ago,
* an order that is already approved or rejected, by whomever, is never touched,
* 2xx is said only after the shop's change is committed and the row was read back; anything else is
  an error, and orderwatch delivers the notice again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import logging
import time
import uuid

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

logger = logging.getLogger("orderwatch.listener")

TOLERANCE = 5 * 60
DECIDED = ("approved", "rejected")
# How a purchase failed when the customer's money goes back; ORDERWATCH_REJECT overrides it.
REJECTED = ("cancelled", "refused")


class BadSignature(Exception):
    """The request is not one of orderwatch's. Never repeats what it held."""


class NoSuchOrder(Exception):
    """This database has no such order of this tenant."""


class NotSettled(Exception):
    """The shop's function ended without the row saying so."""


@csrf_exempt
@require_POST
@transaction.non_atomic_requests
def orderwatch_webhook(request: HttpRequest) -> HttpResponse:
    """The view: takes one notice, settles at most one order."""
    body = request.body
    try:
        verify(_secrets(), request.headers, body, time.time())
    except BadSignature as why:
        logger.warning("orderwatch: notice refused: %s", why)
        return _say(401, str(why))

    try:
        order_id, tenant_id, verdict = read(body)
    except (AttributeError, KeyError, TypeError, ValueError):
        logger.error("orderwatch: a signed notice cannot be read")
        return _say(400, "cannot be read")
    if verdict is None:
        return _say(200, "left to staff")

    try:
        return _say(200, settle(order_id, tenant_id, verdict))
    except NoSuchOrder:
        # Most likely the wrong database: said to orderwatch, which shows what it cannot deliver.
        logger.error("orderwatch: there is no order %s of tenant %s here", order_id, tenant_id)
        return _say(404, "no such order")
    except Exception:
        # Whatever it was (the database, an overdraft, a customer who is missing): nothing was kept, and
        # orderwatch tries again for more than a day.
        logger.exception("orderwatch: order %s could not be settled as %s", order_id, verdict)
        return _say(500, "not settled")


def settle(order_id: uuid.UUID, tenant_id: uuid.UUID, verdict: str) -> str:
    """Calls the shop's function once for an order that nobody has decided.

    The row's lock is what makes it safe to be called twice at the same time, by two deliveries or by
    a delivery and a member of staff: the second one waits here, and then reads what the first one
    wrote. That also covers a notice that comes under another `webhook-id`, or after a table of seen
    ids was emptied, so there is no such table.
    """
    with transaction.atomic(durable=True):
        before = _status(order_id, tenant_id, lock=True)
        if before is None:
            raise NoSuchOrder
        if before in DECIDED:
            if before != verdict:
                # orderwatch holds such an order for review: "decided by staff".
                logger.warning("orderwatch: order %s is %s, the panel says %s", order_id, before, verdict)
            return f"already {before}"

        # Inside the transaction on purpose. The function has one of its own, which becomes a
        # savepoint: a database error that it swallows makes the savepoint's end fail, where without
        # it Postgres would answer the commit with a silent rollback and the refund would be lost.
        #
        # Without a note: the panel's words are in the row already (providerMessage), and a function
        # that writes notes may write them to other rows as well.
        _function()(
            order_id=str(order_id),
            next_status=verdict,
            expected_tenant_id=str(tenant_id),
        )

    # Read in a new transaction: what counts is what was committed.
    after = _status(order_id, tenant_id, lock=False)
    if after != verdict:
        raise NotSettled(f"the row says {after!r}")
    logger.info("orderwatch: order %s is %s", order_id, verdict)
    return verdict


def read(body: bytes) -> tuple[uuid.UUID, uuid.UUID, str | None]:
    """Order, tenant, and what the shop is to do; `None` where it is to do nothing."""
    notice = json.loads(body)
    data = notice["data"]
    order_id, tenant_id = uuid.UUID(data["order_id"]), uuid.UUID(data["tenant_id"])
    if notice["type"] != "order.settled":
        return order_id, tenant_id, None
    return order_id, tenant_id, _verdict(data["stage"], data.get("outcome"))


def _verdict(stage: str, outcome: str | None) -> str | None:
    """Money goes back only where the panel itself said that it sold nothing, or that it took the sale
    back. A purchase that timed out or was taken out of orderwatch's hands may still deliver: a person
    decides about it."""
    if stage == "completed":
        return "approved"
    if stage == "failed" and outcome in getattr(settings, "ORDERWATCH_REJECT", REJECTED):
        return "rejected"
    return None


def verify(secrets: list[bytes], headers, body: bytes, now: float) -> None:
    """Checks the signature as Standard Webhooks (symmetric, v1) has it.

    Raises BadSignature.
    """
    notice_id = headers.get("webhook-id", "")
    stamp = headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "")
    if not (notice_id and stamp and given):
        raise BadSignature("a header is missing")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise BadSignature("webhook-timestamp is not a number")
    if abs(now - int(stamp)) > TOLERANCE:
        raise BadSignature("webhook-timestamp is too far from this machine's clock")

    signed = b".".join((notice_id.encode(), stamp.encode(), body))
    wanted = [hmac.new(secret, signed, hashlib.sha256).digest() for secret in secrets]
    # While the key is changed, orderwatch signs with both, and the shop may know both: any pair will do.
    # Every pair is compared, so that the time taken does not tell which one fitted.
    fits = False
    for signature in _signatures(given):
        for digest in wanted:
            fits |= hmac.compare_digest(signature, digest)
    if not fits:
        raise BadSignature("the signature does not fit")


def _signatures(header: str) -> list[bytes]:
    found = []
    for part in header.split():
        version, comma, code = part.partition(",")
        if version != "v1" or not comma:
            continue
        try:
            found.append(base64.b64decode(code, validate=True))
        except (binascii.Error, ValueError):
            continue
    return found


def _secrets() -> list[bytes]:
    """ORDERWATCH_WEBHOOK_SECRET: `whsec_…`, or a list of them while the key is changed."""
    texts = settings.ORDERWATCH_WEBHOOK_SECRET
    if isinstance(texts, str):
        texts = [texts]
    secrets = []
    for text in texts:
        prefix, _, code = text.strip().partition("_")
        try:
            secret = base64.b64decode(code, validate=True)
        except (binascii.Error, ValueError):
            secret = b""
        # An empty or short key would let anybody sign.
        if prefix != "whsec" or len(secret) < 24:
            raise ImproperlyConfigured("ORDERWATCH_WEBHOOK_SECRET must be whsec_ and base64 of 24 bytes or more")
        secrets.append(secret)
    if not secrets:
        raise ImproperlyConfigured("ORDERWATCH_WEBHOOK_SECRET is empty")
    return secrets


def _function():
    """ORDERWATCH_SETTLE: the dotted path of the shop's function."""
    return import_string(settings.ORDERWATCH_SETTLE)


def _status(order_id: uuid.UUID, tenant_id: uuid.UUID, *, lock: bool) -> str | None:
    """The row's status in lower case, as some shops write it in capitals; `None` without a row."""
    sql = 'SELECT status FROM product_orders WHERE id = %s AND "tenantId" = %s'
    with connection.cursor() as cursor:
        cursor.execute(sql + (" FOR UPDATE" if lock else ""), [order_id, tenant_id])
        row = cursor.fetchone()
    return None if row is None else str(row[0] or "").strip().lower()


def _say(status: int, text: str) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
