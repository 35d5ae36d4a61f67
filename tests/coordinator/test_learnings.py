"""What history teaches: stable ids, one of each content, no secrets, everything counted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import coordinator.learnings.learning
from coordinator import rules
from coordinator.learnings import Learned, learn
from coordinator.learnings.categories import CATEGORIES
from coordinator.learnings.language import LANGUAGES
from coordinator.memory import LEARNING_COLUMNS
from coordinator.plain_text import content_id
from coordinator.settings import LearningSettings

MONDAY = datetime(2024, 3, 4, 9, tzinfo=UTC)
TELLING = "Retry the payment call with backoff because the gateway answers 503 when it restarts"
DOCUMENT = (
    "# Delivery\n\nEvery consumer acknowledges a message only after its transaction was committed, "
    "so that a restart in between leads to a second delivery and never to a lost order.\n"
)
TOKEN = "ghp_" + "Zk8Qw3Rt6Yp1Lx9Vb2Nc7Md4Hf5Jg0Ks8Ta3"


def words(text: str) -> int:
    return len(text.split())


def commits(*rows: dict[str, Any]) -> pd.DataFrame:
    filled = [
        {
            "id": f"{number:040x}",
            "authored_at": MONDAY + timedelta(hours=number),
            "committed_at": MONDAY + timedelta(hours=number),
            "author": "Ana Souza",
            "author_email": "ana@example.com",
            "message": TELLING,
            "paths": ["src/payment/client.py"],
            "path_count": 1,
            "parents": ["f" * 40],
        }
        | row
        for number, row in enumerate(rows, start=1)
    ]
    columns = ["id", "authored_at", "committed_at", "author", "author_email", "message", "paths",
               "path_count", "parents"]  # fmt: skip
    return pd.DataFrame(filled, columns=columns)


def documents(*rows: dict[str, Any]) -> pd.DataFrame:
    filled = [
        {"id": "docs/d.md", "path": "docs/d.md", "blob": "b", "text": DOCUMENT, "commit": "head",
         "changed_at": pd.Timestamp(MONDAY)} | row
        for row in rows
    ]  # fmt: skip
    return pd.DataFrame(filled, columns=["id", "path", "blob", "text", "commit", "changed_at"])


def components(*rows: dict[str, Any]) -> pd.DataFrame:
    filled = [
        {"id": "acme/src/cart", "name": "cart", "path": "src/cart", "category": "service",
         "description": "Keeps the carts of customers until they are paid", "language": "Go",
         "dependencies": ["redis", "grpc"], "first_seen_at": pd.Timestamp(MONDAY),
         "last_commit": "c" * 40, "confidence": 0.9} | row
        for row in rows
    ]  # fmt: skip
    columns = ["id", "name", "path", "category", "description", "language", "dependencies",
               "first_seen_at", "last_commit", "confidence"]  # fmt: skip
    return pd.DataFrame(filled, columns=columns)


def learned(
    commit_rows: pd.DataFrame | None = None,
    document_rows: pd.DataFrame | None = None,
    component_rows: pd.DataFrame | None = None,
    *,
    window: int = 60,
    known: Sequence[str] = (),
    rules: LearningSettings | None = None,
) -> Learned:
    return learn(
        commits=commits() if commit_rows is None else commit_rows,
        documents=documents() if document_rows is None else document_rows,
        components=components() if component_rows is None else component_rows,
        rules=rules or LearningSettings(),
        count_tokens=words,
        window=window,
        known=known,
    )


def test_a_telling_commit_becomes_a_learning_with_its_evidence() -> None:
    (row,) = learned(commits({})).learnings.to_dict("records")
    assert row["title"] == TELLING
    assert row["content"] == TELLING
    assert row["id"] == content_id(row["content"])
    assert row["category"] == "pattern"
    assert (row["source"], row["language"]) == ("commit", "en")
    assert row["evidence_commit"] == f"{1:040x}"
    assert (row["evidence_path"], row["evidence_line"]) == ("src/payment/client.py", 0)
    assert row["occurred_at"] == pd.Timestamp(MONDAY + timedelta(hours=1))
    assert row["substance"] >= 0.55
    assert "says why" in row["reason"]


def test_a_document_becomes_a_learning_with_line_and_last_commit() -> None:
    found = learned(commits({"message": "wip", "paths": ["docs/d.md"]}), documents({}))
    (row,) = found.learnings.to_dict("records")
    assert (row["source"], row["title"]) == ("document", "Delivery")
    assert (row["evidence_path"], row["evidence_line"]) == ("docs/d.md", 1)
    assert row["evidence_commit"] == f"{1:040x}"


def test_a_components_description_becomes_a_learning() -> None:
    found = learned(component_rows=components({}, {"description": "cart", "path": "x"}))
    (row,) = found.learnings.to_dict("records")
    assert row["category"] == "component"
    assert row["content"] == (
        "cart: Keeps the carts of customers until they are paid\nGo service\nuses grpc, redis"
    )
    assert found.skipped == {"component without a description": 1}


def test_everything_left_out_is_counted_under_its_name() -> None:
    found = learned(
        commits(
            {"message": "Bump x from 1 to 2", "author": "dependabot[bot]"},
            {"message": "Merge branch 'a'", "parents": ["a", "b"]},
            {"message": "Fix typo"},
            {"message": "Adiciona botão novo"},
            {"message": ""},
        )
    )
    assert len(found.learnings) == 0
    assert list(found.learnings.columns) == list(LEARNING_COLUMNS)
    assert found.skipped == {
        "bot": 1, "empty message": 1, "little substance": 1, "merge": 1, "typo": 1,
    }  # fmt: skip


def test_commits_of_excluded_paths_teach_nothing() -> None:
    rules = LearningSettings(exclude=("legacy/**",))
    found = learned(
        commits({"paths": ["legacy/a.py", "legacy/b.py"]}, {"paths": ["legacy/a.py", "src/b.py"]}),
        rules=rules,
    )
    assert len(found.learnings) == 1
    assert found.skipped == {"only excluded paths": 1}


def test_lists_may_come_back_from_a_table_as_arrays() -> None:
    frame = commits({"paths": ["src/cart/x.py", "src/cart/y.py"]}, {"paths": []})
    parts = components({})
    for rows, names in ((frame, ("paths", "parents")), (parts, ("dependencies",))):
        for name in names:
            rows[name] = [np.array(value, dtype=object) for value in rows[name]]
    assert len(learned(frame, component_rows=parts).learnings) == 3


def test_a_title_of_one_word_is_continued_by_the_body() -> None:
    body = (
        "The consumer acknowledged messages before they were stored, so a restart lost every order "
        "in flight because nothing was sent again."
    )
    (row,) = learned(commits({"message": f"fix\n\n{body}"})).learnings.to_dict("records")
    assert row["title"].startswith("Fix The consumer acknowledged")


def test_of_equal_contents_the_oldest_evidence_stays() -> None:
    found = learned(
        commits(
            {"id": "later", "authored_at": MONDAY + timedelta(days=3)},
            {"id": "first", "authored_at": MONDAY, "message": TELLING.upper() + "  "},
            {"id": "between", "authored_at": MONDAY + timedelta(days=1)},
        )
    )
    assert found.learnings["evidence_commit"].tolist() == ["first"]
    assert found.duplicates == 2


def test_a_learning_with_a_secret_is_refused_and_counted_by_kind() -> None:
    found = learned(commits({"message": f"{TELLING} and the token was {TOKEN}"}, {}))
    assert len(found.learnings) == 1
    assert found.refused == 1
    assert found.refused_by_kind == {"github token": 1}
    assert TOKEN not in repr(found)


def test_a_secret_in_the_evidence_path_is_refused_too() -> None:
    assert learned(commits({"paths": [f"config/{TOKEN}.json"]})).refused == 1


def test_what_was_accepted_before_is_not_searched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    first = learned(commits({}), documents({}))
    searched: list[str] = []
    monkeypatch.setattr(
        coordinator.learnings.learning, "find_secrets", lambda text: searched.append(text) or []
    )
    again = learned(commits({}), documents({}), known=first.learnings["id"].tolist())
    assert searched == []
    pd.testing.assert_frame_equal(again.learnings, first.learnings)
    learned(commits({}), documents({}), known=first.learnings["id"].tolist()[:1])
    assert len(searched) == 1


def test_a_long_body_is_cut_at_a_sentence_within_the_window() -> None:
    body = "The gateway drops idle connections without telling the client about it. " * 30
    (content,) = learned(commits({"message": f"{TELLING}\n\n{body}"})).learnings["content"]
    assert words(content) <= 60
    assert content.startswith(TELLING)
    assert content.endswith("about it.…")


def test_the_part_of_the_repository_is_named_when_the_title_does_not() -> None:
    (row,) = learned(commits({"paths": ["src/checkout/a.go"]})).learnings.to_dict("records")
    assert row["content"].startswith("[checkout] Retry the payment")
    assert not row["title"].startswith("[")


def test_no_control_character_and_no_address_reaches_a_learning() -> None:
    message = (
        f"{TELLING}\x1b[2J\u202e\n\nSeen by the on-call because of an alert \x07of the gateway."
        "\n\nSigned-off-by: Ana <ana@example.com>\nReported by bob@example.com on Monday."
    )
    (row,) = learned(commits({"message": message, "paths": ["a\x1bb"]})).learnings.to_dict(
        "records"
    )
    for name in ("title", "content", "evidence_path", "reason"):
        assert not any(ord(char) < 32 and char != "\n" for char in row[name]), name
        assert "\u202e" not in row[name]
        assert "@example.com" not in row[name]


def test_rows_are_ordered_by_time_and_typed() -> None:
    found = learned(
        commits({"message": TELLING + " again", "authored_at": MONDAY + timedelta(days=9)}, {}),
        documents({}),
        components({}),
    ).learnings
    assert found["occurred_at"].is_monotonic_increasing
    assert str(found["occurred_at"].dtype) == "datetime64[us, UTC]"
    assert found["evidence_line"].dtype == "int64"
    assert found["id"].is_unique
    assert str(learned().learnings["occurred_at"].dtype) == "datetime64[us, UTC]"


def test_the_ids_of_one_version_of_the_rules_stay_what_they_are() -> None:
    # An id that changes embeds everything again: raise rules.LEARNINGS when this is meant.
    found = learned(commits({}), documents({}), components({})).learnings
    assert rules.LEARNINGS == "2"
    assert sorted(found["id"]) == IDS


IDS = [
    "31a21073cc062351584bb6d285898d6d",
    "38df3238f3704a62aab7b8d920b40593",
    "f0b0517ad9b58a46eb14cb55514d05d3",
]

MESSAGES = st.one_of(
    st.text(max_size=200),
    st.lists(
        st.sampled_from(
            ["fix: ", "retry ", "because ", "cache ", "quando ", "não ", "timeout ", "leak ",
             "para que ", "in order to ", "\n\n", "- ", "Signed-off-by: x <x@y.zz>", "\x00", "é",
             "instead of ", "connection ", "gateway ", "orders ", "consumer ", "50 ms "]
        ),
        max_size=25,
    ).map("".join),
)  # fmt: skip
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "message": MESSAGES,
            "paths": st.lists(st.text(max_size=12), max_size=3),
            "authored_at": st.datetimes(
                datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC)
            ),
        }
    ),
    max_size=6,
)


@settings(deadline=None, max_examples=60)
@given(ROWS, st.lists(st.text(max_size=200), max_size=3), st.integers(1, 40), st.randoms())
def test_any_history_gives_bounded_learnings_independent_of_the_order_of_rows(
    rows: list[dict[str, Any]], texts: list[str], window: int, chance: Any
) -> None:
    frame = commits(*rows)
    pages = documents(*({"text": text, "path": f"docs/{n}.md"} for n, text in enumerate(texts)))
    found = learned(frame, pages, window=window)
    order = list(range(len(frame)))
    chance.shuffle(order)
    shuffled = learned(frame.iloc[order], pages.iloc[::-1], window=window)
    pd.testing.assert_frame_equal(found.learnings, shuffled.learnings)
    assert (found.skipped, found.duplicates) == (shuffled.skipped, shuffled.duplicates)
    commit_skips = sum(n for name, n in found.skipped.items() if not name.startswith("document"))
    kept = int((found.learnings["source"] == "commit").sum())
    assert kept + commit_skips <= len(frame)
    for row in found.learnings.itertuples():
        assert words(str(row.content)) <= window
        assert 0 < len(str(row.title)) <= 100
        assert row.category in CATEGORIES
        assert row.language in (*LANGUAGES, "und")
        assert row.id == content_id(str(row.content))


def test_the_rules_read_thousands_of_commits_a_second() -> None:
    titles = (TELLING, "Fix typo", "Adiciona botão novo", "Move assets to the public folder")
    frame = commits(*({"message": f"{titles[n % 4]} {n}"} for n in range(1_000)))
    rules = LearningSettings(min_substance=1.0)
    learned(frame, rules=rules)
    started = time.process_time()
    learned(frame, rules=rules)
    assert 1_000 / (time.process_time() - started) > 2_000  # 9,000 on real histories, when idle


@pytest.mark.parametrize(
    ("message", "title"),
    [
        ("stop timers when cancelled, because goroutines leak", "Stop timers when cancelled,"),
        ("é preciso esperar, porque o banco demora", "É preciso esperar, porque"),
        ("platform/retry: take over, because two loops differ", "platform/retry: take over,"),
        ("web: Dockerfile: use wget, because curl hangs", "web: Dockerfile: use wget,"),
        ("auth-gateway: wait, because the pool is empty", "auth-gateway: wait, because"),
        ("cart - wait for redis, because it starts late", "cart - wait for redis,"),
        ("client.py waits for redis, because it starts late", "client.py waits for redis,"),
        ("useEffect runs twice, because of strict mode", "useEffect runs twice,"),
        ("iPhone users are logged out, because of cookies", "iPhone users are logged out,"),
    ],
)
def test_a_title_gets_a_capital_unless_it_begins_with_a_name(message: str, title: str) -> None:
    message += "\n\nEvery order in flight was lost at each restart, so we wait for it instead."
    (row,) = learned(commits({"message": message, "paths": []})).learnings.to_dict("records")
    assert row["title"].startswith(title)


@pytest.mark.parametrize(
    ("told", "language"),
    [
        ("API da loja virtual", "pt"),
        ("Web API of the shop", "en"),
        ("Fila e cache RabbitMQ Redis", "pt"),
    ],
)
def test_a_component_speaks_the_language_of_its_description(told: str, language: str) -> None:
    parts = components({"name": "loja", "description": told, "category": "service"})
    (row,) = learned(component_rows=parts).learnings.to_dict("records")
    assert row["language"] == language


def test_a_section_below_known_limitations_is_a_need() -> None:
    text = f"# Known limitations\n\n## Lost events\n\n{DOCUMENT.split(chr(10), 2)[2]}"
    (row,) = learned(document_rows=documents({"text": text})).learnings.to_dict("records")
    assert row["category"] == "need"


def test_a_section_of_a_post_mortem_is_known_by_its_path() -> None:
    text = f"# Orders lost in May\n\n## Cause\n\n{DOCUMENT.split(chr(10), 2)[2]}"
    rows = documents({"text": text, "path": "docs/postmortems/may.md"})
    (row,) = learned(document_rows=rows).learnings.to_dict("records")
    assert row["category"] == "insight"
