"""A throwaway home full of canaries: the companies and settings of a real one, none of its data.

A copy of the real home would lay private data into a temporary folder, and what is decided, synced
and retracted here would have to be kept from it. Canaries in the same companies, under the same
owners, leak lists and model, prove the same and put nothing at risk.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from coordinator.errors import OrchError
from coordinator.settings import (
    CatalogSettings,
    CompanySettings,
    EmbeddingSettings,
    GitSettings,
    LearningSettings,
    Person,
    SharingSettings,
    dump,
)
from orch_dagster.isolation import agreeing
from orch_dagster.isolation.canaries import Canary, canary
from orch_dagster.isolation.sites import Sites, sites_of
from resources.files import write_text
from resources.git import fast_import
from resources.home import SETTINGS_FILE, Home

if TYPE_CHECKING:
    from coordinator.ports import Progress

FEWEST = ("canary-a", "canary-b")
"""Companies that are made where the home has fewer than two: one alone has nobody to hide from."""

PRIVATE = (
    *("author", "commit", "document", "folder", "component", "settings"),
    *("issue", "page", "comment", "reporter"),
    *("hand", "declared", "waiting", "rejected", "rejection", "withdrawn", "withdrawal"),
    *("removed", "retracted", "masked-word", "masked-email", "masked-host"),
    *("need", "answer"),
)
SHARED = ("shared-hand", "shared-commit", "shared-document", "shared-issue")
RECORDED = frozenset({"rejection", "withdrawal"})
"""Places whose words the ledger keeps by design: a reason is said to whoever reads the ledger."""
NAMED = frozenset({"folder"})
"""Places whose words are an id: a component is named by its folder where the operator looks."""
GONE = frozenset({"removed"})
"""Places whose words must be nowhere any more, not even with their company."""

COMMIT = """{title} keeps {word} from being charged twice

The acquirer answered after our timeout because {word} was slow, we charged again and customers
paid twice. Each attempt now carries the same key of {word}, and the acquirer drops the second one.
"""
DOCUMENT = """# Decisions about {word}

## Why {word} retries with a growing delay

Calls to {word} failed in bursts whenever the network was slow, so we wait longer before each
attempt and give up after five of them; since then {word} has not been down for a whole minute.
"""
WORDS = (
    "Caching {word} for five minutes made the catalogue quick: before, each page asked {word} "
    "again, and the database could not keep up in the evening."
)
NEED = (
    "The night batch loses parcels of {word}",
    "The night batch loses parcels of {word} when the courier answers late, and nobody is told.",
)
ANSWER = (
    "The night batch loses no parcels of {word}",
    "The night batch loses no parcels of {word} any more: when the courier answers late each "
    "parcel is asked for again in the morning, and the shift is told.",
)
"""What one company lacks and another has: each is offered what the others wrote."""
MASKED = (
    " Ask {author} or {reporter}, or write to {email}@mail.example; it runs on {host}.internal, "
    "inside the project {word}."
)


@dataclass(frozen=True)
class Planted:
    """The throwaway home, its canaries, and by company and place the ids of what holds them.

    `sites` is the site its companies' issues and pages are on.
    """

    path: Path
    companies: tuple[str, ...]
    canaries: tuple[Canary, ...]
    ids: Mapping[str, Mapping[str, str]]
    approvers: Mapping[str, str]
    numbers: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    sites: Sites | None = None

    def of(self, company: str, place: str) -> Canary:
        return next(one for one in self.canaries if (one.company, one.place) == (company, place))


def settings_of(home: Home) -> tuple[EmbeddingSettings, list[CompanySettings]]:
    """The model and the companies to plant canaries in: those of `home`, at least two."""
    found = []
    for name in home.companies.names():
        try:
            found.append(home.companies.instance(name).settings)
        except OrchError:
            continue  # nobody can be shown anything of a company that cannot be opened
    url = GitSettings(url="https://example.org/canary.git")
    known = {one.name for one in found}
    spare = [CompanySettings(name=name, git=url) for name in FEWEST if name not in known]
    return home.settings.embedding, [*found, *spare[: max(0, 2 - len(found))]]


@contextmanager
def plant(
    path: Path,
    embedding: EmbeddingSettings,
    companies: Sequence[CompanySettings],
    *,
    seed: str,
    more: int = 0,
    progress: Progress | None = None,
) -> Iterator[Planted]:
    """Make the home at `path` and fill each company with its canaries, `more` learnings besides.

    Everything goes the way a person's work goes: commits, issues and pages through a sync,
    learnings by hand, proposals, approvals, a rejection, a removal, a retraction, publication.
    The site its issues and pages are on is there while the block runs.
    """
    names = tuple(one.name for one in companies)
    words = [one for name in names for one in _canaries(seed, name, more, agrees=name == names[0])]
    with sites_of(names) as sites, Home.init(path / "home", embedding=embedding) as home:
        if progress:
            progress.start("planting canaries", len(companies))
        write_text(home.path / SETTINGS_FILE, dump(sites.own(home.settings)))
        home.__dict__.pop("settings", None)
        plantings = []
        for given in companies:
            mine = {one.place: one for one in words if one.company == given.name}
            repository = path / "repositories" / f"{given.name}.git"
            fast_import(repository, _history(mine))
            sites.fill(given.name, mine)
            settings = sites.with_places(_settings(given, repository, mine))
            home.companies.create(settings)
            plantings.append(_Planting(home, settings, mine))
        _sync(home)
        for planting in plantings:
            planting.work()
            if progress:
                progress.advance()
        _look(home)
        for planting in plantings:
            planting.find()
        ids = {one.company: one.ids for one in plantings}
        approvers = {one.company: one.approver for one in plantings}
        agreeing.agree(home, names, ids, approvers)
        _publish(home)
        for planting in plantings:
            planting.retract()
        _publish(home)
        numbers = {one.company: one.numbers for one in plantings}
        _decide_in_dagster(home, numbers, approvers)
        if progress:
            progress.finish()
        yield Planted(home.path, names, tuple(words), ids, approvers, numbers, sites)


def _canaries(seed: str, company: str, more: int, *, agrees: bool) -> Iterator[Canary]:
    for place in PRIVATE:
        yield canary(seed, company, place)
    yield canary(seed, company, agreeing.PLACE, shared=agrees)
    for number in range(more):
        yield canary(seed, company, f"hand-{number}")
    for place in SHARED:
        yield canary(seed, company, place, shared=True)


def _settings(
    given: CompanySettings, repository: Path, mine: Mapping[str, Canary]
) -> CompanySettings:
    """The settings of a company, over a repository of canaries and with one more word to mask."""
    owners = given.owners or (Person(name=f"Owner of {given.name}", email=""),)
    masks = (*given.sharing.mask, mine["masked-word"].word)
    return given.model_copy(
        update={
            "description": f"Sells things with {mine['settings'].word}.",
            "owners": owners,
            "git": GitSettings(url=str(repository), protocols=("file",)),
            "catalog": CatalogSettings(),
            "learnings": LearningSettings(),
            "sharing": SharingSettings(mask=masks),
        }
    )


def _history(mine: Mapping[str, Canary]) -> bytes:
    """A repository whose author, messages, documents and component are canaries."""
    folder = mine["folder"].folded
    manifest = {
        "name": folder,
        "version": "1.0.0",
        "description": f"Keeps {mine['component'].word} warm",
        "scripts": {"start": "node server.js"},
    }
    commits: list[tuple[str, dict[str, str]]] = [
        ("Start", {"README.md": "# A shop\n\nSells things to people who like them.\n"}),
        (
            COMMIT.format(title="A key", word=mine["commit"].word),
            {
                f"services/{folder}/package.json": json.dumps(manifest),
                f"services/{folder}/server.js": "listen(8080)\n",
            },
        ),
        (COMMIT.format(title="Retrying", word=mine["shared-commit"].word), {"a.txt": "a\n"}),
        ("Tell why", {"docs/private.md": DOCUMENT.format(word=mine["document"].word)}),
        ("Tell more", {"docs/shared.md": DOCUMENT.format(word=mine["shared-document"].word)}),
    ]
    parts = []
    for number, (message, files) in enumerate(commits):
        who = f"Ines {mine['author'].word} <ines@mail.example> {1_700_000_000 + number * 86_400}"
        parts += [b"commit refs/heads/main\n", f"author {who} +0000\n".encode()]
        parts += [f"committer {who} +0000\n".encode(), _data(message)]
        for name, text in files.items():
            parts += [f"M 100644 inline {name}\n".encode(), _data(text)]
        parts.append(b"\n")
    return b"".join(parts)


def _data(text: str) -> bytes:
    content = text.encode()
    return b"data %d\n" % len(content) + content + b"\n"


def _sync(home: Home) -> None:
    from orch_dagster.syncing import sync_companies
    from resources.progress import Silence

    results = sync_companies(home, home.companies.names(), progress=lambda _: Silence(), force=True)
    failed = [one for one in results if one.outcome == "failed"]
    if failed:
        raise OrchError(f"{failed[0].company}: {failed[0].error}", hint=failed[0].hint)


def _look(home: Home) -> None:
    """Compare all companies, and ask their people about what fits."""
    home.patterns.refresh()
    home.opportunities.refresh()


def _publish(home: Home) -> None:
    from resources.progress import Silence
    from resources.publishing.overview import delivered

    for report in delivered(home, progress=lambda _: Silence()):
        if report.problem:
            raise OrchError(f"{report.place}: {report.problem}", hint=report.hint)


def _decide_in_dagster(
    home: Home, numbers: Mapping[str, Mapping[str, int]], approvers: Mapping[str, str]
) -> None:
    """Answer in the launchpad what can no longer be answered, and look over all companies anew.

    What those runs are given and say stays in Dagster's storage.
    """
    import dagster as dg

    from orch_dagster.definitions import definitions_for
    from orch_dagster.syncing import QUIET

    definitions = definitions_for(str(home.path))
    with dg.DagsterInstance.from_config(str(home.dagster_folder)) as instance:
        for company, made in numbers.items():
            answers = [
                {"number": made[place], "decision": "approve"}
                for place in ("withdrawn", "rejected", "removed", "retracted")
            ]
            answered = {"by": approvers[company], "decisions": answers}
            definitions.resolve_job_def("decide_approvals").execute_in_process(
                instance=instance,
                run_config={**QUIET, "ops": {"decide_proposals": {"config": answered}}},
                raise_on_error=False,
            )
        for job in ("refresh_global_memory", "detect_patterns"):
            definitions.resolve_job_def(job).execute_in_process(
                instance=instance, run_config=QUIET, raise_on_error=False
            )


class _Planting:
    """What the people of one company do by hand."""

    def __init__(self, home: Home, settings: CompanySettings, mine: Mapping[str, Canary]) -> None:
        self._home = home
        self.company = settings.name
        self.approver = (settings.approvals.publication or (settings.owners[0].name,))[0]
        self._mine = mine
        self.ids: dict[str, str] = {}
        self.numbers: dict[str, int] = {}

    def work(self) -> None:
        for place in ("hand", "waiting", "rejected", "withdrawn", "removed", "retracted"):
            self._add(place)
        for place in self._mine:
            if place.startswith("hand-"):
                self._add(place)
        self._add("shared-hand", more=self._masked())
        for place, category, told in (("need", "need", NEED), ("answer", "solution", ANSWER)):
            self._write(place, category, *(one.format(word=self._mine[place].word) for one in told))
        told = (agreeing.TITLE, agreeing.WORDS)
        word = self._mine[agreeing.PLACE].word
        self._write(agreeing.PLACE, "solution", *(one.format(word=word) for one in told))
        self._declare()
        for place in ("shared-commit", "shared-document", "shared-issue"):
            self.ids[place] = self._learned(place)
        for place in ("waiting", "rejected", "withdrawn", "removed", "retracted", *SHARED):
            self._propose(place)
        self._home.approvals.withdraw(
            self.numbers["withdrawn"],
            by=self.approver,
            reason=f"{self._mine['withdrawal'].word} may not hear of it",
        )
        self._decide()
        self._home.by_hand.remove_learning(self.company, self.ids["removed"], reason="wrong")

    def retract(self) -> None:
        self._home.global_memory.retract(
            self.ids["copy of retracted"], reason="no longer true", by=self.approver
        )

    def find(self) -> None:
        """Note which opportunity the company's need became, and dismiss another one."""
        mine = f"{self.company}/{self.ids['need']}"
        found = [one.id for one in self._home.opportunities.standing() if one.need == mine]
        if not found:
            raise OrchError(f"nothing was found for what '{self.company}' needs")
        self.ids["opportunity"] = found[0]
        for id in found[1:2]:
            self._home.opportunities.dismiss(id, reason="another product line")

    def _add(self, place: str, *, more: str = "") -> None:
        self._write(place, "solution", "", WORDS.format(word=self._mine[place].word) + more)

    def _write(self, place: str, category: str, title: str, words: str) -> None:
        added = self._home.by_hand.add_learning(
            self.company, words, category=category, title=title, by=self.approver
        )
        self.ids[place] = added.id

    def _masked(self) -> str:
        return MASKED.format(
            author=f"Ines {self._mine['author'].word}",
            reporter=f"Rui {self._mine['reporter'].word}",
            email=self._mine["masked-email"].folded,
            host=self._mine["masked-host"].folded,
            word=self._mine["masked-word"].word,
        )

    def _declare(self) -> None:
        one = self._mine["declared"]
        self._home.by_hand.add_component(
            self.company, "docs", name="docs", description=f"About {one.word}"
        )
        self.ids["folder"] = f"services/{self._mine['folder'].folded}"

    def _learned(self, place: str) -> str:
        """The id of the learning that the sync made of that place."""
        tables = self._home.companies.instance(self.company).tables()
        frame = tables.read("learnings", ["id", "content"])
        found = frame[frame["content"].str.contains(self._mine[place].word, regex=False)]
        if found.empty:
            raise OrchError(f"nothing was learned from the {place} of '{self.company}'")
        return str(found["id"].iloc[0])

    def _propose(self, place: str) -> None:
        made = self._home.global_memory.propose(self.company, self.ids[place], by=self.approver)
        self.numbers[place] = made.number

    def _decide(self) -> None:
        from coordinator.approvals import Wanted
        from resources.carrying_out import carry_out

        reason = f"{self._mine['rejection'].word} is not said to others"
        wanted = [Wanted(self.numbers["rejected"], approve=False, reason=reason)]
        wanted += [Wanted(self.numbers[place], approve=True) for place in (*SHARED, "retracted")]
        for outcome in self._home.approvals.decide(wanted, by=self.approver):
            if outcome.problem:
                raise OrchError(outcome.problem, hint=outcome.hint)
        done = {one.number: one for one in carry_out(self._home)}
        for place in (*SHARED, "retracted"):
            result = done.get(self.numbers[place])
            if result is None or result.problem:
                raise OrchError(f"proposal {self.numbers[place]} was not carried out")
            self.ids[f"copy of {place}"] = result.result
