"""What a Supabase API key says about itself, without asking anybody: its kind, role and last day.

Supabase replaces the legacy keys, which are JSON Web Tokens, by opaque ones at the end of 2026.
An opaque key goes into the header ``apikey`` alone: sent as a bearer it is refused, as no token.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from coordinator.supabase.checking import Checked

NEAR_END = timedelta(days=30)
SERVICE_ROLE = "service_role"
_NEW_KEY = "make a secret key (sb_secret_…) under Settings > API Keys"


@dataclass(frozen=True)
class ApiKey:
    """A key; its text shows in no repr."""

    text: str = field(repr=False)
    kind: Literal["secret", "publishable", "token", "unknown"]
    role: str = ""
    expires: datetime | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The headers it goes into."""
        both = {"apikey": self.text, "Authorization": f"Bearer {self.text}"}
        return both if self.kind == "token" else {"apikey": self.text}


def api_key(text: str) -> ApiKey:
    """The key `text` is; of a legacy token the claims are read, not verified."""
    if text.startswith("sb_secret_"):
        return ApiKey(text, "secret", SERVICE_ROLE)
    if text.startswith("sb_publishable_"):
        return ApiKey(text, "publishable", "anon")
    claims = _claims(text)
    if claims is None:
        return ApiKey(text, "unknown")
    return ApiKey(text, "token", str(claims.get("role", "")), _moment(claims.get("exp")))


def key_checked(key: ApiKey, name: str, now: datetime) -> Checked:
    """What is to be said of `key`, which the environment variable `name` holds."""
    last_day = f"{key.expires:%Y-%m-%d}" if key.expires else ""
    if key.kind == "unknown":
        return _refused(f"{name} holds neither a secret key nor a token")
    if key.role != SERVICE_ROLE:
        return _refused(f"{name} holds a key of {key.role or 'nobody'}, which sees nothing")
    if key.expires is not None and key.expires <= now:
        return _refused(f"the token in {name} ended on {last_day}")
    if key.expires is not None and key.expires - now < NEAR_END:
        return Checked("warning", "key", f"the token in {name} ends on {last_day}", _NEW_KEY)
    if key.kind == "token":
        said = f"{name} holds a legacy key: Supabase ends those with 2026"
        return Checked("warning", "key", said, _NEW_KEY)
    return Checked("ok", "key", f"{name} holds a secret key")


def _refused(said: str) -> Checked:
    return Checked("failure", "key", said, _NEW_KEY)


def _claims(text: str) -> dict[str, Any] | None:
    parts = text.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return None
    return claims if isinstance(claims, dict) else None


def _moment(seconds: object) -> datetime | None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None
