"""The sample companies: the same everywhere, sound, and with the stories the demo tells."""

import json
import os
import subprocess
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from coordinator.catalog.fingerprints import fingerprint, similarity
from coordinator.errors import UsageError
from coordinator.learnings.substance import skip_unread
from coordinator.secrets import find_secrets
from coordinator.settings import company_slug
from orch_dagster.samples import weave
from orch_dagster.samples.build import (
    SAMPLE_COMPANIES,
    add_commit,
    build_all,
    build_repository,
)
from orch_dagster.samples.history import CONTENT, SampleHistory, load

COMPANIES = [sample.slug for sample in SAMPLE_COMPANIES]
HISTORIES = {company: load(company) for company in COMPANIES}
COPIES = [
    # origin, copy, least and greatest similarity
    ("empresa-a/services/auth", "empresa-b/auth-gateway", 0.55, 0.9),
    ("empresa-a/libs/resilience", "empresa-b/platform/retry", 0.6, 0.95),
    ("empresa-a/services/payments", "empresa-c/pagamentos", 0.55, 0.85),
]
STRANGERS = [
    ("empresa-a/services/auth", "empresa-c/pagamentos"),
    ("empresa-a/services/auth", "empresa-a/services/payments"),
    ("empresa-a/services/payments", "empresa-b/tracking"),
    ("empresa-b/platform/retry", "empresa-c/tools/importador"),
]


def git(repository: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", f"--git-dir={repository}", *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def objects(repository: Path) -> list[str]:
    return sorted(git(repository, "cat-file", "--batch-all-objects", "--batch-check").splitlines())


def head_tree(company: str) -> dict[str, bytes]:
    history = HISTORIES[company]
    tree = history.tree(history.commits[-1].applied)
    return {path: content for path, (_mode, content) in tree.items()}


def part_of(component: str) -> dict[str, bytes]:
    company, _, folder = component.partition("/")
    tree = head_tree(company)
    return {path: text for path, text in tree.items() if path.startswith(f"{folder}/")}


def first_day(component: str) -> str:
    """When the first file of the component came into its repository."""
    company, _, folder = component.partition("/")
    history = HISTORIES[company]
    for commit in history.commits:
        if any(path.startswith(f"{folder}/") for path in history.tree(commit.applied)):
            return commit.at.isoformat()
    raise AssertionError(component)


def every_version(history: SampleHistory) -> Iterator[tuple[str, str, bytes]]:
    """Commit key, path and content, each content once."""
    seen: set[tuple[str, bytes]] = set()
    for commit in (*history.commits, *history.pushes):
        for path, (_mode, content) in history.tree(commit.applied).items():
            if (path, content) not in seen:
                seen.add((path, content))
                yield commit.key, path, content


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    target = tmp_path / "a.git"
    build_repository("empresa-a", target)
    return target


def test_two_builds_under_another_clock_zone_and_umask_have_the_same_shas(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build_all(tmp_path / "first")
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    monkeypatch.setenv("GIT_AUTHOR_DATE", "2001-01-01T00:00:00Z")
    monkeypatch.setenv("GIT_COMMITTER_NAME", "somebody else")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    time.tzset()
    before = os.umask(0o077)
    try:
        second = build_all(tmp_path / "second")
    finally:
        os.umask(before)
        monkeypatch.undo()
        time.tzset()
    assert first == second
    assert sorted(first) == ["empresa-a", "empresa-b", "empresa-c"]


def test_building_again_changes_nothing(repository: Path) -> None:
    head, before = git(repository, "rev-parse", "main"), objects(repository)
    assert build_repository("empresa-a", repository) == head
    assert objects(repository) == before


def test_building_again_keeps_what_was_pushed(repository: Path) -> None:
    pushed = add_commit(repository, "empresa-a")
    assert build_repository("empresa-a", repository) == pushed


def test_a_repository_of_other_content_is_brought_to_this_one(repository: Path) -> None:
    head = git(repository, "rev-parse", "main")
    git(repository, "update-ref", "refs/heads/main", f"{head}~5")
    assert build_repository("empresa-a", repository) == head


def test_another_repository_is_never_written_into(repository: Path) -> None:
    with pytest.raises(UsageError, match="not the sample repository of 'empresa-b'"):
        build_repository("empresa-b", repository)
    assert git(repository, "log", "-1", "--format=%ae", "main").endswith("@empresa-a.example")


def test_an_unknown_company_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no sample company 'empresa-z'"):
        build_repository("empresa-z", tmp_path / "z.git")


@pytest.mark.parametrize("company", COMPANIES)
def test_each_push_adds_one_commit_until_none_is_left(company: str, tmp_path: Path) -> None:
    target = tmp_path / "repository.git"
    heads = [build_repository(company, target)]
    pushes = len(HISTORIES[company].pushes)
    assert pushes >= 3
    for _ in range(pushes):
        heads.append(add_commit(target, company))
        assert git(target, "rev-parse", "main~1") == heads[-2]
    with pytest.raises(UsageError, match=f"has {pushes} pushes, {pushes} are done"):
        add_commit(target, company)
    other = tmp_path / "other.git"
    build_repository(company, other)
    assert add_commit(other, company, number=pushes) == heads[-1]


@pytest.mark.parametrize("number", [0, -1])
def test_a_push_goes_forward(number: int, repository: Path) -> None:
    add_commit(repository, "empresa-a")
    with pytest.raises(UsageError, match="pushes, 1 are done"):
        add_commit(repository, "empresa-a", number=number)


def test_a_push_is_refused_after_somebody_elses(repository: Path) -> None:
    tree = git(repository, "rev-parse", "main^{tree}")
    stranger = git(
        repository,
        *("-c", "user.name=x", "-c", "user.email=x@y.example"),
        *("commit-tree", tree, "-p", "main", "-m", "mine"),
    )
    git(repository, "update-ref", "refs/heads/main", stranger)
    with pytest.raises(UsageError, match="does not stand where"):
        add_commit(repository, "empresa-a")
    assert build_repository("empresa-a", repository) == stranger


def test_git_finds_nothing_wrong(tmp_path: Path) -> None:
    for company in build_all(tmp_path):
        assert git(tmp_path / f"{company}.git", "fsck", "--strict", "--no-progress") == ""


def test_the_repository_can_be_cloned_and_stands_on_main(repository: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(repository), str(clone)], check=True)
    assert (clone / "README.md").is_file()
    assert git(repository, "symbolic-ref", "HEAD") == "refs/heads/main"


@pytest.mark.parametrize("company", COMPANIES)
def test_the_history_looks_like_a_teams(company: str) -> None:
    commits = HISTORIES[company].commits
    authors = {commit.author for commit in commits}
    first, last = commits[0].at, commits[-1].at
    assert 40 <= len(commits) <= 80
    assert sum(len(commit.parents) == 2 for commit in commits) >= 3
    assert sum("[bot]" in commit.author for commit in commits) >= 3
    assert len([author for author in authors if "[bot]" not in author]) >= 4
    assert 480 <= (last - first).days <= 600
    assert [commit.at for commit in commits] == sorted(commit.at for commit in commits)


@pytest.mark.parametrize("company", COMPANIES)
def test_there_is_noise_to_skip_and_substance_to_keep(company: str) -> None:
    noise, substance = 0, 0
    for commit in HISTORIES[company].commits:
        name, _, address = commit.author.removesuffix(">").partition(" <")
        reason = skip_unread(
            commit.message, author=name, author_email=address, parents=len(commit.parents)
        )
        noise += bool(reason) or "\n\n" not in commit.message
        substance += not reason and len(commit.message.split()) >= 40
    assert noise >= 12
    assert substance >= 18


@pytest.mark.parametrize("company", COMPANIES)
def test_every_commit_but_a_merge_changes_a_file(company: str) -> None:
    history = HISTORIES[company]
    trees = {
        commit.key: history.tree(commit.applied) for commit in (*history.commits, *history.pushes)
    }
    empty = [
        commit.key
        for commit in (*history.commits, *history.pushes)
        if len(commit.parents) == 1 and trees[commit.key] == trees[commit.parents[0]]
    ]
    assert empty == []


@pytest.mark.parametrize("company", COMPANIES)
def test_every_file_is_added_and_names_only_known_commits(company: str) -> None:
    history = HISTORIES[company]
    keys = {commit.key for commit in (*history.commits, *history.pushes)}
    for file in history.files:
        assert file.added_by in keys, file.path
        assert file.weave.keys <= keys, file.path


@pytest.mark.parametrize("company", COMPANIES)
def test_every_version_of_every_file_parses(company: str) -> None:
    for key, path, content in every_version(HISTORIES[company]):
        where = f"{path} at {key}"
        assert b"%%" not in content, where
        if path.endswith(".py"):
            compile(content, where, "exec")
        elif path.endswith(".json"):
            json.loads(content)
        elif path.endswith(".toml"):
            tomllib.loads(content.decode())
        elif path.endswith(".csproj"):
            ElementTree.fromstring(content)


@pytest.mark.parametrize(("origin", "copy", "least", "greatest"), COPIES)
def test_a_copy_resembles_its_origin_and_came_later(
    origin: str, copy: str, least: float, greatest: float
) -> None:
    one, other = (
        fingerprint([text for path, text in part_of(each).items() if path.endswith(".py")])
        for each in (origin, copy)
    )
    assert least <= similarity(one.values, other.values) <= greatest
    assert first_day(origin) < first_day(copy)


@pytest.mark.parametrize(("one", "other"), STRANGERS)
def test_components_nobody_copied_do_not_resemble_each_other(one: str, other: str) -> None:
    first, second = (fingerprint(part_of(each).values()) for each in (one, other))
    assert similarity(first.values, second.values) < 0.2


def test_only_the_third_company_holds_secrets_and_one_only_in_its_history() -> None:
    def with_secrets(company: str) -> set[str]:
        tree = head_tree(company)
        return {path for path, text in tree.items() if find_secrets(text.decode())}

    assert with_secrets("empresa-a") == set()
    assert with_secrets("empresa-b") == set()
    assert with_secrets("empresa-c") == {
        "docs/implantacao.md",
        "tools/importador/exemplos/sftp-fornecedor.pem",
    }
    removed = {
        path
        for _key, path, content in every_version(HISTORIES["empresa-c"])
        if find_secrets(content.decode())
    } - with_secrets("empresa-c")
    assert removed == {"deploy/homologacao/assinatura-nfe.pem"}


def test_no_tool_takes_sample_files_for_ours_or_leaves_one_out_as_hidden() -> None:
    for path in CONTENT.rglob("*"):
        ours = path.name == "history.yaml" or path.parent.name == "atlassian"
        assert path.is_dir() or path.suffix == ".weave" or ours, path
        assert not path.name.startswith("."), path
    assert ".gitignore" in head_tree("empresa-a")


def test_the_companies_are_ready_to_be_created() -> None:
    for sample in SAMPLE_COMPANIES:
        assert company_slug(sample.slug) == sample.slug
        assert sample.language in ("pt", "en")
        assert sample.owners
        assert sample.title
        assert sample.description


def test_a_weave_gives_each_commit_its_version() -> None:
    woven = weave.parse("a\n%% -one\nold\n%% +one\nnew\n  %% +one -two\ngone\n%%\nend\n")
    assert woven.keys == {"one", "two"}
    assert woven.version(frozenset()) == "a\nold\nend\n"
    assert woven.version(frozenset({"one"})) == "a\nnew\ngone\nend\n"
    assert woven.version(frozenset({"one", "two"})) == "a\nnew\nend\n"


def test_a_line_that_only_looks_like_a_directive_stays() -> None:
    text = "100%% sure\n%% of them\n"
    assert weave.parse(text).version(frozenset()) == text
