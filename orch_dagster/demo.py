"""A home with the three sample companies in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from coordinator.errors import UsageError
from coordinator.global_memory import PUBLISH
from coordinator.insights import INSIGHT
from coordinator.settings import CompanySettings, GitSettings
from orch_dagster.samples.build import SAMPLE_COMPANIES, add_commit, build_repository
from resources.embedding import choose_model
from resources.home import SETTINGS_FILE, Home, home_path

if TYPE_CHECKING:
    from coordinator.approvals import Proposal
    from coordinator.memory import Found
    from coordinator.ports import Progress
    from resources.patterns import Shown
    from resources.publishing.overview import Report


def prepare(home: str | None, *, push: bool = False) -> Home:
    """Open the home, made when there is none, with the sample companies created.

    Their repositories stand under ``samples/`` of the home. With `push`, each gets one more commit
    while there are some left.
    """
    where = home_path(home)
    embedding = (
        Home.open(where).settings.embedding
        if (where / SETTINGS_FILE).exists()
        else choose_model()[0]
    )
    opened = Home.init(where, embedding=embedding)
    known = opened.companies.names()
    for sample in SAMPLE_COMPANIES:
        repository = where / "samples" / f"{sample.slug}.git"
        build_repository(sample.slug, repository)
        if push:
            _push(repository, sample.slug)
        if sample.slug not in known:
            opened.companies.create(
                CompanySettings(
                    name=sample.slug,
                    title=sample.title,
                    description=sample.description,
                    language="pt" if sample.language == "pt" else "en",
                    owners=sample.owners,
                    git=GitSettings(url=str(repository), protocols=("file",)),
                )
            )
    return opened


def _push(repository: Path, company: str) -> None:
    try:
        add_commit(repository, company)
    except UsageError:
        # every further commit of this sample has been pushed: the demo may still be run again
        return


def find_patterns(home: Home) -> list[Shown]:
    """Look for what the sample companies have in common, and ask what may be told of it."""
    home.patterns.refresh()
    home.opportunities.refresh()
    home.insights.refresh()
    return home.patterns.shown()


def waiting_parts(home: Home) -> list[int]:
    """The proposals that ask what companies show of the best pattern that was announced."""
    announced = {one.id for one in home.patterns.state().standing() if one.announced}
    best = next((one.id for one in home.patterns.standing() if one.id in announced), None)
    waiting = home.approvals.waiting(kind=INSIGHT)
    return [one.number for one in waiting if one.subject == best]


def approve_and_publish(
    home: Home, proposals: Sequence[int], progress: Callable[[str], Progress]
) -> list[Report]:
    """Say yes to proposals in the name of the sample companies' owners, and publish everything.

    Returns what could not be published.
    """
    from resources.approvals import Wanted
    from resources.carrying_out import carry_out
    from resources.publishing.overview import delivered

    for number in proposals:
        company = home.approvals.proposal(number).company
        owner = home.companies.instance(company).settings.owners[0].name
        home.approvals.decide([Wanted(number, approve=True)], by=owner)
    carry_out(home)
    return [one for one in delivered(home, progress=progress) if one.problem]


def waiting_share(home: Home, found: Sequence[Found]) -> Proposal | None:
    """The proposal to share the first of `found`, made unless its company was asked before.

    None when the question was answered. What a person proposed is theirs to answer.
    """
    if not found:
        return None
    company, learning = found[0].company, found[0].id
    asked = [one for one in home.approvals.inbox().proposals if one.company == company]
    if not asked:
        return home.global_memory.propose(company, learning, reason="others ask for it")
    of_ours = (one for one in asked if one.kind == PUBLISH and one.subject == learning)
    return next((one for one in of_ours if one.status == "waiting"), None)
