"""The Celery application, which `celery -A worker worker` and the bench start from."""
import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")

app = Celery("peer")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["shop"])

# Without this number Celery closes the connections to the database before and after each task, whatever Django says.
# It is read by this name, prefix and all.
if os.environ["PEER_KEEP"] == "1":
    app.conf["CELERY_DB_REUSE_MAX"] = 1_000_000_000
