"""Manifests of many formats, whole, broken and hostile."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coordinator.manifests import descriptors
from coordinator.manifests import parsing as manifests
from coordinator.manifests.record import MAX_BYTES, MAX_DEPENDENCIES, MAX_DESCRIPTION, Manifest

FILES = [
    *["Dockerfile", "package.json", "pyproject.toml", "setup.cfg", "setup.py", "requirements.txt"],
    *["go.mod", "pom.xml", "build.gradle", "build.gradle.kts", "Cart.csproj", "Cart.fsproj"],
    *["Cargo.toml", "mix.exs", "Gemfile", "cart.gemspec", "composer.json", "CMakeLists.txt"],
    *["catalog-info.yaml", "Chart.yaml", "requirements-dev.in", "Dockerfile.debug"],
]


def parse(path: str, text: str) -> Manifest:
    return manifests.parse(path, text.encode())


def test_a_package_json_says_what_it_is_and_what_it_needs() -> None:
    found = parse(
        "cart/package.json",
        """{"name": "cart", "version": "1.2.0", "description": "Keeps  the cart", "license": "MIT",
        "author": "Ada Lovelace <ada@example.org>", "dependencies": {"express": "^4"},
        "devDependencies": {"mocha": "1"}, "scripts": {"start": "node server.js"}}""",
    )
    assert found == Manifest(
        "npm",
        "cart/package.json",
        name="cart",
        version="1.2.0",
        description="Keeps the cart",
        licence="MIT",
        owner="Ada Lovelace",
        language="JavaScript",
        dependencies=("express",),
        runs=True,
    )


def test_a_package_json_with_a_browser_framework_is_a_frontend() -> None:
    found = parse("package.json", '{"dependencies": {"next": "1", "typescript": "5"}}')
    assert (found.category, found.language) == ("frontend", "TypeScript")


@pytest.mark.parametrize(
    "text", ['{"workspaces": ["packages/*"], "main": "x"}', '{"devDependencies": {"lint": "1"}}']
)
def test_a_package_json_for_other_folders_only_aggregates(text: str) -> None:
    assert parse("package.json", text).aggregates


def test_a_composer_json_says_its_licences_as_a_choice() -> None:
    found = parse(
        "composer.json",
        '{"name": "acme/quote", "license": ["MIT", "GPL-2.0-only"], "type": "project",'
        ' "require": {"php": ">=8", "ext-json": "*", "slim/slim": "4"},'
        ' "authors": [{"name": "Ada"}]}',
    )
    assert (found.name, found.licence, found.owner) == ("quote", "MIT OR GPL-2.0-only", "Ada")
    assert found.dependencies == ("php", "slim/slim")
    assert found.runs is True


def test_a_pyproject_gives_names_without_versions() -> None:
    found = parse(
        "pyproject.toml",
        '[build-system]\nrequires = []\n[project]\nname = "retry"\nversion = "2.1"\n'
        'license = {text = "Apache-2.0"}\ndependencies = ["httpx>=0.28", "rich ; os_name"]\n'
        'authors = [{name = "Grace"}]\n[project.scripts]\nretry = "retry:main"\n',
    )
    assert (found.name, found.version, found.owner) == ("retry", "2.1", "Grace")
    assert (found.licence, found.dependencies) == ("Apache-2.0", ("httpx", "rich"))
    assert found.runs is True


def test_a_pyproject_of_poetry_is_read_as_well() -> None:
    found = parse(
        "pyproject.toml",
        '[tool.poetry]\nname = "a"\nversion = "1"\nauthors = ["Ada <a@b.c>"]\n'
        '[tool.poetry.dependencies]\npython = "^3"\nflask = "3"\n',
    )
    assert (found.name, found.owner, found.dependencies) == ("a", "Ada", ("flask",))


def test_a_pyproject_that_only_configures_tools_is_no_package() -> None:
    assert parse("pyproject.toml", "[tool.ruff]\nline-length = 100\n").aggregates


def test_setup_cfg_and_setup_py_say_the_same_things() -> None:
    cfg = parse(
        "setup.cfg",
        "[metadata]\nname = retry\nversion = 1.0\nlicense = MIT\nauthor = Ada\n"
        "[options]\ninstall_requires =\n  httpx>=0.1\n  rich\n",
    )
    py = parse("setup.py", "setup(name='retry', version='1.0', license='MIT', author='Ada')")
    assert (cfg.name, cfg.version, cfg.licence, cfg.owner) == ("retry", "1.0", "MIT", "Ada")
    assert (py.name, py.version, py.licence, py.owner) == ("retry", "1.0", "MIT", "Ada")
    assert cfg.dependencies == ("httpx", "rich")


def test_requirements_leave_out_options_and_comments() -> None:
    text = "# pinned\n-r base.txt\nlocust==2.0 \\\n    --hash=sha256:00\nrequests[socks]>=2\n"
    assert parse("requirements.txt", text).dependencies == ("locust", "requests")


def test_a_go_module_is_named_after_its_last_part() -> None:
    found = parse(
        "go.mod",
        "module github.com/acme/checkout/v2\n\ngo 1.22\n\nrequire google.golang.org/grpc v1.2.3\n"
        "require (\n\tgithub.com/x/y v0.1.0\n\tgithub.com/z/z v1.0.0 // indirect\n)\n",
    )
    assert found.name == "checkout"
    assert found.dependencies == ("google.golang.org/grpc", "github.com/x/y")


def test_a_pom_inherits_its_parents_version_and_fills_in_properties() -> None:
    found = parse(
        "pom.xml",
        """<?xml version="1.0" encoding="UTF-8"?>
        <project xmlns="http://maven.apache.org/POM/4.0.0">
          <parent><groupId>g</groupId><artifactId>all</artifactId><version>4.0.1</version></parent>
          <artifactId>${name.prefix}-visits</artifactId>
          <properties><name.prefix>petclinic</name.prefix></properties>
          <dependencies>
            <dependency><groupId>org.a</groupId><artifactId>web</artifactId></dependency>
            <dependency><groupId>org.a</groupId><artifactId>junit</artifactId>
              <scope>test</scope></dependency>
          </dependencies>
          <licenses><license><name>Apache License, Version 2.0</name></license></licenses>
          <build><plugins><plugin><artifactId>spring-boot-maven-plugin</artifactId></plugin>
          </plugins></build>
        </project>""",
    )
    assert (found.name, found.version) == ("petclinic-visits", "4.0.1")
    assert (found.dependencies, found.runs) == (("org.a:web",), True)
    assert found.licence == "Apache License, Version 2.0"


def test_a_pom_of_modules_only_aggregates() -> None:
    text = "<project><artifactId>a</artifactId><packaging>pom</packaging></project>"
    assert parse("pom.xml", text).aggregates
    assert parse("pom.xml", "<project><modules><module>a</module></modules></project>").aggregates


def test_a_gradle_build_is_known_to_run_by_its_plugins_not_by_its_dependencies() -> None:
    service = "plugins {\n  id 'java'\n  id 'org.springframework.boot' version '3'\n}\n"
    library = 'dependencies {\n  api "org.springframework.boot:spring-boot-starter:3"\n}\n'
    assert parse("build.gradle", service).runs is True
    found = parse("build.gradle", library)
    assert (found.runs, found.dependencies) == (
        None,
        ("org.springframework.boot:spring-boot-starter",),
    )


def test_comments_in_gradle_hide_code_but_file_patterns_do_not() -> None:
    text = (
        "include '**/*.java'\n/* implementation 'a:hidden:1' */\n"
        "// implementation 'a:gone:1'\nimplementation 'a:seen:1'\n"
        "implementation project(':common')\n"
        "url 'https://repo.example.org'\nversion = '7'\n"
    )
    found = parse("build.gradle.kts", text)
    assert (found.dependencies, found.version) == (("a:seen", "common"), "7")


def test_a_csproj_says_whether_it_runs_and_whether_it_tests() -> None:
    web = parse(
        "src/Shop.Api/Shop.Api.csproj",
        '<Project Sdk="Microsoft.NET.Sdk.Web"><PropertyGroup><Version>5.5.0</Version>'
        "<PackageLicenseExpression>MIT</PackageLicenseExpression><Authors>Ada</Authors>"
        '</PropertyGroup><ItemGroup><PackageReference Include="Polly" Version="1"/>'
        '<ProjectReference Include="..\\Shop.Domain\\Shop.Domain.csproj"/></ItemGroup>'
        "</Project>",
    )
    test = parse(
        "T.csproj",
        '<Project Sdk="Microsoft.NET.Sdk"><ItemGroup><PackageReference Include="xunit"/>'
        "</ItemGroup></Project>",
    )
    assert (web.name, web.version, web.licence, web.owner) == ("Shop.Api", "5.5.0", "MIT", "Ada")
    assert (web.dependencies, web.runs, web.tests) == (("Polly", "Shop.Domain"), True, False)
    assert (test.runs, test.tests) == (False, True)


def test_cargo_mix_gems_and_cmake_are_read() -> None:
    cargo = parse(
        "Cargo.toml",
        '[package]\nname = "shipping"\nversion = "0.1.0"\nlicense = "MIT/Apache-2.0"\n'
        '[dependencies]\nactix-web = "4"\n',
    )
    mix = parse(
        "mix.exs",
        'app: :flagd_ui,\n version: "0.1.1",\n mod: {App, []}\n deps: [{:phoenix_live_view, "1"}]',
    )
    gemspec = parse(
        "a.gemspec", "s.name = 'retry'\ns.version = '1'\ns.add_dependency 'rake', '~> 1'\n"
    )
    gemfile = parse("Gemfile", "source 'https://x'\ngem \"sinatra\", '~> 4'\n  gem 'puma'\n")
    cmake = parse(
        "CMakeLists.txt",
        "project(currency VERSION 1.4)\nfind_package(gRPC)\nadd_executable(server a.cpp)\n",
    )
    assert (cargo.name, cargo.licence, cargo.dependencies) == (
        "shipping",
        "MIT/Apache-2.0",
        ("actix-web",),
    )
    assert (mix.name, mix.version, mix.runs, mix.category) == (
        "flagd_ui",
        "0.1.1",
        True,
        "frontend",
    )
    assert (gemspec.name, gemspec.dependencies) == ("retry", ("rake",))
    assert gemfile.dependencies == ("sinatra", "puma")
    assert (cmake.name, cmake.version, cmake.dependencies, cmake.runs) == (
        "currency",
        "1.4",
        ("gRPC",),
        True,
    )


def test_a_cargo_workspace_only_aggregates() -> None:
    assert parse("Cargo.toml", '[workspace]\nmembers = ["a"]\n').aggregates


def test_a_dockerfile_gives_its_base_images_without_its_own_stages() -> None:
    found = parse(
        "Dockerfile",
        "ARG TAG=1.27\nFROM --platform=$BUILDPLATFORM golang:1.22@sha256:00 AS build\n"
        "FROM build AS more\nFROM docker.io/library/nginx:${TAG}\n"
        'LABEL org.opencontainers.image.licenses="MIT" \\\n'
        '  org.opencontainers.image.title="proxy"\nCMD ["nginx"]\n',
    )
    assert found.dependencies == ("golang:1.22", "docker.io/library/nginx:1.27")
    assert (found.name, found.licence, found.runs) == ("proxy", "MIT", True)


def test_a_helm_chart_is_infrastructure() -> None:
    found = parse("Chart.yaml", "name: shop\nversion: 1.1.0\nmaintainers:\n- name: Ada\n")
    assert (found.name, found.version, found.owner) == ("shop", "1.1.0", "Ada")
    assert (found.category, found.runs) == ("infrastructure", False)


def test_a_descriptor_gives_each_component_and_no_other_kind() -> None:
    text = (
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: cart\n"
        "  description: Keeps the cart\nspec:\n  type: service\n  owner: team-a\n"
        "  dependsOn: [resource:redis]\n---\nkind: API\nmetadata: {name: cart-api}\n---\n"
        "kind: Component\nmetadata: {name: shop}\nspec: {type: website, owner: team-b}\n"
    )
    cart, shop = descriptors.components("catalog-info.yaml", text.encode())
    assert (cart.name, cart.category, cart.owner) == ("cart", "service", "team-a")
    assert (cart.description, cart.dependencies) == ("Keeps the cart", ("resource:redis",))
    assert (shop.name, shop.category, shop.owner) == ("shop", "frontend", "team-b")


def test_a_broken_document_of_a_descriptor_does_not_hide_the_others() -> None:
    text = "kind: Component\nmetadata: {name: a}\n---\na: [\n---\nkind: Component\nspec: []\n"
    found = descriptors.components("catalog-info.yaml", text.encode())
    assert [each.name for each in found] == ["a", "", ""]
    assert [bool(each.problem) for each in found] == [False, True, False]


# --- hostile -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FILES)
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"\xff\xfe\x00broken",
        b"[" * 100_000,
        b"{" * 100_000,
        b'{"a":' * 100_000,
        b"<a>" * 100_000,
        b"- " * 100_000,
        b"a." * 200_000,
        b"/*" * 200_000,
        b'\\"' * 200_000,
        b" " * 400_000,
        b"project(" * 50_000,
        b"x" * (MAX_BYTES + 1),
    ],
    ids=lambda data: f"{data[:8]!r}x{len(data)}",
)
def test_no_file_of_strangers_raises_or_takes_long(path: str, data: bytes) -> None:
    start = time.process_time()
    found = manifests.parse(path, data)
    assert found.kind == manifests.kind_of(path) != ""
    assert found.path == path
    assert time.process_time() - start < 8  # 0.4 s where measured; a quadratic reader takes 40


def test_what_cannot_be_read_is_said() -> None:
    assert "too large" in manifests.parse("package.json", None).problem
    assert "larger than" in manifests.parse("package.json", b" " * (MAX_BYTES + 1)).problem
    assert manifests.parse("pom.xml", b"\xff\xff").problem == "not UTF-8"
    assert "not JSON: line 2" in manifests.parse("package.json", b'{"a":\n!').problem
    assert "deep" in manifests.parse("package.json", b"[" * 100_000).problem
    assert manifests.parse("README.md", b"").problem


def test_a_billion_laughs_in_xml_are_refused_before_they_grow() -> None:
    text = "<!DOCTYPE x [<!ENTITY a 'lol'>" + "".join(
        f"<!ENTITY {chr(98 + level)} '{f'&{chr(97 + level)};' * 10}'>" for level in range(9)
    )
    found = parse("pom.xml", text + "]><project><artifactId>&j;</artifactId></project>")
    assert (found.name, found.problem) == ("", "not readable: UnsafeXml")


def test_an_external_entity_is_not_fetched() -> None:
    text = (
        '<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]><project><name>&x;</name></project>'
    )
    found = parse("pom.xml", text)
    assert (found.description, found.problem) == ("", "not readable: UnsafeXml")


def test_a_billion_laughs_in_yaml_are_refused() -> None:
    text = "a: &a [lol]\nb: &b [*a,*a]\nkind: Component\n"
    assert "alias" in parse("catalog-info.yaml", text).problem
    assert "alias" in parse("Chart.yaml", text).problem


def test_deeply_nested_xml_stops_at_a_depth() -> None:
    assert parse("pom.xml", "<project>" + "<a>" * 70 + "</a>" * 70 + "</project>").problem
    assert not parse("pom.xml", "<project>" + "<a>" * 50 + "</a>" * 50 + "</project>").problem


def test_a_chain_of_maven_properties_does_not_grow() -> None:
    properties = "".join(f"<p{i}>{f'${{p{i - 1}}}' * 100}</p{i}>" for i in range(1, 50))
    text = f"<artifactId>${{p49}}</artifactId><properties><p0>x</p0>{properties}</properties>"
    assert 0 < len(parse("pom.xml", f"<project>{text}</project>").name) <= 200


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=8,
)
keys = st.sampled_from(
    [
        "name",
        "version",
        "license",
        "author",
        "authors",
        "dependencies",
        "scripts",
        "workspaces",
        "require",
        "description",
        "type",
        "devDependencies",
        "peerDependencies",
        "main",
    ]
)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(keys, values, max_size=8), st.sampled_from(["package.json", "composer.json"])
)
def test_wrong_types_in_json_give_clean_texts(data: dict[str, object], path: str) -> None:
    found = manifests.parse(path, json.dumps(data).encode("utf-8", "surrogatepass"))
    for text in (found.name, found.version, found.description, found.licence, found.owner):
        assert isinstance(text, str)
        assert len(text) <= MAX_DESCRIPTION
        assert text.isprintable()
        text.encode()  # no lone surrogates: a table could not store them
    assert len(found.dependencies) <= MAX_DEPENDENCIES


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(FILES), st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_give_a_manifest(path: str, data: bytes) -> None:
    assert manifests.parse(path, data).kind
