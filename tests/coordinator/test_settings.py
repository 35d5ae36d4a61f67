"""Settings are read strictly, and an error says file, line, key and what is meant."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.errors import CompanyError, SettingsError
from coordinator.settings import (
    CONTROL,
    CatalogSettings,
    CompanySettings,
    CoordinatorSettings,
    CopySettings,
    EmbeddingSettings,
    GitSettings,
    LearningSettings,
    Person,
    SearchSettings,
    company_slug,
    dump,
    git_protocol,
    parse_company,
    parse_coordinator,
)

GIT = "git: {url: https://example.org/shop.git}\n"


def refused(text: str) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        parse_company(text, file="instances/acme/company.yaml")
    error = caught.value
    assert str(error).startswith("instances/acme/company.yaml:")
    assert error.hint
    return error


def git_refused(url: str) -> SettingsError:
    # JSON's quotes are YAML's
    quoted = json.dumps(url).replace("\x7f", "\\x7f")
    return refused(f"name: acme\ngit:\n  protocols: [https, ssh, file]\n  url: {quoted}\n")


class TestMisspeltAndMissingKeys:
    def test_a_misspelt_key_is_named_with_its_line_and_the_one_meant(self) -> None:
        error = refused("name: acme\ntitel: Acme\n" + GIT)
        assert (error.line, error.key) == (2, "titel")
        assert "did you mean 'title'?" in error.problem

    def test_a_misspelt_required_key_is_called_misspelt_not_missing(self) -> None:
        error = refused("name: acme\ngit:\n  ulr: https://example.org/x\n")
        assert (error.line, error.key) == (3, "git.ulr")
        assert "did you mean 'url'?" in error.problem

    def test_a_misspelt_key_inside_a_list_knows_the_lists_own_keys(self) -> None:
        error = refused("name: acme\nowners:\n  - name: Ana\n    emial: a@b.c\n" + GIT)
        assert (error.line, error.key) == (4, "owners[0].emial")
        assert "did you mean 'email'?" in error.problem

    def test_a_misspelt_key_is_suggested_as_the_file_spells_it(self) -> None:
        error = refused("name: acme\napprovals:\n  imports: [Ana]\n" + GIT)
        assert (error.line, error.key) == (3, "approvals.imports")
        assert "did you mean 'import'?" in error.problem

    def test_a_key_like_no_other_is_unknown_without_a_guess(self) -> None:
        assert refused("name: acme\nzzzzzz: 1\n" + GIT).problem == "unknown key"

    def test_a_missing_key_is_named_at_the_line_of_its_parent(self) -> None:
        error = refused("name: acme\n\ngit:\n  branch: main\n")
        assert (error.line, error.key, error.problem) == (3, "git.url", "this key is required")

    def test_an_empty_file_lacks_its_first_required_key(self) -> None:
        assert refused("").key == "name"


@pytest.mark.parametrize(
    ("text", "line", "key", "problem"),
    [
        ("name: no\n" + GIT, 1, "name", "must be text"),
        ("name: acme\ntitle: 2024-01-01\n" + GIT, 2, "title", "must be text"),
        ("name: acme\ntitle: 12\n" + GIT, 2, "title", "must be text"),
        ("name: acme\ntitle: null\n" + GIT, 2, "title", "must be text"),
        ("name: acme\nlanguage: yes\n" + GIT, 2, "language", "'pt' or 'en'"),
        ("name: acme\nlanguage: fr\n" + GIT, 2, "language", "'pt' or 'en'"),
        ("name: acme\nowners: Ana\n" + GIT, 2, "owners", "must be a list"),
        ("name: acme\nowners: [Ana]\n" + GIT, 2, "owners[0]", "must be a mapping"),
        ("name: acme\ngit: https://example.org/x\n", 2, "git", "must be a mapping"),
        ("name: acme\ngit: [https://example.org/x]\n", 2, "git", "must be a mapping"),
        ("name: acme\ncatalog:\n" + GIT, 2, "catalog", "must be a mapping"),
        ("name: acme\ncatalog: {globs: a/*}\n" + GIT, 2, "catalog.globs", "must be a list"),
        ("name: acme\ncatalog: {globs: [7]}\n" + GIT, 2, "catalog.globs[0]", "must be text"),
    ],
)
def test_what_yaml_took_for_something_else_is_said_in_the_users_words(
    text: str, line: int, key: str, problem: str
) -> None:
    error = refused(text)
    assert (error.line, error.key) == (line, key)
    assert problem in error.problem


@pytest.mark.parametrize(
    "given",
    [
        *("timeout_s: yes", 'timeout_s: "60"', "timeout_s: 0", "timeout_s: .nan"),
        *("max_mirror_mb: yes", "max_mirror_mb: 1.5", "max_file_kb: 99999999", "max_file_kb: -1"),
    ],
)
def test_a_number_must_be_a_number_and_in_its_bounds(given: str) -> None:
    error = refused(f"name: acme\ngit:\n  url: https://example.org/x\n  {given}\n")
    assert (error.line, error.key) == (4, f"git.{given.partition(':')[0]}")


class TestRepositoryAddress:
    @pytest.mark.parametrize(
        ("url", "protocol"),
        [
            ("https://example.org/a/b.git", "https"),
            ("https://example.org:8443/b", "https"),
            ("ssh://git@example.org/b", "ssh"),
            ("git@example.org:a/b.git", "ssh"),
            ("/srv/git/shop", "file"),
            ("file:///srv/git/shop", "file"),
        ],
    )
    def test_the_known_forms_are_taken(self, url: str, protocol: str) -> None:
        assert git_protocol(url) == protocol

    @pytest.mark.parametrize(
        "url",
        [
            "ext::sh -c touch% /tmp/canary",
            "fd::17",
            "https::evil",
            "https:evil",
            "--upload-pack=touch /tmp/canary",
            "-oProxyCommand=touch",
            "ssh://-oProxyCommand=touch/x",
            "git@-oProxyCommand=touch:x",
            "git@example.org:-x",
            "https://example.org/-x",
            "http://example.org/x",
            "git://example.org/x",
            "ftp://example.org/x",
            "file://example.org/x",
            "file://../x",
            "shop",
            "./shop",
            "../shop",
            "~/shop",
            "C:\\shop",
            "https://",
            "https://[",
            "https://example.org:99999/x",
            "https://example.org/x?token=1",
            "https://exa\nmple.org/x",
            "https://example.org/%0ax",
            "/srv/sh\x7fop",
            " /srv/shop",
            "",
        ],
    )
    def test_what_no_fetch_would_take_is_refused_already_here(self, url: str) -> None:
        error = git_refused(url)
        assert (error.line, error.key) == (4, "git.url")
        assert "write https://host/path" in error.problem

    @pytest.mark.parametrize(
        "url",
        [
            "https://ana:hunter2@example.org/x",
            "https://hunter2@example.org/x",
            "ssh://ana:hunter2@example.org/x",
            "ana:hunter2@example.org:x",
            "https:ana:hunter2@example.org",
            "http://ana:hunter2@example.org/x",
            "https://example.org/x?token=hunter2",
            "https://example.org/x#hunter2",
        ],
    )
    def test_a_credential_in_the_address_is_refused_and_never_repeated(self, url: str) -> None:
        assert "hunter2" not in str(git_refused(url))

    def test_a_protocol_must_be_allowed_by_name(self) -> None:
        error = refused("name: acme\ngit:\n  url: /srv/shop\n")
        assert (error.line, error.key) == (2, "git")
        assert "protocols allow only https" in error.problem

    @pytest.mark.parametrize("branch", ["-x", "a..b", "a b", "a\x00b", "", "a" * 201, "a~1"])
    def test_a_branch_that_git_could_misread_is_refused(self, branch: str) -> None:
        with pytest.raises(ValueError, match="branch"):
            GitSettings(url="https://example.org/x", branch=branch)

    @pytest.mark.parametrize("name", ["ghp_16C7e42F292c6912E7", "my token", "lower", "1A", ""])
    def test_a_secret_in_the_place_of_a_variables_name_is_refused_and_not_repeated(
        self, name: str
    ) -> None:
        error = refused(f'name: acme\ngit:\n  url: https://example.org/x\n  token_env: "{name}"\n')
        assert (error.line, error.key) == (4, "git.token_env")
        assert not name or name not in str(error)


class TestCompanyName:
    @pytest.mark.parametrize("name", ["ab", "empresa-a", "a" * 40, "x9", "a--"])
    def test_a_slug_is_taken(self, name: str) -> None:
        assert company_slug(name) == name

    @pytest.mark.parametrize(
        "name",
        [
            *("", "a", "a" * 41, "Acme", "9lives", "-a", "a_b", "a b", "açaí", "ａｂ", "аbс"),
            *(".", "..", "../x", "a/b", "/etc", "a\\b", ".git", "a.b", "~", "$HOME", "a;b"),
            *("a\0", "ab\n", "\nab", "ab\x1b", "company:ab"),
        ],
    )
    def test_everything_else_is_refused_and_shown_harmless(self, name: str) -> None:
        with pytest.raises(CompanyError) as caught:
            company_slug(name)
        assert str(caught.value).isascii()
        assert not CONTROL.search(str(caught.value))
        with pytest.raises(ValueError, match="starting with a letter"):
            CompanySettings(name=name, git=GitSettings(url="https://example.org/x"))

    def test_a_very_long_name_does_not_fill_the_message(self) -> None:
        with pytest.raises(CompanyError) as caught:
            company_slug("x/" * 10_000)
        assert len(str(caught.value)) < 250


class TestText:
    @pytest.mark.parametrize(
        "text", ["a\nb", "a\x1b[31m", "a\x9bm", "a\u202eb", "a\u2028b", "\ufeffa", "a\x85b"]
    )
    def test_a_title_is_one_visible_line(self, text: str) -> None:
        with pytest.raises(ValueError, match="control characters"):
            Person(name=text)

    def test_a_description_has_lines_but_no_other_control_characters(self) -> None:
        git = GitSettings(url="https://example.org/x")
        kept = CompanySettings(name="acme", git=git, description="Sells\n\tçã 👩‍💻\n")
        assert kept.description == "Sells\n\tçã 👩‍💻\n"
        for bad in ("\x1b]0;x\x07", "a\rb", "a\x9b", "\u202e"):
            with pytest.raises(ValueError, match="control characters"):
                CompanySettings(name="acme", git=git, description=bad)

    @pytest.mark.parametrize("glob", ["services/*", "**/*.md", "!docs/*.md", "a/[bc]/*"])
    def test_a_pattern_inside_the_repository_is_taken(self, glob: str) -> None:
        assert CatalogSettings(globs=(glob,)).globs == (glob,)

    @pytest.mark.parametrize(
        "glob", ["..", "../x", "a/../../b", "/etc/*", "~/x", "", "  ", "a\nb", "!", "a\\"]
    )
    def test_a_pattern_that_leaves_the_repository_or_is_none_is_refused(self, glob: str) -> None:
        for model in (CatalogSettings, LearningSettings):
            with pytest.raises(ValueError, match=r"pattern|one line"):
                model(exclude=(glob,))


class TestCoordinator:
    def test_an_empty_file_is_all_defaults(self) -> None:
        assert parse_coordinator("", file="orch.yaml") == CoordinatorSettings()

    def test_a_companys_key_is_unknown_there(self) -> None:
        with pytest.raises(SettingsError) as caught:
            parse_coordinator("search:\n  min_scor: 0.2\n", file="orch.yaml")
        assert str(caught.value).startswith("orch.yaml:2: search.min_scor: unknown key, did you")


def test_settings_cannot_be_changed_in_place() -> None:
    settings = CoordinatorSettings()
    with pytest.raises(ValueError, match="frozen"):
        settings.search = SearchSettings(min_score=1)  # type: ignore[misc]


def test_a_dump_leaves_out_what_is_default_but_never_the_name() -> None:
    settings = CompanySettings(name="acme", git=GitSettings(url="https://example.org/x"))
    assert dump(settings) == "name: acme\ngit:\n  url: https://example.org/x\n"
    assert dump(CoordinatorSettings()) == "{}\n"


text_line = st.text(max_size=40).filter(lambda text: not CONTROL.search(text))
text_lines = st.text(max_size=60).filter(
    lambda text: not CONTROL.search(text.replace("\n", "").replace("\t", ""))
)
share = st.floats(0, 1)
globs = st.lists(st.sampled_from(["a/*", "**/*.md", "#x", "!no", "a: b", "- c", "ç/*"]), max_size=3)
env_name = st.from_regex(r"[A-Z][A-Z0-9_]{0,20}", fullmatch=True)
companies = st.builds(
    CompanySettings,
    name=st.from_regex(r"[a-z][a-z0-9-]{1,39}", fullmatch=True),
    title=text_line,
    description=text_lines,
    language=st.sampled_from(["pt", "en"]),
    owners=st.lists(st.builds(Person, name=text_line, email=text_line), max_size=2).map(tuple),
    git=st.builds(
        GitSettings,
        url=st.sampled_from(["https://example.org/a b", "git@example.org:x", "/srv/é #x"]),
        branch=st.none() | st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_/+@]{0,20}", fullmatch=True),
        protocols=st.just(("https", "ssh", "file")),
        token_env=st.none() | env_name,
        ssh_key_env=st.none() | env_name,
        timeout_s=st.floats(0.001, 86_400),
        max_mirror_mb=st.integers(1, 10**12),
        max_file_kb=st.integers(1, 65_536),
    ),
    catalog=st.builds(
        CatalogSettings, globs=globs.map(tuple), exclude=globs.map(tuple), min_confidence=share
    ),
    learnings=st.builds(
        LearningSettings, documents=globs.map(tuple), exclude=globs.map(tuple), min_substance=share
    ),
)
coordinators = st.builds(
    CoordinatorSettings,
    embedding=st.builds(
        EmbeddingSettings,
        model=text_line,
        query_prompt=text_lines,
        passage_prompt=text_lines,
        batch_size=st.integers(1, 512),
    ),
    search=st.builds(
        SearchSettings,
        vector_weight=share,
        vector_weight_pt=share,
        glossary_weight=share,
        min_score=share,
    ),
    copies=st.builds(CopySettings, min_similarity=st.floats(0.001, 1)),
)


@given(companies)
def test_any_company_survives_being_written_and_read(settings: CompanySettings) -> None:
    assert parse_company(dump(settings), file="f") == settings


@given(coordinators)
def test_any_coordinator_survives_being_written_and_read(settings: CoordinatorSettings) -> None:
    assert parse_coordinator(dump(settings), file="f") == settings
