"""What issues, pages and memories teach: solutions, needs, practices, each with its evidence."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from coordinator.confluence.pages import COLUMNS as PAGE_COLUMNS
from coordinator.jira.issues import COLUMNS as ISSUE_COLUMNS
from coordinator.learnings import Learned, learn
from coordinator.settings import LearningSettings

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
TEXT = (
    "The gateway answered after our timeout, so every attempt was charged once more; each attempt "
    "now carries the same key and the acquirer drops the second one."
)
PAGE = f"""# Runbook

## How to rotate the tokens

Always rotate the tokens hourly, because the gateway caches them for a day and leaks them otherwise.
Announce every rotation in the channel of the team on call, and keep the previous token for a while.

## How it works: retries

{TEXT} We use exponential backoff, jitter and a circuit breaker instead of retrying at once.

## See also

Nothing of interest stands here.
"""
TOKEN = "ghp_" + "Zk8Qw3Rt6Yp1Lx9Vb2Nc7Md4Hf5Jg0Ks8Ta3"


def words(text: str) -> int:
    return len(text.split())


def issues(*rows: dict[str, Any]) -> pd.DataFrame:
    plain: dict[str, Any] = {
        "id": "1",
        "key": "PAY-1",
        "title": "Customers are charged twice",
        "text": TEXT,
        "comments": "",
        "history": "",
        "status": "To Do",
        "state": "new",
        "resolution": "",
        "kind": "Bug",
        "labels": [],
        "people": [],
        "created_at": pd.Timestamp(MONDAY),
        "updated_at": pd.Timestamp(MONDAY),
        "resolved_at": pd.NaT,
    }
    return pd.DataFrame([plain | row for row in rows], columns=list(ISSUE_COLUMNS))


def pages(*rows: dict[str, Any]) -> pd.DataFrame:
    plain: dict[str, Any] = {
        "id": "98306",
        "title": "Runbook",
        "text": PAGE,
        "comments": "",
        "parent": "",
        "version": 1,
        "created_at": pd.Timestamp(MONDAY),
        "updated_at": pd.Timestamp(MONDAY),
    }
    return pd.DataFrame([plain | row for row in rows], columns=list(PAGE_COLUMNS))


def memories(*rows: dict[str, Any]) -> pd.DataFrame:
    plain: dict[str, Any] = {
        "id": "m-1",
        "title": "",
        "content": TEXT,
        "category": "solution",
        "language": "en",
        "author": "somebody",
        "occurred_at": pd.Timestamp(MONDAY),
        "updated_at": pd.Timestamp(MONDAY),
    }
    return pd.DataFrame([plain | row for row in rows])


def learned(**frames: pd.DataFrame) -> Learned:
    nothing = pd.DataFrame()
    given = {"commits": nothing, "documents": nothing, "components": nothing} | frames
    return learn(**given, rules=LearningSettings(), count_tokens=words, window=200)


def only(found: Learned) -> dict[str, Any]:
    (row,) = found.learnings.to_dict("records")
    return row


def test_an_open_issue_is_a_need_and_a_resolved_one_a_solution_of_the_same_id() -> None:
    opened = only(learned(issues=issues({})))
    done = {"state": "done", "resolution": "Done", "resolved_at": pd.Timestamp(MONDAY)}
    resolved = only(learned(issues=issues(done)))
    assert (opened["category"], resolved["category"]) == ("need", "solution")
    assert opened["id"] == resolved["id"]  # its vector stays
    assert (opened["source"], opened["evidence_path"]) == ("jira", "PAY-1")


@pytest.mark.parametrize(
    "resolution",
    [
        *("Won't Do", "Won't Fix", "Duplicate", "Cannot Reproduce", "Declined"),
        *("Duplicado", "Não será feito"),
    ],
)
def test_an_issue_closed_without_a_solution_is_none(resolution: str) -> None:
    found = learned(issues=issues({"state": "done", "resolution": resolution}))
    assert found.learnings.empty
    assert found.skipped == {"issue: closed without a solution": 1}


def test_an_issue_of_hardly_any_text_teaches_nothing() -> None:
    found = learned(issues=issues({"title": "Fix it", "text": "It does not work, please fix it."}))
    assert found.skipped == {"issue: hardly any text": 1}


def test_comments_and_changes_of_the_status_are_part_of_it() -> None:
    row = only(learned(issues=issues({"comments": "It was the proxy.", "history": "a → b"})))
    assert "It was the proxy." in row["content"]
    assert "a → b" in row["content"]


def test_pages_are_cut_by_heading_and_boilerplate_is_left_out() -> None:
    found = learned(pages=pages({}))
    rows = {row["title"]: row for row in found.learnings.to_dict("records")}
    assert {row["category"] for row in rows.values()} == {"best_practice", "pattern"}
    assert rows["Runbook: How to rotate the tokens"]["category"] == "best_practice"
    assert {row["evidence_path"] for row in rows.values()} == {"page 98306"}
    assert len({row["evidence_line"] for row in rows.values()}) == len(rows) == 2
    assert found.skipped["page: boilerplate section"] == 1


def test_a_title_with_a_slash_is_no_path() -> None:
    found = learned(pages=pages({"title": "CI/CD: ../../etc", "text": TEXT * 2}))
    assert only(found)["title"] == "CI CD: .. .. etc"


def test_a_memory_keeps_the_category_its_writer_gave_it() -> None:
    assert only(learned(memories=memories({"category": "insight"})))["category"] == "insight"
    assert only(learned(memories=memories({"category": "nonsense"})))["category"] == "insight"
    row = only(learned(memories=memories({"content": "Short and useful."})))
    assert (row["source"], row["evidence_path"]) == ("supabase", "m-1")


@pytest.mark.parametrize("source", ["issues", "pages", "memories"])
def test_a_text_with_a_secret_is_refused(source: str) -> None:
    text = f"{TEXT} The token is {TOKEN} and should be rotated."
    frames = {
        "issues": issues({"text": text}),
        "pages": pages({"text": f"# Page\n\n{text}"}),
        "memories": memories({"content": text}),
    }
    found = learned(**{source: frames[source]})
    assert found.refused == 1
    assert found.learnings.empty


def test_the_same_words_in_two_sources_are_one_learning_with_the_oldest_evidence() -> None:
    old = memories({"content": TEXT, "occurred_at": pd.Timestamp("2020-01-01", tz="UTC")})
    found = learned(issues=issues({"title": TEXT, "text": ""}), memories=old)
    assert only(found)["source"] == "supabase"
    assert found.duplicates == 1


def test_empty_tables_teach_nothing() -> None:
    found = learned(issues=issues(), pages=pages(), memories=memories())
    assert found.learnings.empty
    assert found.skipped == {}
