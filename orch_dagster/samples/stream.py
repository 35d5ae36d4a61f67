"""A sample history as a `git fast-import` stream: same history, same bytes, same shas."""

from __future__ import annotations

from orch_dagster.samples.history import SampleCommit, SampleHistory

Tree = dict[str, tuple[str, bytes]]


def render(history: SampleHistory, *, step: str) -> bytes:
    """The stream that writes a history and its pushes.

    `step` is a ref name with a place for a number: 0 will point to the last commit of the history,
    n to its n-th push. Nothing in the stream depends on the clock, the time zone or the machine.
    """
    commits = (*history.commits, *history.pushes)
    marks = {commit.key: f":{number}" for number, commit in enumerate(commits, start=1)}
    trees: dict[str, Tree] = {}
    parts: list[bytes] = []
    for commit in commits:
        trees[commit.key] = history.tree(commit.applied)
        before = trees[commit.parents[0]] if commit.parents else {}
        parts.append(_header(commit, marks, step.format(0)))
        parts.extend(_changes(before, trees[commit.key]))
        parts.append(b"\n")
    for number, commit in enumerate((history.commits[-1], *history.pushes)):
        parts.append(f"reset {step.format(number)}\nfrom {marks[commit.key]}\n\n".encode())
    return b"".join(parts)


def _header(commit: SampleCommit, marks: dict[str, str], ref: str) -> bytes:
    when = f"{int(commit.at.timestamp())} {commit.at:%z}"
    lines = [
        f"commit {ref}",
        f"mark {marks[commit.key]}",
        f"author {commit.author} {when}",
        f"committer {commit.author} {when}",
    ]
    head = "\n".join(lines).encode() + b"\n" + _data(commit.message.encode())
    if not commit.parents:
        return head
    first, *others = (marks[key] for key in commit.parents)
    return head + "".join([f"from {first}\n", *(f"merge {other}\n" for other in others)]).encode()


def _changes(before: Tree, after: Tree) -> list[bytes]:
    changes = [f"D {path}\n".encode() for path in sorted(before.keys() - after.keys())]
    for path in sorted(after):
        if after[path] != before.get(path):
            mode, content = after[path]
            changes.append(f"M {mode} inline {path}\n".encode() + _data(content))
    return changes


def _data(content: bytes) -> bytes:
    return b"data %d\n" % len(content) + content + b"\n"
