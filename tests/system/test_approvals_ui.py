"""Approvals in a real browser: three decisions at once from the launchpad, and what follows."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from coordinator.settings import CompanySettings, EmbeddingSettings
from resources.home import Home

JOB = "/locations/orch_dagster.definitions/jobs/decide_approvals/playground"
WORDS = ("wobblefish", "zanzibarquokka", "kiwiplatypus")
LESSONS = [
    f"The {word} gateway drops connections under load: retry three times with backoff."
    for word in WORDS
]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        shutil.which("chromium") is None,
        reason="the pages can only be looked at with a browser: install chromium (.ci/run does)",
    ),
]


@dataclass
class Office:
    """The UI of a home with three proposals that wait."""

    ui: Any
    numbers: list[int]


@pytest.fixture(scope="module")
def office(
    tmp_path_factory: pytest.TempPathFactory, repository: Any, start_ui: Any
) -> Iterator[Office]:
    where = tmp_path_factory.mktemp("office") / "home"
    source = repository("shop")
    source.commit({"README.md": "# Shop\n"}, "Start")
    with Home.init(where, embedding=EmbeddingSettings()) as home:
        git = {"url": str(source.path), "protocols": ["file"]}
        given = {"name": "empresa-a", "git": git, "owners": [{"name": "Ana"}]}
        home.companies.create(CompanySettings.model_validate(given))
        numbers = []
        for lesson in LESSONS:
            added = home.by_hand.add_learning("empresa-a", lesson, category="solution")
            numbers.append(home.global_memory.propose("empresa-a", added.id).number)
    with start_ui(where) as ui:
        yield Office(ui, numbers)


def launch(office: Office, page: Any, by: str, *decisions: dict[str, Any]) -> dict[str, Any]:
    """Fill the launchpad in as a person does, launch, and return the ended run."""
    ui = office.ui
    known = {run["id"] for run in ui.runs()}
    page.goto(ui.url + JOB)
    editor = page.locator(".CodeMirror").first
    editor.get_by_text("decide_proposals").wait_for()
    editor.click()
    page.keyboard.press("Control+a")
    given = {"by": by, "decisions": list(decisions)}
    page.keyboard.insert_text(yaml.safe_dump({"ops": {"decide_proposals": {"config": given}}}))
    page.get_by_text("No errors").wait_for()
    page.get_by_role("button", name="Launch Run").click()

    def launched() -> list[dict[str, Any]]:
        return [run for run in ui.ended() if run["id"] not in known and "run_key" not in run]

    run: dict[str, Any] = ui.until(launched, "the run ends")[0]
    return run


def decision(number: int, answer: str, **more: str) -> dict[str, Any]:
    return {"number": number, "decision": answer, **more}


def test_three_decisions_at_once_from_the_launchpad(office, page):
    ui = office.ui
    first, second, third = office.numbers
    with Home.open(ui.home) as home:
        seen = home.approvals.proposal(third).content
    run = launch(
        office,
        page,
        "Ana",
        decision(first, "approve"),
        decision(second, "reject", reason="not ready"),
        decision(third, "approve", seen=seen),
    )
    assert run["status"] == "SUCCESS"
    with Home.open(ui.home) as home:
        decided = home.ledger.read(event_type="proposal_decided")
        assert [(event.actor, event.payload.number) for event in decided] == [
            ("Ana", number) for number in office.numbers
        ]
        assert home.approvals.proposal(second).reason == "not ready"

    def carried_out() -> bool:
        with Home.open(ui.home) as home:
            return [home.approvals.proposal(n).status for n in office.numbers] == [
                *("done", "rejected", "done"),
            ]

    ui.until(carried_out, "the sensor starts the run that carries out the yes")
    with Home.open(ui.home) as home:
        shared = " ".join(home.global_memory.rows()["content"])
        assert [word in shared for word in WORDS] == [True, False, True]
    page.goto(f"{ui.url}/runs/{run['id']}")
    page.get_by_text("Success").first.wait_for()
    page.goto(f"{ui.url}/assets/global_memory?view=overview")
    page.get_by_text("Row count").wait_for()


def test_whoever_may_not_answer_reads_why_in_the_run(office, page):
    run = launch(office, page, "Eve", decision(office.numbers[0], "approve"))
    assert run["status"] == "FAILURE"
    page.goto(f"{office.ui.url}/runs/{run['id']}")
    page.get_by_text("0 of 1 answers recorded, refused: 1").first.wait_for()


def test_no_words_of_a_proposal_reach_a_page_or_are_kept_by_dagster(office, page):
    ui = office.ui
    pages = [f"/runs/{run['id']}" for run in ui.ended()]
    pages += ["/assets/global_memory?view=overview", "/assets/global_memory?view=events"]
    for path in pages:
        page.goto(ui.url + path)
        page.wait_for_load_state("networkidle")
        content = page.content().lower()
        assert [word for word in WORDS if word in content] == [], path
    kept = [file.read_bytes() for file in (ui.home / "dagster").rglob("*") if file.is_file()]
    assert any(b"decide_proposals" in content for content in kept)
    assert not any(word.encode() in content.lower() for content in kept for word in WORDS)
