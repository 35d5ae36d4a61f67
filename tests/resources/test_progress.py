"""Long work reports to whoever listens, and to nobody else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from resources.progress import Silence, current_progress, listening


def test_somebody_listens_inside_the_block_only() -> None:
    outer, inner = Silence(), Silence()
    assert current_progress() is None
    with listening(outer):
        assert current_progress() is outer
        with listening(inner):
            assert current_progress() is inner
        assert current_progress() is outer
    assert current_progress() is None


def test_an_error_ends_the_listening() -> None:
    with pytest.raises(RuntimeError), listening(Silence()):
        raise RuntimeError
    assert current_progress() is None


def test_another_thread_does_not_report_to_this_ones_listener() -> None:
    with listening(Silence()), ThreadPoolExecutor(1) as pool:
        assert pool.submit(current_progress).result() is None
