"""The detector of the isolation proof: it must know a canary in every disguise."""

from __future__ import annotations

import base64
import itertools
import json
from urllib.parse import quote

import pytest

from coordinator.secrets import find_secrets
from orch_dagster.isolation.canaries import (
    ENCODINGS,
    LENGTH,
    SHORTEST_PIECE,
    Detector,
    canary,
    encoded,
)

CANARIES = [
    canary("seed", f"company-{n}", place) for n in range(50) for place in map(str, range(20))
]
DETECTOR = Detector(CANARIES)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_canary_is_seen_in_every_encoding_amid_other_text(encoding: str) -> None:
    for one in CANARIES:
        shown = f"before {encoded(one.word)[encoding]} after"
        assert one in DETECTOR.canaries_in(shown), (one.name, encoding)


def test_the_encodings_are_six_and_differ() -> None:
    for one in CANARIES:
        assert len(set(encoded(one.word).values())) == len(ENCODINGS) == 6


@pytest.mark.parametrize("offset", range(4))
def test_base64_of_a_longer_text_is_seen_at_any_offset(offset: int) -> None:
    one = CANARIES[0]
    raw = b"x" * offset + one.word.encode() + b" and more"
    assert one in DETECTOR.canaries_in(f"data:{base64.b64encode(raw).decode()}")
    assert one in DETECTOR.canaries_in(base64.urlsafe_b64encode(raw).decode())
    wrapped = base64.encodebytes(b"y" * 60 + raw).decode()
    assert one in DETECTOR.canaries_in(wrapped)


def test_quoted_escaped_upper_case_and_misread_words_are_seen() -> None:
    one = CANARIES[1]
    disguises = [
        quote(one.word),
        json.dumps({"a": json.dumps(one.word)}),
        one.word.upper(),
        one.word.encode().decode("latin-1"),
        one.word.encode().hex().upper(),
        "0" + one.word.encode().hex(),
    ]
    for disguise in disguises:
        assert one in DETECTOR.canaries_in(f"…{disguise}…"), disguise


def test_bytes_that_are_no_text_are_read_too() -> None:
    one = CANARIES[2]
    assert one in DETECTOR.canaries_in(b"\xff\x00\x80" + one.word.encode() + b"\xc3")


def test_a_word_that_was_cut_off_is_still_known() -> None:
    one = CANARIES[3]
    assert one in DETECTOR.canaries_in(f"{one.word[:SHORTEST_PIECE]}…")
    assert one in DETECTOR.canaries_in(f"…{one.word[-SHORTEST_PIECE:]}")


def test_no_two_canaries_share_a_piece_and_none_looks_like_a_secret() -> None:
    pieces = [
        one.folded[start : start + SHORTEST_PIECE]
        for one in CANARIES
        for start in range(LENGTH - SHORTEST_PIECE + 1)
    ]
    assert len(set(pieces)) == len(pieces)
    assert not find_secrets("\n".join(one.word for one in CANARIES))


def test_other_text_holds_no_canary() -> None:
    text = " ".join(itertools.chain.from_iterable(encoded(f"word{n}").values() for n in range(99)))
    assert DETECTOR.canaries_in(text) == set()
    assert DETECTOR.canaries_in(canary("other", "company-1", "1").word) == set()
