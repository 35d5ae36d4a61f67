"""What may be written by hand, and how it becomes rows."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator import by_hand, rules
from coordinator.catalog import discovery
from coordinator.errors import UsageError
from coordinator.ledger.company_state import CompanyState, WrittenLearning
from coordinator.ledger.events import text_hash
from coordinator.memory import LEARNING_COLUMNS
from coordinator.versions import sync_version

AT = datetime(2026, 3, 1, tzinfo=UTC)


def state_of(*learnings: by_hand.Learning, **components: str) -> CompanyState:
    return CompanyState(
        learnings={
            one.id: WrittenLearning(one.id, one.category, one.language, text_hash(one.text), AT)
            for one in learnings
        },
        components=components,
    )


def written(content: str, **given: str) -> by_hand.Learning:
    return by_hand.learning(content, **({"category": "solution"} | given))


class TestALearning:
    def test_the_same_words_are_the_same_learning_whatever_their_spaces_and_capitals(self) -> None:
        assert written("Rotate  tokens\n").id == written("rotate tokens", title="Other").id
        assert written("Rotate tokens").id != written("Rotate keys").id

    def test_its_title_is_the_first_line_unless_one_is_given(self) -> None:
        assert written("First line.\nSecond line.").title == "First line."
        assert written("First line.", title="Mine\nindeed").title == "Mine indeed"
        assert len(written("word " * 200).title) <= 100

    def test_its_language_is_told_by_its_words_unless_it_is_given(self) -> None:
        assert written("Publicamos em dois ambientes e trocamos o tráfego.").language == "pt"
        assert written("We publish to two environments and switch over.").language == "en"
        assert written("Publicamos em dois ambientes.", language="en").language == "en"

    def test_its_words_are_kept_as_canonical_json_without_what_hides_or_controls(self) -> None:
        one = written("a\x1b[31m b\u202e c\x00 d\ud800", title="t\x07")
        assert json.loads(one.text) == {"title": "t", "content": "a[31m b c d"}

    @pytest.mark.parametrize("content", ["", " \n\t", "\u200b\u202e", "\x00"])
    def test_without_words_it_is_refused(self, content: str) -> None:
        with pytest.raises(UsageError, match="needs words"):
            written(content)

    @pytest.mark.parametrize(
        "given",
        [
            {"content": "x" * 20_001},
            {"content": "ok", "title": "x" * 20_001},
            {"content": "x" * 10_000_000},
        ],
    )
    def test_a_long_text_is_refused_with_its_length_and_not_its_words(
        self, given: dict[str, str]
    ) -> None:
        with pytest.raises(UsageError, match="characters, over 20,000") as refused:
            by_hand.learning(category="need", **given)
        assert "xxx" not in str(refused.value)

    def test_a_text_of_exactly_the_limit_is_taken(self) -> None:
        assert len(written("ab " * 6_666 + "cd").content) == 20_000

    @pytest.mark.parametrize("place", ["content", "title"])
    def test_a_secret_is_refused_by_its_kind_alone(self, place: str) -> None:
        secret = "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8"
        with pytest.raises(UsageError, match="secret") as refused:
            by_hand.learning(**({"content": "words", "category": "need"} | {place: f"t {secret}"}))
        assert secret not in str(refused.value)

    @pytest.mark.parametrize(
        ("given", "what"),
        [({"category": "' OR 1=1 --"}, "category"), ({"language": "fr"}, "language")],
    )
    def test_unknown_categories_and_languages_are_refused_with_the_known_ones(
        self, given: dict[str, str], what: str
    ) -> None:
        with pytest.raises(UsageError, match=what) as refused:
            written("words", **given)
        assert "OR 1=1" not in str(refused.value)

    @given(st.text(max_size=300), st.text(max_size=120))
    def test_any_text_is_refused_or_makes_words_that_can_be_read_back(
        self, content: str, title: str
    ) -> None:
        try:
            one = by_hand.learning(content, category="insight", title=title)
        except UsageError:
            return
        state = state_of(one)
        (row,) = by_hand.learnings(state, {text_hash(one.text): one.text}).to_dict("records")
        assert (row["id"], row["title"], row["content"]) == (one.id, one.title, one.content)


class TestAComponent:
    @pytest.mark.parametrize(
        ("said", "folder"),
        [
            ("libs/retry", "libs/retry"),
            ("./libs//retry/", "libs/retry"),
            (".", "."),
            ("a'; DROP TABLE x", "a'; DROP TABLE x"),
        ],
    )
    def test_its_folder_has_one_spelling(self, said: str, folder: str) -> None:
        assert by_hand.component(said).path == folder

    @pytest.mark.parametrize(
        "path",
        ["", " ", "/etc", "~root", "../up", "a/../../b", "a\nb", "a\x00b", "a\u202eb", "x" * 401],
    )
    def test_a_path_outside_or_unreadable_is_refused(self, path: str) -> None:
        with pytest.raises(UsageError):
            by_hand.component(path)

    def test_its_id_does_not_tell_its_path(self) -> None:
        assert "retry" not in by_hand.component("libs/retry").id

    @pytest.mark.parametrize("place", ["name", "description"])
    def test_a_secret_and_a_long_text_are_refused(self, place: str) -> None:
        for text in ("ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8", "x" * 2_001):
            with pytest.raises(UsageError):
                by_hand.component("libs/retry", **{place: text})

    def test_an_unknown_category_is_refused(self) -> None:
        with pytest.raises(UsageError, match="category"):
            by_hand.component("libs/retry", category="thing")


class TestRows:
    def test_they_have_the_columns_of_a_learning_and_their_types(self) -> None:
        one = written("Rotate tokens")
        frame = by_hand.learnings(state_of(one), {text_hash(one.text): one.text})
        assert tuple(frame.columns) == LEARNING_COLUMNS
        assert frame["source"].tolist() == ["manual"]
        nothing = by_hand.learnings(CompanyState(), {})
        for column in ("occurred_at", "evidence_line", "substance"):
            assert nothing[column].dtype == frame[column].dtype, column

    def test_one_whose_words_were_purged_meanwhile_is_left_out(self) -> None:
        assert by_hand.learnings(state_of(written("Rotate tokens")), {}).empty
        assert by_hand.components(CompanyState(components={"x": "0" * 64}), {}) == []

    def test_by_hand_and_learned_from_a_source_are_one_row_and_the_hand_wins(self) -> None:
        one, other = written("Rotate tokens"), written("Another")
        texts = {text_hash(each.text): each.text for each in (one, other)}
        rows = by_hand.learnings(state_of(one), texts)
        learned = by_hand.learnings(state_of(one, other), texts).assign(source="commit")
        both = by_hand.joined(learned, rows)
        assert dict(zip(both["id"], both["source"], strict=True)) == {
            one.id: "manual",
            other.id: "commit",
        }
        assert by_hand.joined(learned, rows.iloc[:0]) is learned
        assert len(by_hand.joined(learned.iloc[:0], rows)) == 1

    def test_a_row_that_is_not_there_word_for_word_is_withdrawn(self) -> None:
        one, other = written("Rotate tokens"), written("Another")
        texts = {text_hash(each.text): each.text for each in (one, other)}
        rows = by_hand.learnings(state_of(one, other), texts)
        assert by_hand.withdrawn(rows, rows) == set()
        assert by_hand.withdrawn(rows, rows[rows["id"] == one.id]) == {other.id}
        assert by_hand.withdrawn(rows, rows.assign(title="New")) == {one.id, other.id}
        assert by_hand.withdrawn(rows.iloc[:0], rows) == set()

    def test_only_words_by_hand_that_are_said_no_more_are_unsaid(self) -> None:
        row = dict.fromkeys(discovery.COLUMNS, "") | {"id": "acme/x", "name": "X"}
        stored = pd.DataFrame([row | {"reason": "declared by hand"}])
        assert by_hand.unsaid(stored, stored).empty
        assert by_hand.unsaid(stored, stored.assign(name="Y"))["id"].tolist() == ["acme/x"]
        assert by_hand.unsaid(stored, stored.iloc[:0])["id"].tolist() == ["acme/x"]
        assert by_hand.unsaid(stored.assign(reason="a manifest"), stored.iloc[:0]).empty
        assert by_hand.unsaid(stored.iloc[:0], stored).empty


class TestTheVersionOfASync:
    def test_it_is_as_it_was_for_a_company_nothing_was_written_in(self) -> None:
        assert by_hand.version(CompanyState()) == ""
        before = hashlib.sha256(f"settings:{rules.CATALOG}:{rules.LEARNINGS}".encode())
        wanted = f"a1+{before.hexdigest()[:12]}"
        assert sync_version("a1", "settings", CompanyState(version=9)) == wanted

    def test_it_changes_with_every_learning_and_component(self) -> None:
        one, other = written("Rotate tokens"), written("Another")
        states = [
            CompanyState(),
            state_of(one),
            state_of(one, other),
            state_of(written("Rotate tokens", category="need")),
            state_of(written("Rotate tokens", title="Other")),
            state_of(one, x="1" * 64),
            state_of(one, x="2" * 64),
        ]
        versions = {sync_version("a1", "settings", state) for state in states}
        assert len(versions) == len(states)

    def test_it_does_not_depend_on_the_order_things_were_written_in(self) -> None:
        one, other = written("Rotate tokens"), written("Another")
        assert by_hand.version(state_of(one, other)) == by_hand.version(state_of(other, one))
