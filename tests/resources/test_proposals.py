"""Companies are proposed from a folder of strangers' repositories, which are only read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from coordinator.settings import SLUG
from resources.proposals import ProposedCompany, propose, repositories

MANIFEST = b'[project]\nname = "till"\nversion = "1.0"\ndependencies = ["flask"]\n'


@pytest.fixture
def make(plain_git: Callable[..., bytes]) -> Callable[..., Path]:
    """Makes a repository with a work tree and one commit (`files=None`: with none)."""

    def repository(path: Path, files: dict[str, bytes] | None = None) -> Path:
        path.mkdir(parents=True)
        plain_git("init", "-q", "-b", "main", path)
        for name, content in (files or {}).items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(content)
        if files is not None:
            plain_git("-C", path, "add", "-A")
            plain_git("-C", path, "commit", "-q", "-m", "begin", "--allow-empty")
        return path

    return repository


def names_below(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in repositories(folder)]


def one(folder: Path) -> ProposedCompany:
    (found,) = propose(folder)
    return found


class TestFinding:
    def test_repositories_bare_ones_and_worktrees_are_found(
        self, tmp_path: Path, make: Callable[..., Path], plain_git: Callable[..., bytes]
    ) -> None:
        shop = make(tmp_path / "a" / "shop", {"a.txt": b"a"})
        plain_git("clone", "-q", "--bare", shop, tmp_path / "bare.git")
        plain_git("-C", shop, "worktree", "add", "-q", tmp_path / "tree")
        (tmp_path / "docs").mkdir()
        assert names_below(tmp_path) == ["a/shop", "bare.git", "tree"]
        assert not any(found.problem for found in propose(tmp_path))

    def test_the_folder_itself_may_be_one(
        self, tmp_path: Path, make: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shop = make(tmp_path / "shop", {"a.txt": b"a"})
        assert repositories(shop) == [shop]
        monkeypatch.chdir(shop)
        found = one(Path())
        assert (found.name, found.location) == ("shop", shop)

    def test_what_lies_inside_one_or_is_installed_or_too_deep_is_not_looked_for(
        self, tmp_path: Path, make: Callable[..., Path]
    ) -> None:
        make(tmp_path / "shop", {"a.txt": b"a"})
        make(tmp_path / "shop" / "vendored", {"a.txt": b"a"})
        make(tmp_path / "node_modules" / "x", {"a.txt": b"a"})
        make(tmp_path / "1" / "2" / "3" / "4", {"a.txt": b"a"})
        make(tmp_path / "5" / "6" / "7" / "8" / "9", {"a.txt": b"a"})
        assert names_below(tmp_path) == ["1/2/3/4", "shop"]

    def test_a_link_that_goes_round_is_not_followed(
        self, tmp_path: Path, make: Callable[..., Path]
    ) -> None:
        make(tmp_path / "shop", {"a.txt": b"a"})
        (tmp_path / "round").symlink_to(tmp_path)
        assert names_below(tmp_path) == ["shop"]

    def test_a_folder_without_repositories_proposes_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "HEAD").write_text("only looks like one")
        assert list(propose(tmp_path)) == []


class TestProposing:
    def test_it_says_why_and_which_components(
        self, tmp_path: Path, make: Callable[..., Path]
    ) -> None:
        files = {
            "services/till/pyproject.toml": MANIFEST,
            "services/till/till.py": b"def add(a, b):\n    return a + b\n" * 20,
            "README.md": b"# Shop\n",
        }
        make(tmp_path / "shop", files)
        found = one(tmp_path)
        assert (found.name, found.problem) == ("shop", "")
        assert "branch main, 1 commits by 1 people" in found.reason
        paths = {path for path, _, _ in found.components}
        assert "services/till" in paths
        assert all(reason for _, _, reason in found.components)

    def test_an_empty_repository_is_proposed_as_empty(
        self, tmp_path: Path, make: Callable[..., Path]
    ) -> None:
        make(tmp_path / "shop")
        found = one(tmp_path)
        assert (found.name, found.problem, found.components) == ("shop", "", ())
        assert "empty Git repository" in found.reason

    def test_one_that_is_a_company_already_is_said_and_not_proposed_again(
        self, tmp_path: Path, make: Callable[..., Path]
    ) -> None:
        shop = make(tmp_path / "shop", {"a.txt": b"a"})
        (found,) = propose(tmp_path, {"acme": str(shop)})
        assert (found.name, found.exists) == ("acme", True)

    def test_one_that_cannot_be_read_says_so_and_does_not_stop_the_others(
        self, tmp_path: Path, make: Callable[..., Path]
    ) -> None:
        make(tmp_path / "aa", {"a.txt": b"a"})
        (tmp_path / "bb" / ".git").mkdir(parents=True)
        make(tmp_path / "cc\nx", {"a.txt": b"a"})
        make(tmp_path / "dd", {"a.txt": b"a"})
        found = list(propose(tmp_path))
        assert [bool(proposal.problem) for proposal in found] == [False, True, True, False]

    def test_names_are_slugs_that_nobody_has(
        self, tmp_path: Path, make: Callable[..., Path]
    ) -> None:
        folders = [
            "a/Shop",
            "b/shop.git",
            "c/shop",
            "d/Ação & Cia",
            "e/日本",
            "f/9",
            "g/x",
            "h/repo",
        ]
        folders.append("i/" + "long-" * 30)
        for folder in folders:
            make(tmp_path / folder)
        names = [found.name for found in propose(tmp_path, {"shop": "/elsewhere"})]
        assert names[:-1] == [
            *("shop-2", "shop-3", "shop-4", "acao-cia"),
            *("company", "company-9", "company-x", "company-h"),
        ]
        assert all(SLUG.fullmatch(name) for name in names)
        assert len(set(names)) == len(names)


def listing(folder: Path) -> dict[str, tuple[int, int, int]]:
    found = {}
    for path in [folder, *folder.rglob("*")]:
        state = path.lstat()
        found[str(path)] = (state.st_mode, state.st_size, state.st_mtime_ns)
    return found


def test_nothing_is_run_and_nothing_changed_in_a_hostile_repository(
    tmp_path: Path, make: Callable[..., Path], plain_git: Callable[..., bytes]
) -> None:
    shop = make(tmp_path / "repos" / "shop", {"a.txt": b"a", ".gitattributes": b"* filter=evil\n"})
    plain_git("-C", shop, "worktree", "add", "-q", tmp_path / "repos" / "tree")
    canary = tmp_path / "canary"
    script = tmp_path / "script"
    script.write_text(f'#!/bin/sh\necho "$0 $@" >> {canary}\n')
    script.chmod(0o755)
    settings = [
        *("core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "core.askPass"),
        *("core.gitProxy", "core.alternateRefsCommand", "uploadpack.packObjectsHook"),
        *("diff.external", "credential.helper", "filter.evil.clean", "filter.evil.smudge"),
        *("filter.evil.process", "gpg.program", "alias.upload-pack", "remote.origin.uploadpack"),
    ]
    for name in settings:
        plain_git("-C", shop, "config", name, str(script))
    plain_git("-C", shop, "config", "core.hooksPath", str(shop / ".git" / "hooks"))
    (shop / ".git" / "hooks").mkdir(exist_ok=True)
    for hook in ("post-checkout", "reference-transaction", "post-index-change", "pre-auto-gc"):
        os.link(script, shop / ".git" / "hooks" / hook)
    before = listing(tmp_path / "repos")

    found = list(propose(tmp_path / "repos"))

    assert [proposal.problem for proposal in found] == ["", ""]
    assert not canary.exists(), canary.read_text()
    assert listing(tmp_path / "repos") == before
    plain_git("-C", shop, "status", check=False)
    assert canary.exists()  # the canary sings where git is run inside
