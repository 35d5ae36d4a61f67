"""API keys, refusals and checks of Supabase projects."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from coordinator.supabase.checking import schema_checked
from coordinator.supabase.failures import connection_refusal, refusal
from coordinator.supabase.keys import api_key, key_checked
from coordinator.supabase.tables import COMPANY, GLOBAL

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def token(**claims):
    return f"head.{urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b'=').decode()}.sign"


def service(days: float) -> str:
    """A token of the coordinator's that ends so many days from now."""
    return token(role="service_role", exp=(NOW + timedelta(days=days)).timestamp())


def test_an_opaque_key_goes_into_one_header_and_a_token_into_two():
    assert api_key("sb_secret_x").headers == {"apikey": "sb_secret_x"}
    key = token(role="service_role")
    assert api_key(key).headers == {"apikey": key, "Authorization": f"Bearer {key}"}
    assert "Authorization" not in api_key("what.is.this").headers


@pytest.mark.parametrize("text", ["sb_secret_hunter2", "hunter2", token(role="x", a="hunter2")])
def test_a_key_shows_in_no_repr(text):
    assert text not in repr(api_key(text))


@pytest.mark.parametrize(
    ("text", "level", "said"),
    [
        ("sb_secret_x", "ok", "secret key"),
        ("sb_publishable_x", "failure", "key of anon"),
        (token(role="anon"), "failure", "key of anon"),
        (token(role="authenticated", company="acme"), "failure", "key of authenticated"),
        (token(), "failure", "key of nobody"),
        ("nonsense", "failure", "neither"),
        (token(role="service_role"), "warning", "legacy"),
        (service(400), "warning", "legacy"),
        (service(1), "warning", "ends on 2026-11-21"),
        (service(-1), "failure", "ended on 2026-11-19"),
        (service(0), "failure", "ended on 2026-11-20"),
        (token(role="service_role", exp=10**30), "warning", "legacy"),
        (token(role="service_role", exp=True), "warning", "legacy"),
        (token(role="service_role", exp="soon"), "warning", "legacy"),
    ],
)
def test_what_is_said_of_a_key(text, level, said):
    found = key_checked(api_key(text), "ACME_KEY", NOW)
    assert (found.level, found.what) == (level, "key")
    assert "ACME_KEY" in found.said and said in found.said
    assert bool(found.hint) == (level != "ok")


def test_a_tokens_end_is_told_thirty_days_before():
    def said(days: float) -> str:
        return key_checked(api_key(service(days)), "K", NOW).said

    assert "ends on" in said(29.9)
    assert "ends on" not in said(30.1)


@given(st.text())
def test_no_text_is_an_error_as_a_key(text):
    for one in (text, f"a.{text}.b"):
        key_checked(api_key(one), "K", NOW)


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("PGRST301", 401, SourceUnauthorized),
        ("PGRST302", 401, SourceUnauthorized),
        ("PGRST303", 401, SourceUnauthorized),
        ("42501", 403, SourceUnauthorized),
        ("28P01", 403, SourceUnauthorized),
        (None, 401, SourceUnauthorized),
        (None, 403, SourceUnauthorized),
        ("PGRST202", 404, SourceAbsent),
        ("PGRST205", 404, SourceAbsent),
        ("42P01", 404, SourceAbsent),
        ("42883", 404, SourceAbsent),
        ("PGRST106", 406, SourceAbsent),
        ("PGRST204", 400, SourceMisbehaved),
        ("42703", 400, SourceMisbehaved),
        ("PGRST003", 504, SourceBusy),
        ("53300", 503, SourceBusy),
        ("40P01", 500, SourceBusy),
        ("40001", 500, SourceBusy),
        (None, 429, SourceBusy),
        ("57014", 500, SourceLimit),
        ("54001", 500, SourceLimit),
        (None, 413, SourceLimit),
        ("57P01", 500, SourceUnreachable),
        ("08006", 503, SourceUnreachable),
        ("PGRST001", 503, SourceUnreachable),
        (None, 540, SourceUnreachable),
        (None, 522, SourceUnreachable),
        ("23505", 409, SourceRefused),
        ("23514", 400, SourceRefused),
        ("22P05", 400, SourceRefused),
        ("22000", 400, SourceRefused),
        ("PGRST116", 406, SourceRefused),
        ("P0001", 400, SourceRefused),
        (None, 400, SourceRefused),
    ],
)
def test_what_a_refusal_is(code, status, error):
    told = refusal("the project", COMPANY, code=code, status=status)
    assert type(told) is error
    assert told.message.startswith("the project: ")
    assert (code or str(status)) in told.message
    assert told.hint
    if isinstance(told, SourceRefused):
        assert told.status == status


def test_an_ended_token_is_told_apart_from_one_that_cannot_be_read():
    old = refusal("p", GLOBAL, code="PGRST301", status=401, words="JWT expired")
    new = refusal("p", GLOBAL, code="PGRST303", status=401)
    other = refusal("p", GLOBAL, code="PGRST301", status=401, words="JWSError JWSInvalidSignature")
    assert "has ended" in old.message and "has ended" in new.message
    assert "has ended" not in other.message


@pytest.mark.parametrize(("shape", "folder"), [(COMPANY, "company"), (GLOBAL, "global")])
def test_what_is_missing_is_made_by_the_migrations_of_that_project(shape, folder):
    told = refusal("p", shape, code="42P01", status=404)
    assert shape.name in told.message
    assert f"deploy/supabase/{folder}" in told.hint


@given(st.text(), st.integers(100, 999), st.text())
def test_a_servers_words_are_never_repeated(code, status, words):
    told = refusal("p", GLOBAL, code=f"{code} private", status=status, words=f"{words} private")
    assert isinstance(told, SourceError)
    assert "private" not in str(told)
    assert "private" not in str(connection_refusal("p", f"{words} private"))


def found(**given):
    table = {"columns": dict(COMPANY.columns), "row_security": True, "guarded": True} | given
    return {"pgvector": "0.8.5", "tables": {COMPANY.name: table}}


def levels(schema):
    return {one.what: one.level for one in schema_checked(schema, COMPANY)}


def test_a_schema_as_the_migrations_make_it_is_well():
    assert levels(found()) == {"pgvector": "ok", "table": "ok"}
    more = found(columns={**COMPANY.columns, "team": "text"})
    assert levels(more) == {"pgvector": "ok", "table": "ok"}


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"columns": {"id": "text"}}, "columns"),
        ({"columns": {**COMPANY.columns, "embedding": "vector(768)"}}, "columns"),
        ({"row_security": False}, "policies"),
        ({"guarded": False}, "trigger"),
    ],
)
def test_what_a_schema_lacks_is_told(given, what):
    assert levels(found(**given)) == {"pgvector": "ok", what: "failure"}


@pytest.mark.parametrize(
    ("version", "level"),
    [(None, "failure"), ("", "failure"), ("x.y", "failure"), ("0.7.4", "warning"),
     ("0.5", "warning"), ("0.8.0", "ok"), ("0.10.0", "ok"), ("1.0", "ok")],
)  # fmt: skip
def test_a_pgvector_without_iterative_scans_is_told(version, level):
    assert levels(found() | {"pgvector": version})["pgvector"] == level


@pytest.mark.parametrize("other", [None, 5, "x", [], {}, {"tables": []}])
def test_any_other_answer_is_a_finding(other):
    assert levels(other) == {"schema": "failure"}
    assert levels({"pgvector": "0.8.5", "tables": {}}) == {"pgvector": "ok", "table": "failure"}
