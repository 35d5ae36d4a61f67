"""Settings text becomes plain data, and nothing YAML can hide gets through."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from coordinator import yaml_text
from coordinator.errors import SettingsError


def refused(text: str) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        yaml_text.load(text, file="company.yaml")
    assert caught.value.file == "company.yaml"
    return caught.value


def test_every_key_and_item_knows_its_line() -> None:
    data, lines = yaml_text.load("a: 1\ngit:\n  urls:\n    - x\n    - y\n", file="f")
    assert data == {"a": 1, "git": {"urls": ["x", "y"]}}
    assert lines["git",] == 2
    assert lines["git", "urls"] == 3
    assert lines["git", "urls", 1] == 5


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n"])
def test_an_empty_file_is_an_empty_mapping_or_says_it_must_be_one(text: str) -> None:
    if text == "---\n":  # an explicit document without content is null
        assert "must be a mapping" in refused(text).problem
    else:
        assert yaml_text.load(text, file="f") == ({}, {})


def test_a_byte_order_mark_of_an_editor_is_no_part_of_the_first_key() -> None:
    assert yaml_text.load("\ufeffname: x\n", file="f")[0] == {"name": "x"}


def test_a_key_that_stands_twice_is_refused_naming_both_lines() -> None:
    error = refused("git:\n  url: a\n  branch: b\n  url: c\n")
    assert (error.line, error.key) == (4, "git.url")
    assert "first on line 2" in error.problem


def test_the_same_key_in_two_mappings_is_no_duplicate() -> None:
    assert yaml_text.load("a: {url: 1}\nb: {url: 2}\n", file="f")[0]["b"] == {"url": 2}


def test_an_alias_bomb_is_refused_at_its_first_alias() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{new}: &{new} [*{old}, *{old}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    error = refused(bomb)
    assert error.line == 2
    assert "aliases" in error.problem


@pytest.mark.parametrize(
    "value",
    [
        "!!python/object/apply:os.system [ls]",
        "!!python/name:os.system ''",
        "!local x",
        '!!int ""',
        '!!float ""',
        "!!bool maybe",
        "!!timestamp soon",
        "!!binary eA==",
        "!!set {x}",
        "!!str 5",
    ],
)
def test_a_tag_is_refused_whatever_it_asks_for(value: str) -> None:
    error = refused(f"ok: 1\nkey: {value}\n")
    assert error.line == 2
    assert "tags" in error.problem


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "{a: " * 50_000, "\n".join(" " * i + f"k{i}:" for i in range(600))]
)
def test_deep_nesting_is_refused_with_its_line(text: str) -> None:
    error = refused(text)
    assert "nested deeper than 20 levels" in error.problem
    assert error.line == (21 if "k21" in text else 1)


def test_twenty_levels_are_not_too_deep() -> None:
    text = "\n".join(" " * level + f"k{level}:" for level in range(yaml_text.MAX_DEPTH))
    data, _ = yaml_text.load(text, file="f")
    for level in range(yaml_text.MAX_DEPTH):
        data = data[f"k{level}"]
    assert data is None


def test_more_than_256_kb_are_refused_counted_in_bytes() -> None:
    fits = "a: " + "é" * ((yaml_text.MAX_BYTES - 3) // 2)
    yaml_text.load(fits, file="f")
    error = refused(fits + "éé")
    assert error.line == 0
    assert "larger than 256 kB" in error.problem


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("- a\n- b\n", 1),
        ("just text\n", 1),
        ("5\n", 1),
        ("a: [1\nb: 2\n", 2),
        ("a: 1\n---\nb: 2\n", 2),
        ("a:\t- x\n", 1),
        ("a: 1\n? [b]\n: 2\n", 2),
        ("a: 1\nb: 2024-13-45\n", 2),
        ("a: 1\nb: 2024-01-01T00:00:00+99:99\n", 2),
        ("a: 1\nb: " + "9" * 5_000, 2),
    ],
)
def test_what_is_no_mapping_of_plain_values_is_refused_with_its_line(text: str, line: int) -> None:
    assert refused(text).line == line


@pytest.mark.parametrize("char", ["\0", "\x1b", "\x07", "\x7f"])
def test_a_control_character_is_refused(char: str) -> None:
    assert "not YAML" in refused(f"name: a{char}b\n").problem


def test_a_merge_key_is_only_a_key() -> None:
    assert yaml_text.load("<<: {a: 1}\n", file="f")[0] == {"<<": {"a": 1}}


def test_paths_are_written_as_people_write_them() -> None:
    assert yaml_text.dotted(()) == ""
    assert yaml_text.dotted(("git", "protocols", 0)) == "git.protocols[0]"
    assert yaml_text.dotted(("owners", 1, "email")) == "owners[1].email"


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=8), PLAIN, max_size=4))
def test_what_yaml_writes_without_aliases_is_read_back(data: dict[str, object]) -> None:
    class Plain(yaml.SafeDumper):
        def ignore_aliases(self, data: object) -> bool:
            return True

    text = yaml.dump(data, Dumper=Plain)
    assert yaml_text.load(text, file="f")[0] == data


@given(st.text(alphabet=":-[]{}!&*#'\"|>%@` \n\tab1\\?,~0x.", max_size=60))
def test_any_text_is_read_or_refused_with_our_own_error(text: str) -> None:
    try:
        data, _ = yaml_text.load(text, file="f")
    except SettingsError:
        return
    assert isinstance(data, dict)
