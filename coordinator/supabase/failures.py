"""What a refusal by PostgREST or Postgres means: one of our errors, in our words.

The server's own words are never repeated: they quote rows and values. Codes are those of
https://docs.postgrest.org/en/stable/references/errors.html and of Postgres' appendix A.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from coordinator.errors import (
    SourceAbsent,
    SourceBusy,
    SourceError,
    SourceLimit,
    SourceMisbehaved,
    SourceRefused,
    SourceUnauthorized,
    SourceUnreachable,
)
from coordinator.supabase.tables import MemoryShape

Kind = type[SourceError]


class Meaning(NamedTuple):
    """`said` follows "WHERE: "; in `said` and `hint`, {table} and {folder} are the table's."""

    kind: Kind
    said: str
    hint: str


_MIGRATE = "run the migrations in {folder}; then reload PostgREST's schema, or wait a minute"
_NEW_KEY = "give a secret key (sb_secret_…), or the service_role of a Postgres login"
_LATER = "it is tried again later"

_ABSENT = Meaning(SourceAbsent, "{table} or its functions are not there", _MIGRATE)
_OTHER_COLUMNS = Meaning(SourceMisbehaved, "{table} has other columns than expected", _MIGRATE)
_REFUSED_KEY = Meaning(SourceUnauthorized, "the key was refused", _NEW_KEY)
_BUSY = Meaning(SourceBusy, "the database has no connection left", _LATER)
_SILENT = Meaning(SourceUnreachable, "the database does not answer", _LATER)
_CONTENT = Meaning(SourceRefused, "a row was refused", "nothing of its batch was written")

_CODES: dict[str, Meaning] = {
    "PGRST000": _SILENT,
    "PGRST001": _SILENT,
    "PGRST002": _SILENT,
    "PGRST003": _BUSY,
    "PGRST106": Meaning(
        SourceAbsent, "the schema is not exposed", "add it under Settings > Data API > schemas"
    ),
    "PGRST202": _ABSENT,
    "PGRST204": _OTHER_COLUMNS,
    "PGRST205": _ABSENT,
    "PGRST300": Meaning(SourceMisbehaved, "PostgREST has no JWT secret", "set its jwt-secret"),
    "PGRST301": _REFUSED_KEY,
    "PGRST302": _REFUSED_KEY,
    "PGRST303": Meaning(SourceUnauthorized, "the token has ended or is not valid yet", _NEW_KEY),
    "08": _SILENT,
    "22": _CONTENT,
    "23": _CONTENT,
    "28": Meaning(SourceUnauthorized, "the login was refused", "check user and password"),
    "3D000": Meaning(SourceAbsent, "there is no such database", "check the database's URL"),
    "3F000": Meaning(SourceAbsent, "there is no such schema", "check `schema`"),
    "40": Meaning(SourceBusy, "somebody else wrote the same rows", _LATER),
    "42501": Meaning(SourceUnauthorized, "that role may not do that", _NEW_KEY),
    "42703": _OTHER_COLUMNS,
    "42804": _OTHER_COLUMNS,
    "42883": _ABSENT,
    "42P01": _ABSENT,
    "53": _BUSY,
    "54": Meaning(SourceLimit, "it is too large for the database", "make it shorter"),
    "55P03": Meaning(SourceBusy, "the rows are locked", _LATER),
    "57014": Meaning(SourceLimit, "it took longer than timeout_s", "raise it, or ask for less"),
    "57": _SILENT,
}
_STATUSES: dict[int, Meaning] = {
    401: _REFUSED_KEY,
    403: Meaning(SourceUnauthorized, "that key may not do that", _NEW_KEY),
    404: Meaning(SourceAbsent, "there is no PostgREST at that address", "check `url`"),
    413: Meaning(SourceLimit, "it is too large for the service", "make it shorter"),
    414: Meaning(SourceLimit, "the question is too long for the service", _LATER),
    429: Meaning(SourceBusy, "too many calls", _LATER),
    540: Meaning(SourceUnreachable, "the project is paused", "wake it in the dashboard"),
}
_CONNECTIONS: tuple[tuple[str, Meaning], ...] = (
    (
        r"password authentication failed|no pg_hba\.conf entry|role .* does not exist"
        r"|no password supplied|tenant or user not found",
        Meaning(SourceUnauthorized, "the login was refused", "check user and password in the URL"),
    ),
    (
        r"database .* does not exist",
        Meaning(SourceAbsent, "there is no such database", "check the last part of the URL"),
    ),
    (r"too many (?:clients|connections)|remaining connection slots|max client", _BUSY),
    (
        r"SSL|certificate",
        Meaning(
            SourceUnreachable,
            "no encrypted connection could be made",
            "the server must offer TLS, and its certificate fit `sslmode` and `sslrootcert`",
        ),
    ),
)
"""By the words of a refused connection: libpq gives no code for one."""
_EXPIRED = re.compile(r"\bJWT (?:token )?expired\b", re.IGNORECASE)


def refusal(
    where: str, shape: MemoryShape, *, code: str | None, status: int = 400, words: str = ""
) -> SourceError:
    """The error of a refusal with `code` (PostgREST's or Postgres') or, without, HTTP `status`.

    `words` are the server's; they are looked at for what no code tells, and never repeated.
    """
    meaning = _meaning(code, status, words)
    said = meaning.said.format(table=shape.name)
    shown = (
        code if code is not None and re.fullmatch(r"[A-Z0-9]{5,8}", code) else f"status {status}"
    )
    message, hint = f"{where}: {said} ({shown})", meaning.hint.format(folder=shape.folder)
    if issubclass(meaning.kind, SourceRefused):
        return meaning.kind(message, status=status, hint=hint)
    return meaning.kind(message, hint=hint)


def connection_refusal(where: str, words: str) -> SourceError:
    """The error of a connection to Postgres that was refused with `words`, or never answered."""
    for pattern, meaning in _CONNECTIONS:
        if re.search(pattern, words, re.IGNORECASE):
            return meaning.kind(f"{where}: {meaning.said}", hint=meaning.hint)
    return SourceUnreachable(
        f"{where} does not answer",
        hint="check host, port and network; a paused project is woken in the dashboard",
    )


def _meaning(code: str | None, status: int, words: str) -> Meaning:
    # before version 13 PostgREST gave an ended token the code of one it cannot read
    if code == "PGRST301" and _EXPIRED.search(words):
        return _CODES["PGRST303"]
    for name in (code or "", (code or "")[:2]):
        if name in _CODES:
            return _CODES[name]
    if status in _STATUSES:
        return _STATUSES[status]
    if status >= 500:
        return Meaning(SourceUnreachable, "the service does not work", _LATER)
    return Meaning(SourceRefused, "refused", "`orch sources check` may say more")
