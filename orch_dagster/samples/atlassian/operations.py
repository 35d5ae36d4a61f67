"""The operations the stand-in knows, by the names of Atlassian's own specifications."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from orch_dagster.samples.atlassian import confluence_reads as reads
from orch_dagster.samples.atlassian import confluence_v1 as v1
from orch_dagster.samples.atlassian import confluence_writes as writes
from orch_dagster.samples.atlassian import jira_reads, jira_search, jira_writes
from orch_dagster.samples.atlassian.call import Call
from orch_dagster.samples.atlassian.wire import Response

Product = Literal["jira", "v2", "v1"]
Answer = Callable[[Call], Response]


@dataclass(frozen=True)
class Operation:
    """An operation: `path` has `{names}` where it varies. `anonymous`: no token is needed."""

    product: Product
    name: str
    method: str
    path: str
    answer: Answer
    writes_issue: bool = False
    anonymous: bool = False

    def parts(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        """What stands in the path's variable places, None when the path is another one."""
        mine = self.path.split("/")[1:]
        if len(mine) != len(segments):
            return None
        found = {}
        for wanted, given in zip(mine, segments, strict=True):
            if wanted.startswith("{"):
                found[wanted[1:-1]] = given
            elif wanted != given:
                return None
        return found


def _table(product: Product, *rows: tuple[str, str, Answer]) -> tuple[Operation, ...]:
    """Operations from rows of name, method with path, and what answers."""
    made = []
    for name, where, answer in rows:
        method, path = where.split()
        made.append(
            Operation(
                product,
                name,
                method,
                PREFIXES[product] + path,
                answer,
                writes_issue=name in {"editIssue", "doTransition"},
                anonymous=name in {"getTenantInfo", "getServerInfo"},
            )
        )
    return tuple(made)


PREFIXES: dict[Product, str] = {"jira": "", "v2": "/wiki/api/v2", "v1": "/wiki/rest/api"}
ISSUE = "/rest/api/3/issue/{issue}"
PROPERTIES = "/pages/{page}/properties"
SEARCH = "searchAndReconsileIssuesUsingJqlPost"

OPERATIONS = (
    *_table(
        "jira",
        ("getTenantInfo", "GET /_edge/tenant_info", jira_reads.tenant_info),
        ("getServerInfo", "GET /rest/api/3/serverInfo", jira_reads.server_info),
        ("getCurrentUser", "GET /rest/api/3/myself", jira_reads.myself),
        ("getMyPermissions", "GET /rest/api/3/mypermissions", jira_reads.my_permissions),
        ("getProject", "GET /rest/api/3/project/{project}", jira_reads.project),
        (SEARCH, "POST /rest/api/3/search/jql", jira_search.search),
        ("searchForIssuesUsingJql", "GET /rest/api/3/search", jira_search.removed),
        ("searchForIssuesUsingJqlPost", "POST /rest/api/3/search", jira_search.removed),
        ("bulkFetchIssues", "POST /rest/api/3/issue/bulkfetch", jira_reads.bulk_fetch),
        ("createIssue", "POST /rest/api/3/issue", jira_writes.create),
        ("getIssue", f"GET {ISSUE}", jira_reads.issue),
        ("editIssue", f"PUT {ISSUE}", jira_writes.edit),
        ("getTransitions", f"GET {ISSUE}/transitions", jira_writes.transitions),
        ("doTransition", f"POST {ISSUE}/transitions", jira_writes.transition),
        ("getComments", f"GET {ISSUE}/comment", jira_reads.comments),
    ),
    *_table(
        "v2",
        ("getSpaces", "GET /spaces", reads.spaces),
        ("getSpaceOperations", "GET /spaces/{space}/operations", reads.space_operations),
        ("getPages", "GET /pages", reads.pages),
        ("createPage", "POST /pages", writes.create),
        ("getPageById", "GET /pages/{page}", reads.page),
        ("updatePage", "PUT /pages/{page}", writes.update),
        ("getPageContentProperties", f"GET {PROPERTIES}", reads.properties),
        ("createPageProperty", f"POST {PROPERTIES}", writes.create_property),
        ("updatePagePropertyById", f"PUT {PROPERTIES}/{{property}}", writes.update_property),
        ("getPageFooterComments", "GET /pages/{page}/footer-comments", reads.footer_comments),
    ),
    *_table(
        "v1",
        ("addLabelsToContent", "POST /content/{page}/label", v1.add_labels),
        ("archivePages", "POST /content/archive", v1.archive),
        ("getCurrentUser", "GET /user/current", v1.current_user),
    ),
)
