"""Pages read little by little: nothing twice, nothing lost, nothing larger than it should be."""

from __future__ import annotations

from datetime import timedelta

import pytest

from coordinator.errors import SourceAbsent, SourceMisbehaved, SourceUnauthorized
from coordinator.ledger.events import NewEvent

KEY = "orch-0123456789abcdef0123"


def fill(site, count: int = 3) -> list[str]:
    ids = []
    for number in range(count):
        storage = f"<h1>Page {number}</h1><p>Words of page {number}.</p>"
        ids.append(site.stand_in.add_page("PAY", title=f"Page {number}", storage=storage))
        site.clock.advance(minutes=1)
    return ids


def titles(site) -> list[str]:
    return [title for title in site.titles("confluence_pages") if title.startswith("Page")]


def test_the_first_read_takes_everything_as_markdown(site):
    fill(site)
    site.sync("confluence")
    assert titles(site) == ["Page 0", "Page 1", "Page 2"]
    texts = [row["text"] for row in site.rows("confluence_pages").values()]
    assert "# Page 0\n\nWords of page 0." in [text.strip() for text in texts]


def test_a_quiet_space_has_no_news(site):
    fill(site)
    site.sync("confluence")
    site.clock.advance(hours=1)
    assert site.news("confluence") == ""


def test_only_changed_pages_are_fetched(site):
    ids = fill(site, 60)
    site.sync("confluence")
    site.clock.advance(hours=2)
    site.stand_in.edit_page(ids[7], title="Page 7, changed", storage="<p>New words.</p>")
    assert site.news("confluence")
    site.calls.clear()
    found = site.sync("confluence")
    assert [*found.rows["title"]] == ["Page 7, changed"]
    bodies = [target for target in site.calls if "body-format=storage" in target]
    assert len(bodies) == 1
    assert site.news("confluence") == ""


@pytest.mark.parametrize("how", ["trash_page", "archive_page"])
def test_a_page_that_was_taken_away_leaves_with_the_census(site, how):
    ids = fill(site)
    site.sync("confluence")
    getattr(site.stand_in, how)(ids[0])
    site.clock.advance(hours=1)
    site.sync("confluence", census=True)
    assert titles(site) == ["Page 1", "Page 2"]


def test_a_page_that_came_with_an_old_date_is_found_by_the_census(site):
    fill(site)
    site.sync("confluence")
    site.clock.advance(days=3)
    site.stand_in.add_page(
        "PAY", title="Page moved here", storage="<p>Old.</p>",
        created=site.clock() - timedelta(days=300),
    )  # fmt: skip
    assert site.news("confluence") == ""
    site.sync("confluence", census=True)
    assert "Page moved here" in titles(site)


def test_a_page_over_five_megabytes_is_left_out_and_its_neighbours_are_not(site):
    fill(site, 2)
    site.stand_in.add_page("PAY", title="Page of 6 MB", storage=f"<p>{'word ' * 1_200_000}</p>")
    found = site.sync("confluence")
    assert titles(site) == ["Page 0", "Page 1"]
    assert found.counts["too_large"] == 1
    assert "over 5 MB" in found.notes[0]


def test_pages_too_large_for_one_answer_are_fetched_apart(site):
    for number in range(12):
        storage = f"<p>{'x' * 4_000_000}</p>"
        site.stand_in.add_page("PAY", title=f"Page {number}", storage=storage)
    site.sync("confluence")
    assert len(titles(site)) == 12


def test_what_the_coordinator_published_is_not_read_back(site):
    fill(site, 1)
    site.stand_in.add_page("PAY", title="Page of ours", storage=f"<p>Words.</p><p>{KEY}</p>")
    site.sync("confluence")
    assert titles(site) == ["Page 0"]


def test_a_published_page_is_not_read_back_even_without_its_marker(site):
    """Somebody took the marker out: the page's id still says whose it is."""
    id = site.stand_in.add_page("PAY", title="Page of ours", storage="<p>Words.</p>")
    stream = "outbox:confluence:acme"
    looked = {"key": KEY, "subject": "docs:x", "owner": "acme", "purpose": "first", "found": [id]}
    adopted = {"key": KEY, "id": id, "name": id, "stamp": "1"}
    site.home.ledger.append(
        stream,
        [NewEvent("publication_looked", looked), NewEvent("publication_adopted", adopted)],
        expected_version=None,
    )
    site.sync("confluence")
    assert titles(site) == []
    site.clock.advance(hours=1)
    site.stand_in.edit_page(id, storage="<p>Other words.</p>")
    assert site.news("confluence") == ""


def test_comments_are_read_where_the_settings_ask(site):
    site.settings(confluence=site.confluence(comments=True))
    site.stand_in.add_page(
        "PAY", title="Page", storage="<p>Words.</p>", comments=["<p>First</p>", "<p>Second</p>"]
    )
    site.sync("confluence")
    row = next(row for row in site.rows("confluence_pages").values() if row["title"] == "Page")
    assert row["comments"] == "First\n\nSecond"


def test_macros_scripts_and_entities_become_plain_markdown(site):
    storage = (
        '<p onclick="evil()">A&nbsp;b<script>alert(1)</script></p>'
        '<ac:structured-macro ac:name="code"><ac:plain-text-body><![CDATA[rm -rf /]]>'
        "</ac:plain-text-body></ac:structured-macro>"
    )
    site.stand_in.add_page("PAY", title="Page", storage=storage)
    site.sync("confluence")
    row = next(row for row in site.rows("confluence_pages").values() if row["title"] == "Page")
    assert "rm -rf /" in row["text"]
    assert "onclick" not in row["text"]
    assert "alert(1)" not in row["text"]


# -- what cannot be read is never empty --------------------------------------------------------


def test_a_space_that_is_not_there_for_the_account_is_absent_and_not_empty(site):
    fill(site)
    site.sync("confluence")
    site.stand_in.add_space("PAY", readers={"somebody@else.example"})
    with pytest.raises(SourceAbsent, match="no space PAY"):
        site.read("confluence", census=True)
    assert len(titles(site)) == 3


def test_a_refused_token_is_said(site, monkeypatch):
    monkeypatch.setenv("ACME_TOKEN", "expired")
    with pytest.raises(SourceUnauthorized):
        site.read("confluence")


@pytest.mark.parametrize("how", ["not_json", "wrong_types", "missing_fields", "repeated_token"])
def test_an_answer_that_breaks_the_specification_is_an_error_and_never_an_end(site, how):
    fill(site, 260)
    site.stand_in.misbehave("getPages", how)
    with pytest.raises(SourceMisbehaved):
        site.read("confluence")
    assert titles(site) == []


def test_a_scoped_token_works_by_the_sites_cloud_id(site_with):
    site = site_with(scoped=True)
    fill(site)
    site.sync("confluence")
    assert len(titles(site)) == 3
    assert any("/ex/confluence/" in target for target in site.calls)
