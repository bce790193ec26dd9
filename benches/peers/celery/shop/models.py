"""The shop's tables, as far as a check reads and writes them."""
import uuid

from django.db import models


class Integration(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    tenant_id = models.UUIDField(db_column="tenantId")
    base_url = models.CharField(max_length=255, db_column="baseUrl")
    kod = models.CharField(max_length=120)
    sifre = models.CharField(max_length=120)

    class Meta:
        db_table = "integrations"


class ProductOrder(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    tenant_id = models.UUIDField(db_column="tenantId")
    status = models.CharField(max_length=20, default="pending")
    user_identifier = models.CharField(max_length=255, db_column="userIdentifier")
    provider_id = models.CharField(max_length=255, db_column="providerId")
    external_order_id = models.CharField(max_length=255, db_column="externalOrderId")
    external_status = models.CharField(max_length=20, db_column="externalStatus")
    provider_referans = models.CharField(max_length=255)
    attempts = models.IntegerField(default=0)
    last_message = models.CharField(max_length=250, null=True, db_column="lastMessage")
    provider_message = models.TextField(null=True, db_column="providerMessage")
    pin_code = models.CharField(max_length=120, null=True, db_column="pinCode")
    sent_at = models.DateTimeField(db_column="sentAt")
    last_sync_at = models.DateTimeField(null=True, db_column="lastSyncAt")
    completed_at = models.DateTimeField(null=True, db_column="completedAt")
    created_at = models.DateTimeField(db_column="createdAt")

    class Meta:
        db_table = "product_orders"
        indexes = [
            models.Index(fields=["tenant_id"], name="idx_orders_tenant"),
            models.Index(fields=["created_at"], name="idx_orders_created_at"),
        ]
