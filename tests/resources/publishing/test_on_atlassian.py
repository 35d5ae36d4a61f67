"""Publishing to Jira and Confluence as the stand-in has them, through a home and its ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from coordinator.publishing.keys import is_label, publication_key
from coordinator.publishing.records import Target
from coordinator.settings import (
    ALL_CATEGORIES,
    CompanySettings,
    ConfluenceSettings,
    CoordinatorConfluence,
    CoordinatorJira,
    CoordinatorSettings,
    EmbeddingSettings,
    GitSettings,
    JiraSettings,
    Person,
    dump,
)
from orch_dagster.samples.atlassian import Account, Rules
from orch_dagster.samples.atlassian.records import Issue
from resources.approvals import Wanted
from resources.carrying_out import carry_out
from resources.home import Home
from resources.http import Lanes
from resources.publishing.delivering import Delivered
from resources.publishing.publishing import Publishing
from resources.tables import schemas

EMAIL, TOKEN = "bot@orch.example", "an api token"
JIRA, CONFLUENCE = Target("jira"), Target("confluence")
ACME_SPACE = Target("confluence", "acme")
WORDS = "Retry the gateway with backoff: it drops connections under load each evening."


@dataclass
class Office:
    """A coordinator with a project and a space, two companies, and the site they all are on."""

    home: Home
    stand_in: Any
    url: str
    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)

    def deliver(self, target: Target, kind: str = "copy") -> Delivered:
        self.advance(minutes=1)
        return self.home.publishing.deliver(target, kind)

    def share(self, content: str = WORDS, category: str = "solution", company: str = "acme") -> str:
        """Share a learning as its people would; returns the copy's id."""
        learning = self.home.view(company, surface="test").add(content, category=category).id
        proposal = self.home.global_memory.propose(company, learning)
        self.home.approvals.decide(
            [Wanted(proposal.number, approve=True)], by=f"Owner of {company}"
        )
        (done,) = carry_out(self.home)
        assert not done.problem
        return done.result

    def documents(self, **texts: str) -> None:
        """Put documents into what was read of acme's repository."""
        rows = [
            {"id": f"docs/{name}", "path": f"docs/{name}", "blob": "x", "text": text, "commit": "c"}
            for name, text in texts.items()
        ]
        frame = pd.DataFrame(rows, columns=["id", "path", "blob", "text", "commit"])
        frame["changed_at"] = pd.to_datetime([datetime(2026, 1, 1, tzinfo=UTC)] * len(rows))
        tables = self.home.companies.instance("acme").tables()
        tables.reconcile("local_docs", frame, schema=schemas.documents())

    def pages(self, space: str = "ORCH") -> dict[str, Any]:
        """The current pages of a space by title, without its homepage."""
        found = {page.title: page for page in self.stand_in.pages(space, status="current")}
        return {title: page for title, page in found.items() if title != space.capitalize()}

    def condition(self, target: Target) -> list[str]:
        from coordinator.publishing.conditions import condition

        state = self.home.publishing.state(target)
        return [condition(one) for one in state.publications.values()]


@pytest.fixture
def office(
    tmp_path: Path, stand_ins: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Office]:
    monkeypatch.setenv("ORCH_TOKEN", TOKEN)
    with ExitStack() as stack:
        home = stack.enter_context(Home.init(tmp_path / "home", embedding=EmbeddingSettings()))
        office = Office(home, None, "", datetime(2026, 3, 1, 12, tzinfo=UTC))
        stand_in = office.stand_in = stand_ins(office, Rules(archive_delay=timedelta(seconds=1)))
        stand_in.add_account(Account(EMAIL, TOKEN, "acc-bot", "Bot"))
        for key in ("ORCH", "PAY"):
            stand_in.add_project(key, readers={EMAIL}, writers={EMAIL})
            stand_in.add_space(key, readers={EMAIL}, writers={EMAIL})
        office.url = stack.enter_context(stand_in.serving())
        account = {"site": office.url, "email": EMAIL, "token_env": "ORCH_TOKEN", "loopback": True}
        account |= {"requests_per_second": 100}
        own = CoordinatorSettings(
            jira=CoordinatorJira(project="ORCH", **account),
            confluence=CoordinatorConfluence(space="ORCH", **account),
        )
        (home.path / "orch.yaml").write_text(dump(own))
        git = GitSettings(url="https://example.org/shop.git")
        home.companies.create(
            CompanySettings(
                name="acme",
                title="Acme",
                git=git,
                owners=(Person(name="Owner of acme"),),
                jira=JiraSettings(project="PAY", publish=("solution",), **account),
                confluence=ConfluenceSettings(space="PAY", docs="docs", **account),
            )
        )
        owner = (Person(name="Owner of umbrella"),)
        home.companies.create(CompanySettings(name="umbrella", git=git, owners=owner))
        home.__dict__["lanes"] = Lanes(now=office, sleep=lambda s: office.advance(seconds=s))
        home.__dict__["publishing"] = Publishing(home, now=office)
        monkeypatch.setattr(
            "resources.confluence.publishing.ARCHIVING", (0.0,)
        )  # the stand-in's clock is moved by hand
        yield office


def test_a_shared_learning_becomes_an_issue_and_a_page_once(office):
    copy = office.share()
    for _ in range(3):
        office.deliver(JIRA)
        office.deliver(CONFLUENCE)
    (issue,) = office.stand_in.issues("ORCH")
    assert publication_key("jira", "ORCH", f"copy:{copy}") in issue.labels
    assert issue.properties["orch"]["key"] in issue.labels
    assert WORDS[:20] in str(issue.description) or WORDS[:20] in issue.summary
    assert len(office.pages()) == 2  # one, and the one that lists them
    for page in office.pages().values():
        (label,) = [one.name for one in page.labels]
        assert is_label(label)
        assert [one.key for one in page.properties] == ["orch"]
    index, page = sorted(office.pages().values(), key=lambda one: int(one.id))
    assert len(page.versions) == 1
    # the list leads to the page, which stood only after it
    assert len(index.versions) == 2
    assert f"/pages/{page.id}" in str(index.body)


def test_nothing_is_published_before_its_company_said_yes(office):
    learning = office.home.view("acme", surface="test").add(WORDS, category="solution").id
    office.home.global_memory.propose("acme", learning)
    assert office.deliver(JIRA).counts == {}
    assert office.stand_in.issues("ORCH") == []


def test_only_the_categories_the_settings_name_are_published(office):
    office.share(WORDS, "solution", "umbrella")
    office.share("Always rotate the tokens hourly, since they leak.", "best_practice", "umbrella")
    assert office.deliver(Target("jira", "acme")).counts["create"] == 1
    assert office.deliver(JIRA).counts["create"] == 2
    assert set(ALL_CATEGORIES) >= {"solution", "best_practice"}


def test_a_company_is_not_told_its_own_and_what_it_is_told_is_a_recorded_sight(office):
    office.share(WORDS, company="acme")
    theirs = office.share("Cap the pool at twenty connections each.", company="umbrella")
    office.deliver(Target("jira", "acme"))
    (issue,) = office.stand_in.issues("PAY")
    assert "pool" in issue.summary
    assert office.home.global_memory.state().copies[theirs].seen_by == ("acme",)


def test_a_retracted_learning_leaves_every_place(office):
    copy = office.share()
    office.deliver(JIRA)
    office.deliver(CONFLUENCE)
    found = office.home.global_memory.retract(copy, reason="names a customer", by="Owner of acme")
    assert len(found.published) == 2
    for target in (JIRA, CONFLUENCE, CONFLUENCE):
        office.deliver(target)
        office.advance(minutes=5)
    (issue,) = office.stand_in.issues("ORCH")
    assert issue.status == "Done"
    assert "gateway" not in f"{issue.summary}{issue.description}"
    assert not any(is_label(label) for label in issue.labels)
    assert office.pages() == {}
    archived = office.stand_in.pages("ORCH", status="archived")
    assert len(archived) == 2
    assert not any("gateway" in f"{page.title}{page.versions[-1].body}" for page in archived)


def test_an_issue_somebody_changed_is_not_written_over_before_a_yes(office):
    copy = office.share()
    office.deliver(JIRA)
    (issue,) = office.stand_in.issues("ORCH")
    office.stand_in.edit_issue(issue.key, summary="People know better")
    office.home.global_memory.retract(copy, reason="x", by="Owner of acme")
    assert office.deliver(JIRA).counts == {"asked": 1}
    assert office.deliver(JIRA).counts == {"asked": 1}
    (proposal,) = [one for one in office.home.approvals.waiting() if one.kind == "overwrite_edited"]
    assert office.stand_in.issues("ORCH")[0].summary == "People know better"
    shown = office.home.approvals.shown(proposal.number)
    assert f"{office.url}/browse/{issue.key}" in shown
    office.home.approvals.decide([Wanted(proposal.number, approve=True)], by="Owner of acme")
    carry_out(office.home)
    office.deliver(JIRA)
    assert office.stand_in.issues("ORCH")[0].summary == "Withdrawn"


def rewrite_what_is_made(office: Office, change: Callable[[Issue], None]) -> None:
    """Do something to each issue as soon as it is made."""

    def listen(request: Any, _: Any) -> None:
        if request.method == "POST" and request.target.endswith("/issue"):
            change(office.stand_in.issues("ORCH")[-1])

    office.stand_in.on_exchange(listen)


def test_a_document_the_service_wrote_in_its_own_form_is_nobodys_change(office):
    def tidy(issue: Issue) -> None:
        text = {"type": "paragraph", "content": [{"type": "text", "text": "Tidied."}]}
        office.stand_in.site.issues[issue.id] = replace(
            issue, description={"type": "doc", "version": 1, "content": [text]}
        )

    rewrite_what_is_made(office, tidy)
    copy = office.share()
    office.deliver(JIRA)
    assert "Tidied" in str(office.stand_in.issues("ORCH")[0].description)
    office.home.global_memory.retract(copy, reason="x", by="Owner of acme")
    assert office.deliver(JIRA).counts["asked"] == 0
    assert office.stand_in.issues("ORCH")[0].summary == "Withdrawn"


def test_what_a_person_changed_right_after_it_was_made_is_not_taken_for_the_services_form(office):
    def improve(issue: Issue) -> None:
        office.stand_in.edit_issue(issue.key, summary="People know better")

    rewrite_what_is_made(office, improve)
    copy = office.share()
    office.deliver(JIRA)
    office.home.global_memory.retract(copy, reason="x", by="Owner of acme")
    assert office.deliver(JIRA).counts == {"asked": 1}
    assert office.stand_in.issues("ORCH")[0].summary == "People know better"


def test_a_page_somebody_changed_is_left_alone_after_a_no(office):
    office.documents(**{"guide.md": "# Guide\n\nOne way to do it."})
    office.deliver(ACME_SPACE, "docs")
    office.stand_in.edit_page(office.pages("PAY")["Guide"].id, storage="<p>People's words.</p>")
    office.documents(**{"guide.md": "# Guide\n\nAnother way to do it."})
    assert office.deliver(ACME_SPACE, "docs").counts["asked"] == 1
    (proposal,) = office.home.approvals.waiting()
    no = Wanted(proposal.number, approve=False, reason="ours is better")
    office.home.approvals.decide([no], by="Owner of acme")
    office.documents(**{"guide.md": "# Guide\n\nA third way to do it."})
    assert office.deliver(ACME_SPACE, "docs").counts["asked"] == 0
    assert "People's words" in str(office.pages("PAY")["Guide"].versions[-1].body)
    assert "changed by somebody else, left alone" in office.condition(ACME_SPACE)


def test_a_yes_is_void_when_the_page_changed_again(office):
    office.documents(**{"guide.md": "# Guide\n\nOne way to do it."})
    office.deliver(ACME_SPACE, "docs")
    office.stand_in.edit_page(office.pages("PAY")["Guide"].id, storage="<p>First.</p>")
    office.documents(**{"guide.md": "# Guide\n\nAnother way."})
    office.deliver(ACME_SPACE, "docs")
    (proposal,) = office.home.approvals.waiting()
    office.home.approvals.decide([Wanted(proposal.number, approve=True)], by="Owner of acme")
    office.stand_in.edit_page(office.pages("PAY")["Guide"].id, storage="<p>Second.</p>")
    carry_out(office.home)
    assert office.deliver(ACME_SPACE, "docs").counts["asked"] == 1
    assert "Second." in str(office.pages("PAY")["Guide"].versions[-1].body)


def test_a_folder_of_documents_becomes_a_page_tree_with_its_links(office):
    office.documents(
        **{
            "README.md": "# Start here\n\nSee [the guide](api/guide.md) and [elsewhere](../x.md).",
            "api/guide.md": "# Guide\n\nBack to [the start](../README.md). ![shot](shot.png)",
            "api/errors.md": "# Errors\n\n[bad](javascript:alert(1))",
        }
    )
    office.deliver(ACME_SPACE, "docs")
    pages = office.pages("PAY")
    assert set(pages) == {"Acme: documentation", "Api", "Guide", "Errors"}
    assert pages["Guide"].parent == pages["Api"].id
    assert pages["Api"].parent == pages["Acme: documentation"].id
    start = str(pages["Acme: documentation"].versions[-1].body)
    assert f"/wiki/spaces/PAY/pages/{pages['Guide'].id}" in start
    assert "../x.md" not in start
    assert "javascript" not in str(pages["Errors"].versions[-1].body)
    assert office.deliver(ACME_SPACE, "docs").counts == {"unchanged": 4}


def test_of_a_removed_document_the_page_is_archived_and_a_returned_one_gets_a_new_page(office):
    both = {"a.md": "# Alpha\n\nWords.", "b.md": "# Beta\n\nWords."}
    office.documents(**both)
    office.deliver(ACME_SPACE, "docs")
    office.documents(**{"a.md": both["a.md"]})
    office.deliver(ACME_SPACE, "docs")
    office.advance(minutes=5)
    assert set(office.pages("PAY")) == {"Acme: documentation", "Alpha"}
    office.documents(**both)
    office.deliver(ACME_SPACE, "docs")
    assert set(office.pages("PAY")) == {"Acme: documentation", "Alpha", "Beta"}


def test_documents_that_were_not_read_yet_are_not_taken_for_none(office):
    office.documents(**{"a.md": "# Alpha\n\nWords."})
    office.deliver(ACME_SPACE, "docs")
    office.home.companies.instance("acme").tables().drop("local_docs")
    report = office.deliver(ACME_SPACE, "docs")
    assert "not read yet" in report.problem
    assert "Alpha" in office.pages("PAY")


def test_a_title_somebody_else_has_is_refused_and_said_and_their_page_untouched(office):
    theirs = office.stand_in.add_page("PAY", title="ALPHA", storage="<p>Theirs.</p>")
    office.documents(**{"a.md": "# Alpha\n\nWords.", "b.md": "# Beta\n\nWords."})
    report = office.deliver(ACME_SPACE, "docs")
    assert report.counts["refused"] == 1
    assert "Beta" in office.pages("PAY")
    assert "refused (SourceRefused 400)" in office.condition(ACME_SPACE)
    office.stand_in.edit_page(theirs, title="Gamma")
    office.advance(hours=1)
    office.deliver(ACME_SPACE, "docs")
    assert "Alpha" in office.pages("PAY")


def test_objects_of_a_lost_ledger_are_found_and_not_made_again(office):
    """The key is made of place and subject: a coordinator that begins anew finds what it made."""
    office.share()
    office.deliver(JIRA)
    office.deliver(CONFLUENCE)
    for target in (JIRA, CONFLUENCE):
        places = office.home.publishing.places
        publisher = places.publisher(places.named(target))
        for one in office.home.publishing.wanted(target, "copy"):
            (found,) = publisher.look(one.key, one.title, None)
            assert found.id == office.home.publishing.state(target).publications[one.key].id
            assert found.ours


def test_a_label_somebody_put_on_another_issue_makes_it_not_ours(office):
    copy = office.share()
    label = publication_key("jira", "ORCH", f"copy:{copy}")
    office.stand_in.add_issue("ORCH", summary="Somebody's", labels=[label])
    office.advance(minutes=5)
    assert office.deliver(JIRA).counts == {"create": 1}


def test_hostile_words_are_published_as_words(office):
    office.share("<script>alert(1)</script> [x](javascript:alert(2)) [~accountid:acc-bot] retry it")
    office.deliver(JIRA)
    (issue,) = office.stand_in.issues("ORCH")
    said = str(issue.description)
    assert "'type': 'mention'" not in said
    assert "'href': 'javascript" not in said


def test_every_place_refused_is_one_problem_and_asked_again_later(office, monkeypatch):
    office.share()
    monkeypatch.setenv("ORCH_TOKEN", "expired")
    report = office.deliver(JIRA)
    assert "ORCH_TOKEN" in report.problem
    assert not office.home.publishing.is_due(JIRA, "copy")
    monkeypatch.setenv("ORCH_TOKEN", TOKEN)
    office.advance(hours=1)
    assert office.home.publishing.is_due(JIRA, "copy")
    assert office.deliver(JIRA).counts == {"create": 1}
    assert not office.home.publishing.is_due(JIRA, "copy")
