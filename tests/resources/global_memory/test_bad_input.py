"""What nobody should hand in: refused in a sentence, quickly, and nothing is recorded."""

from __future__ import annotations

import time

import pytest

from coordinator.errors import OrchError

HUGE = "words " * 1_700_000
INJECTIONS = [
    "'; DROP TABLE events; --",
    "g-' OR '1'='1",
    "../../../etc/passwd",
    "${jndi:ldap://x}",
    "\x1b[31mred\x07",
    "\u202eevil",
    "\ud800",
    "",
    "{{7*7}}",
    "a\nb",
]


@pytest.mark.parametrize("text", INJECTIONS)
def test_an_id_that_is_none_is_refused(neighbours, text: str):
    neighbours.share("empresa-a", "retry")
    recorded = neighbours.told()
    for call in (
        lambda: neighbours.shared.propose("empresa-a", text),
        lambda: neighbours.shared.retract(text, reason="x", by="Ana Souza"),
        lambda: neighbours.shared.preview("empresa-a", text),
    ):
        with pytest.raises(OrchError) as refused:
            call()
        assert refused.value.hint
    assert neighbours.told() == recorded


@pytest.mark.parametrize("text", INJECTIONS)
def test_a_reason_is_only_words(neighbours, text: str):
    (learning,) = neighbours.knows("empresa-a", "retry")
    try:
        proposal = neighbours.shared.propose("empresa-a", learning, reason=text)
    except OrchError:
        return
    neighbours.approve(proposal.number, "empresa-a")
    (done,) = neighbours.carry_out()
    assert not done.problem
    assert neighbours.sees("empresa-b", "PaymentService")
    try:
        neighbours.shared.retract(done.result, reason=text, by="Ana Souza")
    except OrchError:
        return
    assert neighbours.shared.audit().sound


def test_a_text_of_ten_megabytes_is_refused_quickly(neighbours):
    copy = neighbours.share("empresa-a", "retry")
    (learning,) = neighbours.knows("empresa-a", "login", content=HUGE)
    for call in (
        lambda: neighbours.shared.propose("empresa-a", learning),
        lambda: neighbours.shared.propose("empresa-a", HUGE),
        lambda: neighbours.shared.retract(copy, reason=HUGE, by="Ana Souza"),
        lambda: neighbours.home.companies.remove("empresa-a", reason=HUGE),
    ):
        started = time.monotonic()
        with pytest.raises(OrchError) as refused:
            call()
        assert time.monotonic() - started < 10
        assert len(str(refused.value)) < 500
    assert neighbours.shared.state().copies
    assert "empresa-a" in neighbours.home.companies.names()
