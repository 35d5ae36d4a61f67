from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from huggingface_hub import constants

from coordinator.errors import ModelUnavailable
from coordinator.settings import EmbeddingSettings
from resources.embedding import SentenceEmbedder, TokenCounter, batches, choose_model, models
from resources.embedding import embedder as embedder_module
from resources.embedding.models import EMBEDDED_MODEL, embedded_folder, hub_answers, verify_weights

TEXTS = [
    "autenticação segura entre serviços",
    "",
    "word " * 400,
    "PaymentService retries 3 times; 北京 Zażółć \x00 \t",
    "the",
]


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)


def test_passages_are_unit_vectors_in_the_order_of_the_texts(embedder: SentenceEmbedder):
    vectors = embedder.embed_passages(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.width)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)
    for text, vector in zip(TEXTS, vectors, strict=True):
        assert embedder.embed_passages([text])[0] @ vector == pytest.approx(1.0, abs=1e-5)


def test_a_query_has_the_vector_sentence_transformers_gives_it(embedder: SentenceEmbedder):
    vectors = embedder.embed_passages(TEXTS)
    for text, vector in zip(TEXTS, vectors, strict=True):
        assert np.abs(embedder.embed_query(text) - vector).max() < 1e-5


def test_no_texts_are_no_vectors(embedder: SentenceEmbedder):
    assert embedder.embed_passages([]).shape == (0, 384)


def test_texts_no_tokenizer_takes_are_embedded_all_the_same(embedder: SentenceEmbedder):
    broken = "half a pair \ud800"
    assert np.isfinite(embedder.embed_passages([broken])).all()
    assert np.isfinite(embedder.embed_query(broken)).all()


def test_every_batch_is_heard_of(embedder: SentenceEmbedder):
    heard: list[int] = []
    embedder.embed_passages(["long " * 300] * 9 + ["short"] * 3, heard.append)
    assert heard == [8, 4]


def test_prompts_come_before_queries_and_passages():
    prompted = SentenceEmbedder(
        EmbeddingSettings(query_prompt="query: ", passage_prompt="passage: ")
    )
    plain = SentenceEmbedder(EmbeddingSettings())
    assert np.array_equal(prompted.embed_query("x"), plain.embed_query("query: x"))


def test_batches_are_of_like_length_and_smaller_for_long_texts():
    found = batches([10, 5_000, 20] + [5_000] * 8, most=64)
    assert [len(batch) for batch in found] == [8, 3]
    assert sorted(place for batch in found for place in batch) == list(range(11))
    assert [len(batch) for batch in batches([4] * 100, most=64)] == [64, 36]
    assert [len(batch) for batch in batches([0] * 3, most=2)] == [2, 1]


# -- the model's files ----------------------------------------------------------------------


def test_nothing_is_loaded_before_it_is_needed():
    assert SentenceEmbedder(EmbeddingSettings()).width == 384
    assert SentenceEmbedder(EmbeddingSettings(model="nobody/nothing")).model == "nobody/nothing"


def test_wrong_weights_are_refused(tmp_path: Path):
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"other weights")
    with pytest.raises(ModelUnavailable, match="are not the expected ones"):
        verify_weights(weights)
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        verify_weights(tmp_path / "missing")


def test_wrong_weights_stop_queries_and_passages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for file in embedded_folder().iterdir():
        if file.name != "model.safetensors":
            (tmp_path / file.name).symlink_to(file)
    (tmp_path / "model.safetensors").write_bytes(b"other weights")
    monkeypatch.setattr(models, "embedded_folder", lambda: tmp_path)
    fresh = SentenceEmbedder(EmbeddingSettings())
    with pytest.raises(ModelUnavailable, match="force-reinstall"):
        fresh.embed_query("x")
    with pytest.raises(ModelUnavailable, match="force-reinstall"):
        fresh.embed_passages(["x"])


def test_changed_weights_are_looked_at_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    weights = tmp_path / "model.safetensors"
    weights.symlink_to(embedded_folder() / "model.safetensors")
    verify_weights(weights)
    weights.unlink()
    weights.write_bytes(b"other weights")
    with pytest.raises(ModelUnavailable):
        verify_weights(weights)


def test_a_model_in_a_local_folder_is_loaded_without_the_hub(
    tmp_path: Path, offline: None, embedder: SentenceEmbedder
):
    for file in embedded_folder().iterdir():
        (tmp_path / file.name).symlink_to(file)
    local = SentenceEmbedder(EmbeddingSettings(model=str(tmp_path)))
    assert local.width == 384
    assert local.embed_query("x") == pytest.approx(embedder.embed_query("x"), abs=1e-5)


def test_a_model_that_is_nowhere_is_said_to_be_nowhere(offline: None):
    nowhere = EmbeddingSettings(model="nobody/nothing")
    with pytest.raises(ModelUnavailable, match="nobody/nothing is not on this machine"):
        SentenceEmbedder(nowhere).embed_query("x")
    with pytest.raises(ModelUnavailable, match="nobody/nothing is not on this machine"):
        TokenCounter(nowhere).count_tokens("x")


def test_a_folder_that_holds_no_model_is_said_to_hold_none(tmp_path: Path):
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        SentenceEmbedder(EmbeddingSettings(model=str(tmp_path))).embed_query("x")
    with pytest.raises(ModelUnavailable, match=r"has no tokenizer\.json"):
        TokenCounter(EmbeddingSettings(model=str(tmp_path))).count_tokens("x")


# -- tokens ---------------------------------------------------------------------------------


def test_tokens_are_counted_without_special_ones_and_without_cutting():
    counter = TokenCounter(EmbeddingSettings())
    assert counter.window == 256
    assert counter.count_tokens("hello world") == 2
    assert counter("word " * 1_000) == 1_000
    assert counter("") == 0
    assert counter("\ud800") >= 1


def test_the_window_is_the_models_own(tmp_path: Path):
    (tmp_path / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 77}))
    assert TokenCounter(EmbeddingSettings(model=str(tmp_path))).window == 77


# -- the choice -----------------------------------------------------------------------------


def test_offline_the_embedded_model_is_chosen(offline: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", os.devnull)
    settings, reason = choose_model()
    assert settings == EmbeddingSettings()
    assert settings.model == EMBEDDED_MODEL
    assert "needs no network" in reason


def test_a_cached_multilingual_model_is_chosen_with_its_prompts(
    tmp_path: Path, offline: None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    folder = tmp_path / "models--intfloat--multilingual-e5-small"
    snapshot = folder / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("abc")
    (snapshot / "config.json").write_text("{}")
    assert choose_model()[0].model == EMBEDDED_MODEL
    (snapshot / "model.safetensors").write_bytes(b"weights")
    settings, reason = choose_model()
    assert settings.model == embedder_module.MULTILINGUAL_MODEL
    assert (settings.query_prompt, settings.passage_prompt) == ("query: ", "passage: ")
    assert "local cache" in reason


class Hub(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response(200 if "/some/model/" in self.path else 404)
        self.end_headers()

    def log_message(self, *arguments: Any) -> None: ...


@pytest.fixture
def hub() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    serving.join()


def test_a_hub_that_has_the_model_is_believed(online: None, hub: str):
    assert hub_answers("some/model", endpoint=hub)
    assert not hub_answers("other/model", endpoint=hub)


def test_offline_no_hub_is_asked(offline: None, hub: str):
    assert not hub_answers("some/model", endpoint=hub)


def trickle(server: socket.socket, stop: threading.Event) -> None:
    connection, _ = server.accept()
    with connection:
        connection.sendall(b"HTTP/1.1 200 OK\r\nslow: ")
        for _ in range(60):
            if stop.wait(0.05):
                return
            connection.sendall(b"x")


def test_a_hub_that_answers_a_byte_at_a_time_is_not_waited_for(online: None):
    stop = threading.Event()
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        trickling = threading.Thread(target=trickle, args=(server, stop))
        trickling.start()
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        start = time.perf_counter()
        assert not hub_answers("some/model", endpoint=address, wait_s=0.2)
        assert time.perf_counter() - start < 2
        stop.set()
        trickling.join()
