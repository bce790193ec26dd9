"""One task for each check of each order; an order that is not final is asked about again by a retry of its task."""
import logging

import requests
from celery import shared_task
from django.utils import timezone

from shop import panel
from shop.models import Integration, ProductOrder

log = logging.getLogger(__name__)

FINAL = {"done", "failed"}
# Longer than a drain lasts: no order is asked about twice in one.
AGAIN_AFTER = 3000


@shared_task(bind=True, max_retries=288, autoretry_for=(requests.RequestException,), retry_backoff=True)
def check_order(self, order_id):
    order = ProductOrder.objects.get(pk=order_id)
    if order.external_status in FINAL:
        return {"order_id": order_id, "status": order.external_status}

    integration = Integration.objects.get(pk=order.provider_id, tenant_id=order.tenant_id)
    answer = panel.ask(integration, order.provider_referans)
    record(order, answer)
    log.info("order %s is %s", order_id, answer.state)

    if answer.state not in FINAL:
        raise self.retry(countdown=AGAIN_AFTER)
    return {"order_id": order_id, "status": answer.state}


def record(order, answer):
    now = timezone.now()
    order.external_status = answer.state
    order.provider_message = answer.message
    order.last_message = answer.message[:250]
    order.attempts += 1
    order.last_sync_at = now
    changed = ["external_status", "provider_message", "last_message", "attempts", "last_sync_at"]

    if answer.state in FINAL:
        order.pin_code = answer.pin
        order.status = "approved" if answer.state == "done" else "rejected"
        order.completed_at = now
        changed += ["pin_code", "status", "completed_at"]

    order.save(update_fields=changed)
