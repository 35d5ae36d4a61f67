"""Where something is published: which places there are, what is to stand there, and who writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from coordinator.errors import UsageError
from coordinator.global_memory import Publication, is_pattern
from coordinator.ports import Publisher
from coordinator.publishing import copies as shared
from coordinator.publishing import docs, insights
from coordinator.publishing.copies import wanted_copies
from coordinator.publishing.docs import wanted_docs
from coordinator.publishing.records import Service, Target, Wanted
from coordinator.settings import Category, ConfluenceTarget, JiraTarget

if TYPE_CHECKING:
    from coordinator.publishing.state import OutboxState
    from resources.home import Home

SERVICES: tuple[Service, ...] = get_args(Service)
COORDINATOR = "the coordinator"
"""How the coordinator's own lanes are called; no company can have that name."""


@dataclass(frozen=True)
class Place:
    """A target as the settings describe it."""

    target: Target
    settings: JiraTarget | ConfluenceTarget
    language: str
    title: str
    docs: str = ""

    @property
    def name(self) -> str:
        """The project's or space's key."""
        found = self.settings
        return found.project if isinstance(found, JiraTarget) else found.space

    @property
    def is_wanted(self) -> bool:
        """Whether anything is to stand there."""
        return bool(self.settings.publish or self.docs)

    @property
    def address(self) -> str:
        """Where people find the place itself."""
        if self.target.service == "jira":
            return f"{self.settings.site}/projects/{self.name}"
        return f"{self.settings.site}/wiki/spaces/{self.name}"

    def url(self, name: str) -> str:
        """Where people find an object by its name (an issue's key, a page's id)."""
        site = self.settings.site
        if self.target.service == "jira":
            return f"{site}/browse/{name}"
        return f"{site}/wiki/spaces/{self.name}/pages/{name}"


class Places:
    """The places of a home."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def all(self) -> list[Place]:
        """Every place the settings name, the coordinator's first."""
        targets = [Target(service) for service in SERVICES]
        targets += [
            Target(service, company)
            for company in self._home.companies.readable()
            for service in SERVICES
        ]
        return [place for place in map(self.find, targets) if place is not None]

    def find(self, target: Target) -> Place | None:
        """The place of `target`; None when the settings do not name it."""
        if not target.company:
            own = self._home.settings
            found = own.jira if target.service == "jira" else own.confluence
            if found is None:
                return None
            return Place(target, found, own.language, COORDINATOR)
        company = self._home.companies.instance(target.company).settings
        title = company.title or company.name
        if target.service == "jira" and company.jira is not None:
            return Place(target, company.jira, company.language, title)
        if target.service == "confluence" and company.confluence is not None:
            space = company.confluence
            return Place(target, space, company.language, title, space.docs)
        return None

    def named(self, target: Target) -> Place:
        """The place of `target`; UsageError when the settings do not name it."""
        found = self.find(target)
        if found is None:
            raise UsageError(
                f"{target.whose} has no {target.service} in its settings",
                hint="see docs/settings.md",
            )
        return found

    def publisher(self, place: Place) -> Publisher:
        """What writes there."""
        owner = place.target.company or COORDINATOR
        site = self._home.site(owner, place.settings, place.target.service)
        if isinstance(place.settings, JiraTarget):
            from resources.jira.publishing import JiraPublisher

            return JiraPublisher(site, place.settings, place.language)
        from resources.confluence.publishing import ConfluencePublisher

        return ConfluencePublisher(site, place.settings, place.language)

    def text(self, place: Place, id: str) -> str:
        """What stands there now under that id, as Markdown; empty when it is gone."""
        from coordinator.rich_text import markdown_of_adf

        found = self.publisher(place).document(id)
        return f"# {found[0]}\n\n{markdown_of_adf(found[1])}\n" if found is not None else ""

    def wanted(self, place: Place, kind: str, state: OutboxState) -> list[Wanted] | None:
        """What of a kind is to stand there; None when that cannot be said now."""
        if kind == docs.KIND:
            return self._docs(place, state)
        if kind == insights.KIND:
            return self._insights(place, state)
        return self._copies(place, state)

    def _copies(self, place: Place, published: OutboxState) -> list[Wanted]:
        memory = self._home.global_memory
        state = memory.state()
        standing = {
            id: one
            for id, one in state.copies.items()
            if one.company != place.target.company
            # the coordinator's own places show a company's part on the page of its pattern
            and not (is_pattern(one.learning) and not place.target.company)
        }
        texts = memory.texts(standing)
        said = [(standing[id], Publication.from_text(text)) for id, text in texts.items()]
        return wanted_copies(
            said,
            service=place.target.service,
            place=place.name,
            language=place.language,
            categories=place.settings.publish,
            links=_links(place, published),
        )

    def _insights(self, place: Place, published: OutboxState) -> list[Wanted]:
        """Insights stand in the coordinator's own places; companies read the copies they share."""
        if place.target.company or "insight" not in place.settings.publish:
            return []
        return insights.wanted_insights(
            self._home.insights.standing(),
            service=place.target.service,
            place=place.name,
            language=place.language,
            links=_links(place, published),
        )

    def _docs(self, place: Place, state: OutboxState) -> list[Wanted] | None:
        if not place.docs:
            return []
        tables = self._home.companies.instance(place.target.company).tables()
        if not tables.exists("local_docs"):
            return None  # not read yet: that is not "no documents"
        return wanted_docs(
            tables.read("local_docs", ["path", "text"]),
            company=place.target.company,
            folder="" if place.docs == "." else place.docs,
            space=place.name,
            title=place.title,
            language=place.language,
            links=_links(place, state),
        )


def _links(place: Place, state: OutboxState) -> dict[str, str]:
    """Where people find what stands there, by key."""
    return {
        key: place.url(one.name)
        for key, one in state.publications.items()
        if one.name and not one.archived
    }


KINDS: Sequence[str] = (shared.KIND, insights.KIND, docs.KIND)
CATEGORIES: tuple[Category, ...] = get_args(Category)
