"""What git prints, whole or broken, as records."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from coordinator.git.text import (
    MAX_PATHS,
    is_object_id,
    message_text,
    parse_changed_paths,
    parse_commit,
    parse_tree_entry,
    path_text,
)

SHA = "a" * 40
NEXT = "b" * 40
EPOCH = datetime.fromtimestamp(0, UTC)


def test_a_commit_is_read_with_its_signature_left_out():
    raw = (
        b"tree " + SHA.encode() + b"\nparent " + NEXT.encode() + b"\nparent " + SHA.encode() + b"\n"
        b"author Ada Lovelace <ada@example.org> 1700000000 -0330\n"
        b"committer Bob <bob@example.org> 1700000001 +0000\n"
        b"gpgsig -----BEGIN\n parent forged\n \n -----END\n\nsubject\n\nauthor body\n"
    )
    commit = parse_commit(SHA, raw, ("a",), 1)
    assert commit.parents == (NEXT, SHA)
    assert (commit.author, commit.author_email) == ("Ada Lovelace", "ada@example.org")
    assert commit.authored_at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert commit.committed_at == datetime(2023, 11, 14, 22, 13, 21, tzinfo=UTC)
    assert commit.message == "subject\n\nauthor body\n"
    assert (commit.paths, commit.path_count) == (("a",), 1)


def test_the_first_of_doubled_headers_counts():
    raw = b"author A <a@x> 1 +0000\nauthor B <b@x> 2 +0000\n\nm"
    assert parse_commit(SHA, raw).author == "A"


def test_broken_headers_become_empty_texts_and_1970():
    commit = parse_commit(SHA, b"author nobody\ncommitter <> never\n\nm")
    assert (commit.author, commit.author_email, commit.message) == ("nobody", "", "m")
    assert commit.authored_at == commit.committed_at == EPOCH
    assert parse_commit(SHA, b"").message == ""


def test_times_out_of_reach_are_the_nearest_in_reach():
    def at(seconds: bytes) -> datetime:
        return parse_commit(SHA, b"author A <a> " + seconds + b" +0000\n\n").authored_at

    assert at(b"-5") == EPOCH
    assert at(b"999999999999999999") == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_a_message_is_read_by_its_encoding_then_utf8_then_latin1():
    assert message_text(b"caf\xe9", "iso-8859-1") == "café"
    assert message_text("café".encode()) == "café"
    assert message_text(b"caf\xe9") == "café"
    assert message_text("привет".encode("koi8-r"), "KOI8-R") == "привет"
    assert message_text("café".encode(), "no-such-encoding") == "café"
    assert message_text("café".encode(), "iso-8859-99") == "café"


def test_a_codec_that_is_no_encoding_of_honest_commits_is_not_used():
    for codec in ("punycode", "idna", "hex", "zip", "rot13", "unicode_escape", "utf-7"):
        assert message_text(b"x-\\u0041+AGE-", codec) == "x-\\u0041+AGE-"


@settings(deadline=None)
@given(st.binary(), st.text())
def test_any_message_is_read(raw: bytes, encoding: str):
    assert isinstance(message_text(raw, encoding), str)


@settings(deadline=None)
@given(st.binary())
def test_any_commit_object_is_read(raw: bytes):
    commit = parse_commit(SHA, raw)
    assert commit.authored_at >= EPOCH
    commit.message.encode()


def test_a_path_keeps_what_is_utf8_and_shows_what_is_not():
    assert path_text("ção/\x1b".encode()) == "ção/\x1b"
    assert path_text(b"caf\xe9") == "caf\\xe9"


def test_tree_entries_are_read():
    blob = parse_tree_entry(b"100644 blob " + SHA.encode() + b"      12\ta\tb c")
    assert (blob.path, blob.mode, blob.kind, blob.sha, blob.size) == (
        "a\tb c",
        "100644",
        "blob",
        SHA,
        12,
    )
    assert parse_tree_entry(b"040000 tree " + SHA.encode() + b"       -\td").size is None
    assert parse_tree_entry(b"100644 blob " + SHA.encode() + b"     BAD\tx").size is None


def test_changed_paths_are_grouped_by_commit():
    tokens = [SHA.encode(), b":1", b"a", b":2", NEXT.encode(), NEXT.encode()]
    assert list(parse_changed_paths([SHA, NEXT], iter(tokens))) == [
        (SHA, ("a", NEXT), 2),
        (NEXT, (), 0),
    ]


def test_changed_paths_stop_where_git_is_out_of_step():
    tokens = [NEXT.encode(), b":1", b"a"]
    assert list(parse_changed_paths([SHA, NEXT], iter(tokens))) == []
    assert list(parse_changed_paths([SHA], iter([]))) == []


def test_paths_over_the_limit_are_counted_only():
    tokens = [SHA.encode()] + [token for n in range(MAX_PATHS + 7) for token in (b":", b"%d" % n)]
    (change,) = parse_changed_paths([SHA], iter(tokens))
    assert (len(change.paths), change.total) == (MAX_PATHS, MAX_PATHS + 7)


def test_only_full_lower_case_ids_are_ids():
    assert is_object_id(SHA) and is_object_id("0" * 64)
    for text in ("", "HEAD", SHA.upper(), SHA[1:], SHA + "\n", SHA + NEXT, "-" + SHA):
        assert not is_object_id(text)
