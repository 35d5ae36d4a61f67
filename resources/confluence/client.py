"""The operations of Confluence Cloud v2 (v1 for labels and archiving), each as one method."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from pydantic import Field

from coordinator.confluence.pages import FooterComment, Page, Stamp
from coordinator.errors import SourceAbsent, SourceLimit, SourceMisbehaved
from coordinator.reading.answers import Read, parsed
from resources.atlassian import Site

V2 = "/wiki/api/v2"
V1 = "/wiki/rest/api"
LISTED_AT_ONCE = 250
FETCHED_AT_ONCE = 25
MOST_PAGES = 10_000

Row = TypeVar("Row", bound=Read)


class Space(Read):
    id: str
    key: str
    homepage: str | None = Field(None, alias="homepageId")


class Links(Read):
    next: str | None = None
    webui: str | None = None


class Listed(Read):
    results: tuple[dict[str, Any], ...] = ()
    links: Links = Field(Links(), alias="_links")


class Operation(Read):
    operation: str = ""
    target: str = Field("", alias="targetType")


class Operations(Read):
    operations: tuple[Operation, ...] = ()


class Me(Read):
    id: str = Field("", alias="accountId")


class PropertyVersion(Read):
    number: int = 1


class Property(Read):
    id: str
    key: str
    value: Any = None
    version: PropertyVersion = PropertyVersion()


class Written(Read):
    """A page after it was written."""

    class Version(Read):
        number: int

    id: str
    version: Version
    links: Links = Field(Links(), alias="_links")


class ConfluenceClient:
    """Calls to one Confluence site by one account."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def space(self, key: str) -> tuple[Space, datetime | None]:
        """The space and the server's clock; SourceAbsent when the account does not see it."""
        answer = self.site.call("GET", f"{V2}/spaces", what="spaces", params={"keys": key})
        found = [
            one
            for one in (
                parsed(Space, row, "spaces")
                for row in parsed(Listed, answer.data, "spaces").results
            )
            if one.key == key
        ]
        if not found:
            raise SourceAbsent(
                f"confluence of {self.site.owner}: there is no space {key}, or "
                f"{self.site.settings.email} may not see it",
                hint="check `confluence.space` and the account's permissions on the space",
            )
        return found[0], answer.at

    def may_write(self, space: str) -> bool:
        """Whether the account may make pages in the space with that id."""
        path = f"{V2}/spaces/{space}/operations"
        answer = self.site.call("GET", path, what="what may be done in the space")
        found = parsed(Operations, answer.data, "what may be done in the space").operations
        return any((one.operation, one.target) == ("create", "page") for one in found)

    def me(self) -> str:
        """The id of the account the token belongs to."""
        answer = self.site.call("GET", f"{V1}/user/current", what="the current user")
        return parsed(Me, answer.data, "the current user").id

    def listed(
        self,
        space: str,
        *,
        sort: str = "-modified-date",
        title: str | None = None,
        statuses: Sequence[str] = ("current",),
    ) -> Iterator[list[Stamp]]:
        """The pages of the space with that id, without their bodies, page by page."""
        params = {
            "space-id": space,
            "status": list(statuses),
            "sort": sort,
            "title": title,
            "limit": LISTED_AT_ONCE,
        }
        yield from self._pages(f"{V2}/pages", Stamp, "pages", params)

    def pages(self, ids: Sequence[str]) -> tuple[list[Page], list[str]]:
        """The pages with their bodies in storage format, and the ids of those too large to read."""
        found: list[Page] = []
        too_large: list[str] = []
        waiting = [
            list(ids[start : start + FETCHED_AT_ONCE])
            for start in range(0, len(ids), FETCHED_AT_ONCE)
        ]
        while waiting:
            some = waiting.pop(0)
            params = {
                "id": ",".join(some),
                "body-format": "storage",
                "status": "current",
                "limit": FETCHED_AT_ONCE,
            }
            try:
                answer = self.site.call("GET", f"{V2}/pages", what="pages", params=params)
            except SourceLimit:
                if len(some) == 1:
                    too_large += some
                else:  # one large page must not hide its neighbours
                    half = len(some) // 2
                    waiting[:0] = [some[:half], some[half:]]
                continue
            rows = parsed(Listed, answer.data, "pages").results
            found += [parsed(Page, row, "pages") for row in rows]
        return found, too_large

    def page(self, id: str, *, body: str = "atlas_doc_format") -> dict[str, Any]:
        """One page with its body, whatever its status; SourceAbsent when it was deleted."""
        answer = self.site.call(
            "GET", f"{V2}/pages/{id}", what="a page", params={"body-format": body}
        )
        if not isinstance(answer.data, dict):
            raise SourceMisbehaved("the answer to a page breaks the specification")
        return answer.data

    def comments(self, id: str) -> list[FooterComment]:
        """The footer comments of a page, oldest first."""
        params = {"body-format": "storage", "limit": LISTED_AT_ONCE, "sort": "created-date"}
        path = f"{V2}/pages/{id}/footer-comments"
        return [
            comment
            for page in self._pages(path, FooterComment, "comments", params)
            for comment in page
        ]

    def create(
        self, *, space: str, title: str, document: Mapping[str, Any], parent: str | None
    ) -> Written:
        """Make a page. Not idempotent, but a title stands once in a space."""
        asked = {
            "spaceId": space,
            "status": "current",
            "title": title,
            "body": _adf(document),
        } | ({"parentId": parent} if parent else {})
        answer = self.site.call(
            "POST", f"{V2}/pages", what="making a page", json=asked, effect="once"
        )
        return parsed(Written, answer.data, "making a page")

    def update(
        self, id: str, *, title: str, document: Mapping[str, Any], version: int, message: str
    ) -> Written:
        """Write a page as `version`, one more than it has; else SourceRefused with status 409."""
        asked = {
            "id": id,
            "status": "current",
            "title": title,
            "body": _adf(document),
            "version": {"number": version, "message": message},
        }
        answer = self.site.call(
            "PUT", f"{V2}/pages/{id}", what="changing a page", json=asked, effect="once"
        )
        return parsed(Written, answer.data, "changing a page")

    def add_label(self, id: str, label: str) -> None:
        """Put a label on a page; one that is there already is no error."""
        self.site.call(
            "POST",
            f"{V1}/content/{id}/label",
            what="a label",
            json=[{"prefix": "global", "name": label}],
            effect="idempotent",
        )

    def set_property(self, id: str, key: str, value: Any) -> None:
        """Set a content property of a page, made when it is not there."""
        path = f"{V2}/pages/{id}/properties"
        answer = self.site.call("GET", path, what="properties", params={"key": key})
        found = [
            parsed(Property, row, "properties")
            for row in parsed(Listed, answer.data, "properties").results
        ]
        held = next((one for one in found if one.key == key), None)
        if held is None:
            self.site.call(
                "POST",
                path,
                what="a property",
                json={"key": key, "value": value},
                effect="once",
            )
        elif held.value != value:
            self.site.call(
                "PUT",
                f"{path}/{held.id}",
                what="a property",
                json={"key": key, "value": value, "version": {"number": held.version.number + 1}},
                effect="once",
            )

    def archive(self, id: str) -> None:
        """Ask for a page to be archived; it happens a little later."""
        self.site.call(
            "POST",
            f"{V1}/content/archive",
            what="archiving a page",
            json={"pages": [{"id": int(id)}]},
            effect="once",
        )

    def _pages(
        self, path: str, model: type[Row], what: str, params: Mapping[str, Any]
    ) -> Iterator[list[Row]]:
        """All results of a list, page by page, by the cursor in its link to the next."""
        asked = dict(params)
        seen: set[str] = set()
        for _ in range(MOST_PAGES):
            answer = self.site.call("GET", path, what=what, params=asked)
            found = parsed(Listed, answer.data, what)
            yield [parsed(model, row, what) for row in found.results]
            if not found.links.next:
                return
            # only the cursor is taken: a link could lead anywhere
            cursor = parse_qs(urlsplit(found.links.next).query).get("cursor", [""])[0]
            if not cursor or cursor in seen:
                raise SourceMisbehaved(f"{what}: the link to the next page leads nowhere new")
            seen.add(cursor)
            asked["cursor"] = cursor
        raise SourceMisbehaved(f"{what}: more than {MOST_PAGES:,} pages")


def _adf(document: Mapping[str, Any]) -> dict[str, str]:
    return {"representation": "atlas_doc_format", "value": json.dumps(document)}
