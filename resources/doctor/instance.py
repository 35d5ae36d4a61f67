"""One company: its settings, mirror, tables, memory, and what people wrote by hand."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from coordinator import memory
from coordinator.ledger.company_state import CompanyState
from coordinator.versions import head_of
from resources.doctor import tables as doctor_tables
from resources.doctor.findings import Finding, failure, looked, ok, warning
from resources.home import Home
from resources.instances import Instance
from resources.tables import Tables

BY_HAND = "manual"


def company(
    home: Home, name: str, state: CompanyState | None, *, search: bool
) -> Iterator[Finding]:
    """Everything of company `name`; without a readable ledger (`state` None) what stands alone."""
    instance = Instance(home.instances_folder / name)
    rebuild = f"orch memory rebuild --company {name}"
    yield from looked("settings", lambda: _settings(instance), company=name)
    refetch = f"rm -r {instance.mirror_folder} && orch sync {name} --force"
    yield from looked(
        "mirror", lambda: _mirror(instance, state, refetch), company=name, heals=refetch
    )
    opened = instance.tables()
    recorded = state.tables if state is not None else {}
    found = list(doctor_tables.tables(opened, recorded, company=name, heals=rebuild))
    yield from found
    sick = {finding.what for finding in found if finding.level == "failure"}
    if state is not None and not sick & {"learnings", "private_memory"}:
        yield from looked(
            "memory", lambda: _memory(opened, state, name, rebuild), company=name, heals=rebuild
        )
        yield from looked(
            "by hand", lambda: _by_hand(opened, state, name, rebuild), company=name, heals=rebuild
        )
    if search and "private_memory" not in sick and opened.exists("private_memory"):
        yield from looked("search", lambda: _search(home, name), company=name, heals=rebuild)
    yield from looked("leftovers", lambda: _leftovers(instance, rebuild), company=name)


def _settings(instance: Instance) -> Iterator[Finding]:
    _ = instance.settings
    yield ok("settings", "valid")


def _mirror(instance: Instance, state: CompanyState | None, refetch: str) -> Iterator[Finding]:
    cursor = state.cursors.get("git") if state is not None else None
    synced = head_of(cursor.cursor) if cursor is not None else ""
    if not instance.mirror_folder.exists():
        if synced:
            yield failure("mirror", "it is gone", f"orch sync {instance.slug} --force")
        else:
            yield ok("mirror", "nothing fetched yet")
        return
    torn = [pack for pack in _packs(instance.mirror_folder) if not _is_whole(pack)]
    if torn:
        yield failure("mirror", f"{len(torn)} of its packs are damaged", refetch)
        return
    with instance.mirror() as mirror:
        commits, head = mirror.commit_ids(), mirror.head()
        files = len(mirror.snapshot().entries) if head else 0
    if synced and not head:
        yield failure("mirror", "its branch is gone", refetch)
        return
    yield ok("mirror", f"{len(commits)} commits, {files} files and folders")


def _packs(folder: Path) -> list[Path]:
    return sorted(path for kind in ("*.pack", "*.idx") for path in folder.glob(f"objects/*/{kind}"))


def _is_whole(pack: Path) -> bool:
    """Whether a pack, or its index, ends in the sha1 of everything before."""
    size = pack.stat().st_size
    with pack.open("rb") as file:
        digest, left = hashlib.sha1(usedforsecurity=False), size - 20
        while left > 0 and (piece := file.read(min(left, 1 << 20))):
            digest.update(piece)
            left -= len(piece)
        return digest.digest() == file.read(20)


def _memory(opened: Tables, state: CompanyState, name: str, rebuild: str) -> Iterator[Finding]:
    """The memory holds exactly the learnings; a sync cut off between the two is only a warning."""
    wanted = memory.hashed(opened.read("learnings"))
    plan = memory.plan(wanted, opened.ids("private_memory"))
    missing, other, extra = len(plan.to_embed), len(plan.to_update), len(plan.to_remove)
    if not missing and not other and not extra:
        yield ok("memory", f"holds exactly the {len(wanted)} learnings")
        return
    said = f"{missing} learnings missing, {other} out of date, {extra} left over"
    versions = {
        state.assets[asset].input_version if asset in state.assets else ""
        for asset in ("learnings", "private_memory")
    }
    if len(versions) > 1:
        yield warning("memory", f"{said}: a sync was cut off", f"orch sync {name}")
    else:
        yield failure("memory", said, rebuild)


def _by_hand(opened: Tables, state: CompanyState, name: str, rebuild: str) -> Iterator[Finding]:
    """What the ledger holds by hand is findable, and what was taken back is in no table."""
    bad = False
    for table, wanted in (
        ("learnings", set(state.learnings)),
        ("private_memory", set(state.learnings)),
    ):
        frame = opened.read(table, ["id", "source"]) if opened.exists(table) else None
        held = set(frame.loc[frame["source"] == BY_HAND, "id"]) if frame is not None else set()
        if wanted - held:
            bad = True
            said = f"{len(wanted - held)} recorded learnings are not in {table} yet"
            yield warning("by hand", said, f"orch sync {name}")
        if held - wanted:
            bad = True
            said = f"{len(held - wanted)} learnings that were taken back still stand in {table}"
            yield failure("by hand", said, rebuild)
    if not bad:
        yield ok("by hand", f"{len(state.learnings)} learnings, {len(state.components)} components")


def _search(home: Home, name: str) -> Iterator[Finding]:
    home.memory(name).search("doctor", limit=1)
    yield ok("search", "answers")


def _leftovers(instance: Instance, rebuild: str) -> Iterator[Finding]:
    if instance.is_worked_on():
        yield ok("leftovers", "a sync is running")
        return
    found = []
    if (instance.folder / ".sync.holder").exists():
        said = "a sync was killed here"
        found.append(warning("leftovers", said, f"orch sync {instance.slug}"))
    if instance.tables().path("private_memory.next").exists():
        found.append(warning("leftovers", "a rebuild of the memory was cut off", rebuild))
    yield from found or [ok("leftovers", "nothing cut off")]
