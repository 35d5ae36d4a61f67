"""Pages for people: what stands on the site, plain and readable in a browser.

Everything is escaped, markup of documents is written anew tag by tag, and the answer's policy
lets nothing load or run, whatever an issue or page holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from html import escape
from typing import Literal, TypeVar
from xml.etree.ElementTree import Element

from orch_dagster.samples.atlassian import storage
from orch_dagster.samples.atlassian.confluence_json import as_storage
from orch_dagster.samples.atlassian.jira_json import category
from orch_dagster.samples.atlassian.records import Body, Comment, Container, Issue, Page
from orch_dagster.samples.atlassian.site import Site
from orch_dagster.samples.atlassian.wire import Request, Response, done, page_of_html

T = TypeVar("T")
STYLE = """
:root { color-scheme: light; }
body { margin: 0; font: 15px/1.6 system-ui, -apple-system, "Segoe UI", sans-serif; color: #1c2733;
  background: #f4f6f8; }
header { background: #14304f; color: #fff; padding: .8rem 1.5rem; }
header a { color: #cfe0f3; text-decoration: none; margin-right: 1.2rem; }
header strong { margin-right: 2rem; }
main { max-width: 60rem; margin: 1.5rem auto; padding: 1.5rem 2rem; background: #fff;
  border: 1px solid #dde3e9; border-radius: 8px; }
h1 { font-size: 1.55rem; line-height: 1.3; margin: .2rem 0 .6rem; }
h2 { font-size: 1.15rem; margin: 1.6rem 0 .5rem; }
a { color: #0b5cad; }
table { border-collapse: collapse; width: 100%; margin: .6rem 0; }
th, td { text-align: left; vertical-align: top; padding: .4rem .7rem;
  border-bottom: 1px solid #e6ebf0; }
th { font-size: .8rem; text-transform: uppercase; letter-spacing: .03em; color: #5a6b7c; }
td.narrow { white-space: nowrap; }
pre { background: #f1f4f7; padding: .8rem 1rem; border-radius: 6px; overflow-x: auto; }
code { background: #f1f4f7; padding: .1em .3em; border-radius: 3px; }
blockquote, .panel { border-left: 4px solid #8fb4dd; background: #f3f8fd; margin: .8rem 0;
  padding: .4rem 1rem; }
.facts { color: #5a6b7c; font-size: .9rem; }
.status { border-radius: 3px; padding: .1em .55em; font-size: .8rem; font-weight: 600;
  white-space: nowrap; }
.new { background: #e4e8ee; color: #3a4857; }
.indeterminate { background: #dceafc; color: #0b4a94; }
.done { background: #dcf3e3; color: #156132; }
.archived, .trashed { background: #fdebd3; color: #7a4a06; }
.label { background: #eef1f5; border-radius: 3px; padding: .1em .5em; margin-right: .3em;
  font-size: .8rem; display: inline-block; overflow-wrap: anywhere; }
time { white-space: nowrap; }
.comment { border-top: 1px solid #e6ebf0; padding-top: .6rem; }
"""
KEPT = frozenset(
    """p h1 h2 h3 h4 h5 h6 ul ol li blockquote pre code strong b em i u s del hr br table tbody
    thead tr td th sub sup span div""".split()  # noqa: SIM905
)
LINKED = ("https://", "http://", "mailto:")
NOTHING = '<p class="facts">Nothing here yet.</p>'


def answer(site: Site, request: Request) -> Response | None:
    """The page for people at the request's address; None when it is none of theirs."""
    match (request.method, *request.segments):
        case ("GET", ""):
            return _page("All projects and spaces", _index(site))
        case ("GET", "projects", key):
            found = _shown_by(_project, site, site.projects.get(key))
        case ("GET", "browse", key):
            found = _shown_by(_issue, site, site.issue(key))
        case ("GET", "wiki", "spaces", key):
            found = _shown_by(_space, site, site.spaces.get(key))
        case ("GET", "wiki", "spaces", _, "pages", page_id):
            found = _shown_by(_content, site, site.pages.get(page_id))
        case ("GET", "favicon.ico"):
            return done()
        case _:
            return None
    if found is None:
        return _page("Not here", "<p>There is no such thing on this site.</p>", 404)
    return _page(*found)


def _shown_by(
    show: Callable[[Site, T], tuple[str, str]], site: Site, record: T | None
) -> tuple[str, str] | None:
    """Title and body of a record's page; None when there is no such record."""
    return None if record is None else show(site, record)


def _page(title: str, body: str, status: int = 200) -> Response:
    return page_of_html(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}'
        f"</title><style>{STYLE}</style></head><body><header>"
        f'<strong>Stand-in for Atlassian</strong><a href="/">All projects and spaces</a></header>'
        f"<main><h1>{escape(title)}</h1>{body}</main></body></html>",
        status,
    )


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of cells that are HTML already; the first column stays on one line."""
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{'' if at else ' class=narrow'}>{cell}</td>" for at, cell in enumerate(cells)
        )
        + "</tr>"
        for cells in rows
    )
    if not body:
        return NOTHING
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _link(where: str, text: str) -> str:
    return f'<a href="{escape(where)}">{escape(text)}</a>'


def _moment(moment: datetime) -> str:
    return f"<time>{moment:%Y-%m-%d %H:%M} UTC</time>"


def _labels(names: Iterable[str]) -> str:
    return "".join(f'<span class="label">{escape(name)}</span>' for name in names)


def _status(name: str, kind: str) -> str:
    return f'<span class="status {kind}">{escape(name)}</span>'


def _index(site: Site) -> str:
    projects = [
        (
            _link(f"/projects/{project.key}", project.key),
            escape(project.name),
            str(sum(issue.project == project.key for issue in site.issues.values())),
        )
        for project in site.projects.values()
    ]
    spaces = [
        (
            _link(f"/wiki/spaces/{space.key}", space.key),
            escape(space.name),
            str(sum(page.status == "current" for page in site.pages_in(space.key))),
        )
        for space in site.spaces.values()
    ]
    return (
        f"<h2>Jira projects</h2>{_table(('Key', 'Name', 'Issues'), projects)}"
        f"<h2>Confluence spaces</h2>{_table(('Key', 'Name', 'Pages'), spaces)}"
    )


def _project(site: Site, project: Container) -> tuple[str, str]:
    issues = [issue for issue in site.issues.values() if issue.project == project.key]
    rows = [
        (
            _link(f"/browse/{issue.key}", issue.key),
            _link(f"/browse/{issue.key}", issue.summary),
            _status(issue.status, category(issue.status)),
            _labels(issue.labels),
            _moment(issue.updated),
        )
        for issue in sorted(issues, key=lambda issue: issue.updated, reverse=True)
    ]
    return project.name, _table(("Key", "Summary", "Status", "Labels", "Updated"), rows)


def _issue(site: Site, issue: Issue) -> tuple[str, str]:
    resolution = f" · {escape(issue.resolution)}" if issue.resolution else ""
    facts = (
        f'<p class="facts">{_link(f"/projects/{issue.project}", issue.project)} · '
        f"{escape(issue.key)} · {escape(issue.issue_type)} · "
        f"{_status(issue.status, category(issue.status))}{resolution} · "
        f"by {escape(site.people[issue.reporter].display_name)} · "
        f"updated {_moment(issue.updated)}</p><p>{_labels(issue.labels)}</p>"
    )
    text = shown(Body("atlas_doc_format", issue.description)) if issue.description else NOTHING
    return issue.summary, facts + text + _comments(site, issue.comments, "atlas_doc_format")


def _comments(
    site: Site, comments: Iterable[Comment], form: Literal["storage", "atlas_doc_format"]
) -> str:
    rows = "".join(
        f'<div class="comment"><p class="facts">{_moment(comment.created)} · '
        f"{escape(site.people[comment.author].display_name)}</p>"
        f"{shown(Body(form, comment.body))}</div>"
        for comment in comments
    )
    return f"<h2>Comments</h2>{rows}" if rows else ""


def _space(site: Site, space: Container) -> tuple[str, str]:
    pages = site.pages_in(space.key)
    rows: list[tuple[str, ...]] = []

    def add(parent: str, depth: int) -> None:
        children = [page for page in pages if page.parent == parent and page.status == "current"]
        for page in sorted(children, key=lambda page: page.position):
            indent = "&nbsp;" * (4 * depth)
            where = f"/wiki/spaces/{space.key}/pages/{page.id}"
            labels = _labels(label.name for label in page.labels)
            title = indent + _link(where, page.title)
            rows.append((title, labels, str(page.version.number), _moment(page.version.created)))
            add(page.id, depth + 1)

    add("", 0)
    away = [
        (
            _link(f"/wiki/spaces/{space.key}/pages/{page.id}", page.title),
            _status(page.status, page.status),
        )
        for page in pages
        if page.status != "current"
    ]
    more = f"<h2>Archived and trashed</h2>{_table(('Page', 'Status'), away)}" if away else ""
    return space.name, _table(("Page", "Labels", "Version", "Updated"), rows) + more


def _content(site: Site, page: Page) -> tuple[str, str]:
    status = "" if page.status == "current" else f" · {_status(page.status, page.status)}"
    message = f" ({escape(page.version.message)})" if page.version.message else ""
    facts = (
        f'<p class="facts">{_link(f"/wiki/spaces/{page.space}", page.space)} · '
        f"version {page.version.number}{message} · "
        f"by {escape(site.people[page.version.author].display_name)} · "
        f"{_moment(page.version.created)}{status}</p>"
        f"<p>{_labels(label.name for label in page.labels)}</p>"
    )
    return page.title, facts + shown(page.body) + _comments(site, page.comments, "storage")


def shown(body: Body) -> str:
    """A document as HTML of a few harmless tags; what is no storage format is shown as text."""
    text = as_storage(body)
    try:
        return _inner(storage.tree(text)) or NOTHING
    except storage.NotXhtml:
        return f"<pre>{escape(text)}</pre>"


def _inner(element: Element) -> str:
    parts = [escape(element.text or "")]
    for child in element:
        parts += [_element(child), escape(child.tail or "")]
    return "".join(parts)


def _element(element: Element) -> str:
    inner = "" if element.tag == "{ac}parameter" else _inner(element)
    match element.tag:
        case "br" | "hr" as tag:
            shown = f"<{tag}>"
        case "a" if element.get("href", "").lower().startswith(LINKED):
            shown = f'<a href="{escape(element.get("href", ""))}">{inner}</a>'
        case "{ac}plain-text-body":
            shown = f"<pre>{inner}</pre>"
        case storage.MACRO if element.get("{ac}name") in storage.PANELS:
            shown = f'<div class="panel">{inner}</div>'
        case tag if tag in KEPT:
            shown = f"<{tag}>{inner}</{tag}>"
        case _:
            shown = inner
    return shown
