"""The question that a znet panel is asked about a purchase."""
from typing import NamedTuple

import requests
from django.conf import settings

TIMEOUT = 20
STATES = {"1": "processing", "2": "done", "3": "failed"}

# One for each process: it is made after the fork, with the first question.
_session = None


class Answer(NamedTuple):
    state: str
    pin: str | None
    message: str


def ask(integration, reference):
    response = _client().get(
        f"{integration.base_url}/servis/pin_kontrol.php",
        params={"kod": integration.kod, "sifre": integration.sifre, "tahsilat_api_islem_id": reference},
        timeout=TIMEOUT,
    )
    response.raise_for_status()

    return read(response.content.decode("utf-8"))


def read(body):
    fields = body.strip().split("|", 3)
    if len(fields) < 4 or fields[0].upper() != "OK" or fields[1] not in STATES:
        raise ValueError("the panel's answer cannot be read")

    pin = fields[2].strip()
    return Answer(STATES[fields[1]], None if pin in ("", "-") else pin, fields[3].strip())


def _client():
    global _session
    if not settings.KEEP_CONNECTIONS:
        return requests
    if _session is None:
        _session = requests.Session()
        # Neither reads proxies and password files again for each request.
        _session.trust_env = False
    return _session
