"""Django and Celery as the shop configures them: JSON tasks in Redis, results in the shop's own database.

What must stay true: with PEER_KEEP=1 every connection is kept, which is the best that this design can do; without it
Django, Celery and requests do as they do by default, a new connection to the database and to the panel for each task.
"""
import os

from psycopg.conninfo import conninfo_to_dict

KEEP_CONNECTIONS = os.environ["PEER_KEEP"] == "1"

_database = conninfo_to_dict(os.environ["PEER_DATABASE_URL"])

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _database["dbname"],
        "USER": _database.get("user", ""),
        "PASSWORD": _database.get("password", ""),
        "HOST": _database.get("host", ""),
        "PORT": _database.get("port", ""),
        "CONN_MAX_AGE": None if KEEP_CONNECTIONS else 0,
        "OPTIONS": {"application_name": os.environ["PEER_NAME"]},
    }
}
INSTALLED_APPS = ["django_celery_results", "shop"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SECRET_KEY = "nothing is signed here"
USE_TZ = True

CELERY_BROKER_URL = os.environ["PEER_BROKER_URL"]
CELERY_RESULT_BACKEND = "django-db"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_TRACK_STARTED = True
CELERY_TASK_TIME_LIMIT = 30 * 60
CELERY_TASK_SOFT_TIME_LIMIT = 25 * 60
