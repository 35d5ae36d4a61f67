"""A commit message without what tools put around its words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.learnings.commit_text import commit_text

SQUASH = """fix(cart): retry the checkout call when redis times out (#1234)

* fix(cart): retry the checkout call when redis times out

* fix typo

* use jittered backoff so that clients do not retry in step

* Merge branch 'main' into retry

* address review comments

* Update CHANGELOG.md

---------

Signed-off-by: Ana Souza <ana@example.com>
Co-authored-by: Bob <bob@example.com>
Change-Id: I7a9f
"""

TEMPLATE = """Keep the session when the token is rotated

<!-- Describe your change here -->
## Description
The old token stayed valid for a minute because the cache was keyed by user.

## Checklist
- [x] I have added tests
- [ ] Docs

Closes #77
https://ci.example.com/build/4711
[skip ci]
"""


def test_of_a_squash_merge_only_the_telling_steps_stay() -> None:
    text = commit_text(SQUASH)
    assert text.title == "cart: retry the checkout call when redis times out"
    assert (text.kind, text.scope) == ("fix", "cart")
    assert text.body == "- use jittered backoff so that clients do not retry in step"


def test_a_pull_request_template_leaves_what_somebody_wrote() -> None:
    assert commit_text(TEMPLATE).body == (
        "The old token stayed valid for a minute because the cache was keyed by user."
    )


def test_no_address_of_an_author_stays_anywhere() -> None:
    text = commit_text(
        "Thanks ana@example.com for the report\n\nReported by <bob.b@mail.example.org>, see below."
        "\n\nReviewed-by: C <c@example.com>\nTested-by: D <d@example.com>"
    )
    assert "@" not in text.text


def test_quoted_diffs_leave_and_the_words_around_stay() -> None:
    message = (
        "Guard against a nil map\n\nThe panic came from here:\n\ndiff --git a/a.go b/a.go\n"
        "@@ -1 +1 @@\n-m[k] = v\n+if m != nil {\n\nNo caller relies on it."
    )
    assert commit_text(message).body == "The panic came from here:\nNo caller relies on it."


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("#27 Add the Jolokia dependency", "Add the Jolokia dependency"),
        ("[PROJ-12] Rotate keys", "Rotate keys"),
        ("ABC-9: Rotate keys (fixes #3)", "Rotate keys"),
        ("Rotate keys (#12) (#34)", "Rotate keys"),
        (":bug: Rotate keys 🎉", "Rotate keys"),
        ("feat(auth)!: rotate keys", "auth: rotate keys"),
        ("feat: rotate keys", "rotate keys"),
        ("correção: evita cobrança dupla.", "evita cobrança dupla"),
        ("+ rotate keys", "rotate keys"),
    ],
)
def test_a_title_loses_ticket_numbers_and_prefixes(line: str, title: str) -> None:
    assert commit_text(line).title == title


def test_a_merge_commits_title_is_the_pull_requests() -> None:
    message = "Merge pull request #5 from a/b\n\nStop timers to avoid a leak"
    assert commit_text(message).title == "Stop timers to avoid a leak"


def test_a_title_wrapped_over_two_lines_is_one_title() -> None:
    text = commit_text(
        "Send the notification only when the run failed and\nnot on every success\n\nToo noisy."
    )
    assert text.title.endswith("failed and not on every success")
    assert text.body == "Too noisy."


def test_soft_line_breaks_join_and_paragraphs_stay_apart() -> None:
    text = commit_text("Title here\n\nfirst line\nsecond line\n\nnext paragraph")
    assert text.body == "first line second line\nnext paragraph"


@given(st.text(max_size=600))
def test_no_message_raises_and_nothing_invisible_stays(message: str) -> None:
    text = commit_text(message)
    assert "\x00" not in text.text
    assert "\u202e" not in text.text


@given(
    st.lists(
        st.sampled_from(
            ["- ", "* ", "fix", "(#1)", "a@b.co", "Signed-off-by: x <a@b.co>", "\n", "\n\n",
             "@@ -1", "+x", "diff --git a b", "because", "## Changes", "<!--", "-->", "#1 "]
        ),
        max_size=30,
    )
)  # fmt: skip
def test_no_mix_of_habits_raises_or_leaves_an_address(parts: list[str]) -> None:
    assert "a@b.co" not in commit_text("".join(parts)).text


def test_a_huge_message_is_read_only_at_its_beginning() -> None:
    text = commit_text("Title of it\n\n" + "word " * 200_000)
    assert len(text.body) < 13_000


def test_the_password_in_an_address_stays_for_the_secret_scan_to_see() -> None:
    text = commit_text("Connect to amqp://shop:Tr0ub4dor-3x@queue.example.org from the worker")
    assert "Tr0ub4dor-3x" in text.title
