"""The file that remembers how long the ledger was."""

from __future__ import annotations

import stat
import threading

import pytest

from coordinator.errors import LedgerDamaged, StorageError
from coordinator.ledger.chain import GENESIS
from resources.ledger.anchors import Anchors

ONE, TWO = "1" * 64, "2" * 64


@pytest.fixture
def anchors(tmp_path):
    made = Anchors(tmp_path / "ledger.anchors")
    made.create()
    return made


def test_a_new_file_knows_the_empty_ledger_and_is_closed_to_others(anchors):
    assert anchors.read() == {0: GENESIS}
    assert anchors.latest() == (0, GENESIS)
    assert stat.S_IMODE(anchors.path.stat().st_mode) == 0o600


def test_creating_it_again_keeps_what_it_knows(anchors):
    anchors.append(1, ONE)
    anchors.create()
    assert anchors.latest() == (1, ONE)


def test_the_longest_ledger_counts_in_whatever_order_processes_wrote(anchors):
    anchors.append(2, TWO)
    anchors.append(1, ONE)
    assert anchors.latest() == (2, TWO)
    assert anchors.read() == {0: GENESIS, 1: ONE, 2: TWO}


def test_the_latest_is_found_at_the_end_of_a_long_file(anchors):
    for count in range(1, 300):
        anchors.append(count, f"{count:064x}")
    assert anchors.latest() == (299, f"{299:064x}")
    assert len(anchors.read()) == 300


@pytest.mark.parametrize("kept", range(1, 67))
def test_a_torn_last_line_is_tolerated_wherever_it_was_cut(anchors, kept):
    anchors.append(1, ONE)
    whole = anchors.path.read_bytes()
    torn = f"2 {TWO}\n".encode()[:kept]
    anchors.path.write_bytes(whole + torn)
    assert anchors.latest() == (1, ONE)
    anchors.append(3, TWO)
    assert anchors.path.read_bytes() == whole + f"3 {TWO}\n".encode()


@pytest.mark.parametrize(
    "line", [b"", b"2", b"2 222", b"x " + b"2" * 64, b"-1 " + b"2" * 64, b"2 " + b"G" * 64, b"\xff"]
)
def test_a_line_that_is_no_anchor_is_damage_anywhere_else(anchors, line):
    anchors.append(1, ONE)
    anchors.path.write_bytes(line + b"\n" + anchors.path.read_bytes())
    with pytest.raises(LedgerDamaged, match=r"line 1 of ledger\.anchors"):
        anchors.read()
    with pytest.raises(LedgerDamaged):
        anchors.latest()


def test_two_heads_for_one_count_are_damage(anchors):
    anchors.append(1, ONE)
    anchors.append(1, ONE)
    assert anchors.read() == {0: GENESIS, 1: ONE}
    anchors.append(1, TWO)
    with pytest.raises(LedgerDamaged):
        anchors.read()


def test_a_missing_file_is_damage_and_says_how_to_go_on_without_it(anchors):
    anchors.path.unlink()
    with pytest.raises(LedgerDamaged, match="missing") as found:
        anchors.read()
    assert "empty file" in found.value.hint
    anchors.path.touch()
    assert anchors.read() == {}


def test_a_file_that_cannot_be_read_is_a_storage_error(tmp_path):
    with pytest.raises(StorageError):
        Anchors(tmp_path).read()


def test_threads_append_whole_lines(anchors):
    def write(first: int) -> None:
        for count in range(first, first + 50):
            anchors.append(count, f"{count:064x}")

    threads = [threading.Thread(target=write, args=(first,)) for first in (1, 51, 101, 151)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert anchors.read() == {0: GENESIS} | {n: f"{n:064x}" for n in range(1, 201)}
