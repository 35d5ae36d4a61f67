"""A commit message without what tools and habits put around its words.

Trailers, pull request templates, quoted diffs, CI marks, ticket numbers, conventional prefixes and
the noise among a squash merge's sub-commits leave; what somebody wrote stays.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from coordinator.learnings.noise import noise_in
from coordinator.plain_text import plain

# Longer messages are pasted logs or changelogs: nothing past this is read.
MOST_CHARACTERS = 12_000

_CONVENTIONAL = re.compile(
    r"(?P<type>feat|feature|fix|bugfix|hotfix|docs?|style|refactor|perf|test|tests|build|ci|chore|"
    r"revert|deps|security|release|wip|melhoria|correção|correcao|ajuste)"
    r"(?:[(\[](?P<scope>[^)\]\n]{0,60})[)\]])?!?:\s*",
    re.IGNORECASE,
)
_TICKETS = re.compile(
    r"^(?:\[?#\d+\]?|\[?[A-Z][A-Z0-9]{1,9}-\d+\]?|GH-\d+)(?:\s*[:\-–|]\s*|\s+)"
    r"|\s*\((?:close[sd]?|fix(?:e[sd])?|resolve[sd]?|refs?|see|part of)?:?\s*"
    r"(?:#\d+|[A-Z][A-Z0-9]{1,9}-\d+)(?:[,\s]+#?\d+)*\)"
    r"|[,;]?\s+(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?|refs?):?\s+#\d+\.?$"
    r"|\s+[-–]?\s*#\d+(?:[,\s]+#\d+)*\.?$",
    re.IGNORECASE,
)
_MARKS = re.compile(
    r":[a-z][a-z0-9_+]{2,30}:(?!\S)|\[(?:skip[ -]ci|ci[ -]skip|no[ -]ci|skip actions)\]"
    r"|\*{3}NO_CI\*{3}|[\U0001f000-\U0001faff\u2600-\u27bf\u2b50\ufe0f\u200d]",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"<?(?<![\w:/.+%-])[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}>?")
_TRAILER = re.compile(
    r"^(?:[A-Z][a-z]+(?:-[A-Za-z]+){0,3}-by|[Aa]ssisted[- ]by|change-id|cc|git-svn-id|bug|test"
    r"|reviewers?|jira|issues?|ticket|tarefa|pull[- ]request|pr|reviewed[- ]on|link|topic|task"
    r"|co-authored-by|signed-off-by|differential revision|cr-commit-position|piperorigin-revid"
    r"|backport(?:ed)?|cherry-picked?(?:-from)?|generated[- ]with|claude-session"
    r")\s*:\s*\S.*$",
    re.IGNORECASE,
)
_ONLY_REFERENCE = re.compile(
    r"^(?:[-*]\s*)?(?:(?:this |também |also )?(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?|refs?|see|"
    r"part of|relates? to|related|issues?|fecha|related issue|fixes issue|for|addresses)?\s*:?\s*"
    r"(?:issue )?(?:[\w.-]+/[\w.-]+)?(?:#\d+|[A-Z][A-Z0-9]{1,9}-\d+|https?://\S+)[\s,.;&]*"
    r"(?:and|e)?\s*)+$"
    r"|^\(?cherry[- ]picked from commit \w+\)?\.?$|^this reverts commit \w+\.?$|^\W+$"
    r"|^(?:\[\w+\.?\] )?🤖.*$",
    re.IGNORECASE,
)
_TEMPLATE = re.compile(
    r"^(?:[-*] \[[ xX]\].*|#{1,6}\s*(?:description|what|why|how|changes?|summary|checklist|"
    r"motivation.*|type of change|how has this.*|screenshots?.*|notes?.*|merge requirements|"
    r"descrição|motivação|mudanças|testes|related issues?|additional.*|background|test plan|"
    r"proposed changes?|fixes|testing.*|context)\s*:?\s*#*)$",
    re.IGNORECASE,
)
_DIFF_START = re.compile(
    r"^(?:diff --git |@@ -\d|index [0-9a-f]{6,}\.\.|--- [ab]/|\+\+\+ [ab]/|Index: )"
)
_DIFF_LINE = re.compile(r"^(?:[+\- ]|@@|diff |index |new file|deleted file|similarity|rename )")
_CI_LINE = re.compile(
    r"^(?:conflicts:|# conflicts:|#\s+\S+\.\w+|pipeline #|build (?:passed|failed)|travis|"
    r"coverage (?:in|de)creased|\[?(?:!\[).*)",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_BULLET = re.compile(r"^(?:[*+•-]|\d{1,2}[.)])\s+")


@dataclass(frozen=True)
class CommitText:
    """What is left of a message: `title` and `body` for a reader, `kind` and `scope` as declared.

    `raw_title` is the first line as written (plain), `kind` the conventional type in lower case
    ('' without one), `body` has one paragraph or bullet per line, blank lines between paragraphs.
    """

    title: str
    body: str
    kind: str = ""
    scope: str = ""
    raw_title: str = ""

    @property
    def text(self) -> str:
        return f"{self.title}\n\n{self.body}" if self.body else self.title


def commit_text(message: str) -> CommitText:
    """The words of a commit message; never raises, whatever the message holds."""
    lines = _COMMENT.sub("", plain(message[:MOST_CHARACTERS])).strip().split("\n")
    raw_title = lines[0].strip()
    rest = lines[1:]
    if rest and raw_title.lower().startswith("merge "):
        title, kind, scope = _title(next((line for line in rest if line.strip()), ""))
    else:
        title, kind, scope = _title(raw_title)
        if rest and rest[0].strip():  # a title wrapped over two lines, or no blank line after it
            wrapped = rest[0].strip()
            if len(raw_title) > 45 and wrapped[:1].islower() and not _is_apart(wrapped):
                title, rest = f"{title} {wrapped}", rest[1:]
    return CommitText(title, _body(rest, title) if rest else "", kind, scope, raw_title)


def _title(line: str) -> tuple[str, str, str]:
    line = _MARKS.sub("", line).strip()
    line = _TICKETS.sub("", _TICKETS.sub("", line)).strip()
    kind = scope = ""
    found = _CONVENTIONAL.match(line)
    if found:
        kind, scope = found["type"].lower(), (found["scope"] or "").strip()
        line = line[found.end() :]
        line = f"{scope}: {line}" if scope and scope.lower() not in line.lower() else line
    line = _without_addresses(_TICKETS.sub("", line))
    return line.strip(" \t.;,-–—+*"), kind, scope


def _without_addresses(line: str) -> str:
    """`line` without e-mail addresses, also those joined to another (``a@b.co+c@d.co``).

    The password of ``scheme://user:password@host`` is no address: the secret scan must see it.
    """
    while "@" in line and (left := _EMAIL.sub("", line)) != line:
        line = left
    return line


def _is_apart(line: str) -> bool:
    return bool(_TRAILER.match(line) or _ONLY_REFERENCE.match(line) or _BULLET.match(line))


def _body(lines: list[str], title: str) -> str:
    paragraphs: list[str] = []
    fresh = True  # the next line begins a paragraph
    in_diff = False
    folded_title = title.casefold()
    for raw in lines:
        line = raw.strip()
        if not line:
            fresh, in_diff = True, False
            continue
        in_diff = bool(_DIFF_START.match(line)) or (in_diff and bool(_DIFF_LINE.match(raw)))
        if in_diff or _is_noise_line(line):
            fresh = True
            continue
        bullet = _BULLET.match(line)
        if bullet:
            item = _title(line[bullet.end() :])[0]
            fresh = False
            if item and item.casefold() != folded_title and not noise_in(item):
                paragraphs.append(f"- {item}")
            else:
                fresh = True
            continue
        words = _without_addresses(_MARKS.sub("", line)).strip()
        if fresh or not paragraphs:
            if words and words.casefold() != folded_title:
                paragraphs.append(words)
                fresh = False
        else:
            paragraphs[-1] = f"{paragraphs[-1]} {words}"
    return "\n".join(paragraphs)


def _is_noise_line(line: str) -> bool:
    return bool(
        _TRAILER.match(line)
        or _ONLY_REFERENCE.match(line)
        or _TEMPLATE.match(line)
        or _CI_LINE.match(line)
    )
