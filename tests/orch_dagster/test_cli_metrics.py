"""`orch metrics` as a person at a terminal, or a script, meets it."""

from __future__ import annotations

import json
import stat
import struct
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from coordinator.ledger.events import NewEvent
from coordinator.metrics import METRICS
from coordinator.settings import CoordinatorSettings, dump
from orch_dagster.cli.main import run
from resources.ledger import Ledger

Answer = tuple[int, str, str]
AUTH = "empresa-a/component:a0"
NOW = datetime.now(UTC)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "orch.yaml").write_text(dump(CoordinatorSettings()), encoding="utf-8")
    # the ledger knows no later moment than its clock's
    with Ledger.open(tmp_path / "ledger.db", actor="ana", now=lambda: ago(90)) as ledger:
        ledger.record_initialization("m", 384)
    return tmp_path


@pytest.fixture
def shared(home: Path) -> Path:
    """A copy published 60 days ago and another 10 days ago, a component offered and taken."""
    with Ledger.open(home / "ledger.db", actor="ana") as ledger:
        for number, days in ((1, 60), (2, 10)):
            _publish(ledger, number, ago(days))
        for number, (kind, company) in enumerate(
            (("share_export", "empresa-a"), ("share_import", "empresa-b")), start=1
        ):
            _share(ledger, number, kind, company, ago(22 - 2 * number))
    return home


def _publish(ledger: Ledger, number: int, at: datetime) -> None:
    text = f"text {number}"
    told: dict[str, Any] = {"id": f"g-{number:016x}", "learning": f"l{number}", "proposal": number}
    told |= {"category": "solution", "content": _hash(text)}
    new = NewEvent("learning_published", told, company="empresa-a", occurred_at=at)
    ledger.append("global", [new], expected_version=None, texts=[text])


def _share(ledger: Ledger, number: int, kind: str, company: str, at: datetime) -> None:
    ask = {"company": company, "role": kind[6:]}
    content = _hash(f"share {number}")
    made = {
        "number": number,
        "kind": kind,
        "subject": "o-000000000001",
        "asks": [ask],
        "content": content,
        "facts": {"component": AUTH, "adopter": "empresa-b", "owner": "empresa-a"},
        "expires_at": "2099-01-01T00:00:00.000000Z",
    }
    decided = {"number": number, "decision": "approve", "ask": ask, "content": content}
    events = [
        NewEvent("proposal_made", made, company=company, occurred_at=at),
        NewEvent("proposal_decided", decided, company=company, occurred_at=at),
    ]
    texts = [f"share {number}"]
    ledger.append("approvals", events, expected_version=None, texts=texts)


def _hash(text: str) -> str:
    from coordinator.ledger.events import text_hash

    return text_hash(text)


@pytest.fixture
def orch(home: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    def call(*arguments: str) -> Answer:
        capsys.readouterr()
        code = run(["--home", str(home), "metrics", *arguments])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return code, said.out, said.err

    return call


def parsed(answer: Answer) -> Any:
    assert answer[0] == 0, answer
    return json.loads(answer[1])


def by_name(document: Any) -> dict[str, Any]:
    return {one["name"]: one for one in document["metrics"]}


def test_the_table_shows_what_is_and_what_changed(shared: Path, orch: Callable[..., Answer]):
    code, said, _ = orch()
    assert code == 0
    cells = [
        [cell.strip() for cell in line.split("│")[1:-1]]
        for line in said.splitlines()
        if "│" in line
    ]
    rows = {row[-1]: row for row in cells}
    assert set(rows) >= {metric.name for metric in METRICS}
    assert rows["standing_copies"][2:5] == ["2", "+1", ""]
    assert rows["reuse_rate"][2:5] == ["100%", "new", "1 of 1"]
    assert rows["time_to_adopt"][2:5] == ["2 days", "new", ""]
    assert rows["learning_rate"][2:5] == ["not yet", "", "0 of 0"]
    assert AUTH in said


def test_a_home_in_which_nothing_happened_says_not_yet(orch: Callable[..., Answer]):
    code, said, _ = orch()
    assert code == 0
    assert "not yet" in said
    assert "nan" not in said.lower()


def test_json_is_one_document_with_definitions_and_what_was_before(
    shared: Path, orch: Callable[..., Answer]
):
    document = parsed(orch("--json"))
    found = by_name(document)
    assert list(found) == [metric.name for metric in METRICS]
    assert (found["standing_copies"]["before"], found["standing_copies"]["value"]) == (1, 2)
    assert found["learning_rate"]["value"] is None
    assert found["reuse_rate"]["sources"][0] == "proposal_made"
    assert document["adopters"] == {AUTH: 1}
    assert "history" not in document


def test_since_names_the_day_compared_with(shared: Path, orch: Callable[..., Answer]):
    for days, before in ((61, 0), (59, 1), (5, 2)):
        document = parsed(orch("--json", "--since", f"{ago(days):%Y-%m-%d}"))
        assert by_name(document)["standing_copies"]["before"] == before


def test_the_history_is_each_day_in_json_and_each_change_for_people(
    shared: Path, orch: Callable[..., Answer]
):
    document = parsed(orch("--json", "--history", "--metric", "standing_copies"))
    values = [one["standing_copies"] for one in document["history"]]
    assert len(values) == 31
    assert (values[0], values[-1], sorted(values)) == (1, 2, values)
    _, said, _ = orch("--history", "--metric", "standing_copies", "--metric", "sights")
    [row] = [line for line in said.splitlines() if "Standing copies" in line]
    assert f"{ago(10):%Y-%m-%d}" in row
    assert "First sights" not in said
    code, said, beside = orch("--history", "--metric", "sights")
    assert (code, said) == (0, "")
    assert "nothing changed since" in beside


def test_explain_prints_the_formula_and_its_sources(orch: Callable[..., Answer]):
    code, said, _ = orch("--explain", "--metric", "sights")
    assert code == 0
    assert said == METRICS[[one.name for one in METRICS].index("sights")].explained() + "\n"
    assert [one["name"] for one in parsed(orch("--explain", "--json"))] == [
        one.name for one in METRICS
    ]


def test_the_picture_is_a_png_with_something_in_it(
    shared: Path, tmp_path: Path, orch: Callable[..., Answer]
):
    file = tmp_path / "metrics.png"
    code, said, beside = orch("--json", "--png", str(file))
    assert code == 0
    assert by_name(json.loads(said))["standing_copies"]["value"] == 2
    assert "metrics.png" in beside
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    width, height, colours = opened(file.read_bytes())
    assert width > 1_000
    assert height > 300
    assert colours > 20


def opened(content: bytes) -> tuple[int, int, int]:
    """Width, height and number of colours of a PNG; its parts are held against their sums."""
    from io import BytesIO

    from matplotlib.image import imread

    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    at, kinds = 8, []
    while at < len(content):
        [length] = struct.unpack(">I", content[at : at + 4])
        kind_and_data = content[at + 4 : at + 8 + length]
        [summed] = struct.unpack(">I", content[at + 8 + length : at + 12 + length])
        assert zlib.crc32(kind_and_data) == summed
        kinds.append(kind_and_data[:4])
        at += 12 + length
    assert (kinds[0], kinds[-1]) == (b"IHDR", b"IEND")
    pixels = imread(BytesIO(content))
    colours = {tuple(pixel) for pixel in pixels[::3, ::3].reshape(-1, pixels.shape[-1]).tolist()}
    return pixels.shape[1], pixels.shape[0], len(colours)


def test_with_nothing_to_draw_no_file_is_written_and_the_table_is_shown(
    tmp_path: Path, orch: Callable[..., Answer]
):
    file = tmp_path / "metrics.png"
    code, said, beside = orch("--png", str(file))
    assert code == 3
    assert "nothing to draw yet" in beside
    assert "standing_copies" in said
    assert not file.exists()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--metric", "happiness"], "no metric 'happiness'"),
        (["--since", "yesterday"], "yesterday"),
        (["--png", "/nowhere/metrics.png"], "there is no folder /nowhere"),
    ],
)
def test_what_cannot_be_answered_is_wrong_usage(
    orch: Callable[..., Answer], arguments: list[str], problem: str
):
    code, _, beside = orch(*arguments)
    assert code == 2
    assert problem in beside


def test_names_of_metrics_are_completed():
    from click.shell_completion import ShellComplete

    from orch_dagster.cli.main import orch as command

    found = ShellComplete(command, {}, "orch", "_ORCH_COMPLETE").get_completions(
        ["metrics", "--metric"], "copies"
    )
    assert [one.value for one in found] == ["copies_seen"]
