"""A bad disk: bits flip and files are cut, in rows, texts, snapshots, indexes and anchors."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from coordinator.errors import LedgerDamaged, OrchError
from coordinator.ledger.company_state import COMPANY
from coordinator.ledger.events import NewEvent, text_hash
from resources.ledger import Ledger, snapshots

A = "company:empresa-a"
SEED = 20_260_131
WORDS = [f"Renove o token {number}. " * 20 for number in range(6)]


def moved(cursor: object, **columns: object) -> NewEvent:
    return NewEvent("cursor_moved", {"source": "git", "cursor": str(cursor)}, **columns)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A closed ledger with texts, one of them purged, and a snapshot."""
    monkeypatch.setattr(snapshots, "WORTHWHILE", 5)
    where = tmp_path / "home" / "ledger.db"
    where.parent.mkdir()
    payload = {"learning": "m", "category": "need", "language": "pt"}
    added = [NewEvent("learning_added", {**payload, "text": text_hash(words)}) for words in WORDS]
    with Ledger.open(where) as ledger:
        for index in range(6):
            stream = f"company:empresa-{'ab'[index % 2]}"
            new = [moved(index, feature="feat-payment"), moved(f"{index}!")]
            ledger.append(stream, new, expected_version=None)
        ledger.append(A, added, expected_version=None, texts=WORDS)
        purged = NewEvent("texts_purged", {"texts": [text_hash(WORDS[0])]})
        ledger.append(A, [purged], expected_version=None)
        ledger.state("empresa-a")
    return where


Answers = list[object]


def answers(path: Path) -> Answers:
    """Everything a caller can learn from the ledger."""
    with Ledger.open(path) as ledger:
        ledger.verify()
        return [
            ledger.read(),
            ledger.read(feature="feat-payment"),
            ledger.read(company="empresa-b"),
            ledger.read(event_type="cursor_moved", after=3, limit=4),
            *(COMPANY.hash(ledger.state(f"empresa-{letter}")) for letter in "ab"),
            ledger.texts("empresa-a", [text_hash(words) for words in WORDS]),
            ledger.text_hashes("empresa-a"),
        ]


def flip(path: Path, dice: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
    path.write_bytes(content)


def outcome(path: Path, expected: Answers) -> str:
    try:
        found = answers(path)
    except OrchError:
        return "found"
    return "harmless" if found == expected else "SILENT"


@pytest.mark.parametrize(
    ("name", "flips"),
    [
        ("ledger.db", 100),
        ("ledger.anchors", 40),
        pytest.param("ledger.db", 1_000, marks=pytest.mark.figures),
    ],
)
def test_a_flipped_bit_is_found_or_harmless(path, name, flips):
    """Harmless: the bit lay in unused space, and every answer is what it was."""
    expected = answers(path)
    sound = {file: file.read_bytes() for file in path.parent.iterdir()}
    dice = random.Random(SEED)
    outcomes: dict[str, int] = {"found": 0, "harmless": 0, "SILENT": 0}
    for _ in range(flips):
        flip(path.with_name(name), dice)
        outcomes[outcome(path, expected)] += 1
        for file in path.parent.iterdir():
            file.unlink()
        for file, content in sound.items():
            file.write_bytes(content)
    print(outcomes)
    assert outcomes["SILENT"] == 0
    assert outcomes["found"] > flips // 20


def test_a_file_cut_within_its_last_page_is_found_or_harmless(path):
    """SQLite reads a page cut short as if zeros followed, which is what an empty page ends in."""
    expected = answers(path)
    content = path.read_bytes()
    for cut in (1, 100, 2_000, 4_095):
        path.write_bytes(content[:-cut])
        assert outcome(path, expected) in ("found", "harmless")


def test_the_byte_flip_test_can_fail(path):
    """Control: a change that nothing guards is called silent, not harmless."""
    expected = answers(path)
    assert outcome(path, expected[:-1]) == "SILENT"


@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.9])
def test_a_truncated_file_is_damage(path, kept):
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(LedgerDamaged), Ledger.open(path) as ledger:
        ledger.verify()
