"""Which folders of a repository are components: the shapes that real repositories have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from coordinator.catalog.folders import folder_pattern

MakeRepository = Callable[[dict[str, str | bytes]], Any]

NODE = '{"name": "x", "scripts": {"start": "node server.js"}, "dependencies": {"express": "4"}}'
JS = "const express = require('express')\n" * 5
JAVA = "class A { int a() { return 1; } }\n"
PY = "import os\nprint(os.sep)\n"
WEB_SDK = '<Project Sdk="Microsoft.NET.Sdk.Web"></Project>'
LIBRARY_SDK = '<Project Sdk="Microsoft.NET.Sdk"></Project>'
TEST_SDK = (
    '<Project Sdk="Microsoft.NET.Sdk"><ItemGroup><PackageReference Include="xunit"/></ItemGroup>'
    "</Project>"
)

SCRIPT = (
    '[project]\nname = "importer"\nversion = "1"\n[project.scripts]\nimporter = "importer.a:main"\n'
)


def pom(name: str, inner: str = "") -> str:
    return f"<project><artifactId>{name}</artifactId>{inner}</project>"


def categories(found: Any) -> dict[str, str]:
    return dict(zip(found.components["path"], found.components["category"], strict=True))


def test_each_service_of_a_monorepo_is_a_component(repository: MakeRepository) -> None:
    found = repository(
        {
            "README.md": "# Shop",
            "cart/package.json": NODE,
            "cart/Dockerfile": "FROM node:20\n",
            "cart/server.js": JS,
            "dispatch/Dockerfile": "FROM golang:1.22\n",
            "dispatch/main.go": "package main\n",
            "payment/requirements.txt": "flask\n",
            "payment/Dockerfile": "FROM python:3\n",
            "payment/payment.py": PY,
        }
    ).discover()
    assert categories(found) == {"cart": "service", "dispatch": "service", "payment": "service"}
    row = found.components.iloc[0]
    assert (row["id"], row["name"], row["language"]) == ("shop/cart", "cart", "JavaScript")
    assert (row["confidence"], row["reason"]) == (0.95, "package.json and Dockerfile in cart/")
    assert row["dependencies"] == ["express"]


def test_a_repository_of_one_service_is_one_component(repository: MakeRepository) -> None:
    repo = repository(
        {
            "go.mod": "module github.com/acme/podinfo\n",
            "Dockerfile": "FROM golang\n",
            "cmd/api/main.go": "package main\n",
            "pkg/a/a.go": "package a\n",
            "charts/podinfo/Chart.yaml": "name: podinfo\n",
            "kustomize/kustomization.yaml": "resources: []\n",
        }
    )
    row = repo.only()
    assert (row["id"], row["path"], row["name"]) == ("shop/.", ".", "podinfo")
    assert row["category"] == "service"
    assert row["tree_hash"] == repo.snapshot.tree_sha


def test_a_dockerfile_inside_a_service_belongs_to_it(repository: MakeRepository) -> None:
    files = {
        "src/cart/src/cart.csproj": WEB_SDK,
        "src/cart/src/Dockerfile": "FROM mcr.microsoft.com/dotnet/aspnet:8.0\n",
        "src/cart/src/Cart.cs": JAVA,
        "src/cart/tests/cart.tests.csproj": TEST_SDK,
        "src/checkout/go.mod": "module checkout\n",
        "src/checkout/Dockerfile": "FROM golang\n",
        "src/checkout/main.go": "package main\n",
        "src/checkout/genproto/Dockerfile": "FROM golang\n",
        "src/load-gen/Dockerfile": "FROM grafana/k6\n",
        "src/load-gen/script.js": JS,
        "src/load-gen/extension/go.mod": "module extension\n",
        "src/load-gen/extension/a.go": "package a\n",
    }
    repo = repository(files)
    found = repo.discover()
    assert categories(found) == {
        "src/cart": "service",
        "src/checkout": "service",
        "src/load-gen": "tool",
    }
    assert found.components["tree_hash"][0] == repo.tree("src/cart")
    assert found.left_out == {
        "generated code": 1,
        "part of another component": 1,
        "test project": 1,
    }


def test_a_package_below_its_dockerfile_describes_the_component(
    repository: MakeRepository,
) -> None:
    row = repository(
        {
            "ratings/Dockerfile": "FROM php:8-apache\n",
            "ratings/html/composer.json": '{"name": "acme/ratings", "license": "MIT"}',
            "ratings/html/index.php": "<?php echo 1;",
        }
    ).only()
    assert (row["path"], row["language"], row["licence"]) == ("ratings", "PHP", "MIT")
    assert row["reason"] == "html/composer.json and Dockerfile in ratings/"


def test_the_aggregator_of_a_maven_build_is_no_component(repository: MakeRepository) -> None:
    files: dict[str, str | bytes] = {
        "pom.xml": pom("all", "<packaging>pom</packaging><modules><module>a</module></modules>"),
        "docker/Dockerfile": "FROM openjdk\n",
        "docker/grafana/Dockerfile": "FROM grafana/grafana:11\n",
        "docker/grafana/grafana.ini": "a = b\n",
    }
    for name in ("vets", "visits"):
        files[f"{name}/pom.xml"] = pom(name, "<parent><version>4.0.1</version></parent>")
        files[f"{name}/src/main/java/VetsApplication.java"] = JAVA
    files["common/pom.xml"] = pom("common")
    files["common/src/main/java/Money.java"] = JAVA
    found = repository(files).discover()
    assert categories(found) == {
        "common": "library",
        "docker/grafana": "infrastructure",
        "vets": "service",
        "visits": "service",
    }
    assert [*found.components["version"]] == ["", "", "4.0.1", "4.0.1"]
    assert found.left_out == {"build of other folders": 2}


def test_layers_with_a_folder_of_their_own_are_one_component(repository: MakeRepository) -> None:
    row = repository(
        {
            "Services/Ordering/Shop.Ordering.Api/Shop.Ordering.Api.csproj": WEB_SDK,
            "Services/Ordering/Shop.Ordering.Api/Dockerfile": "FROM dotnet\n",
            "Services/Ordering/Shop.Ordering.Api/A.cs": JAVA,
            "Services/Ordering/Shop.Ordering.Domain/Shop.Ordering.Domain.csproj": LIBRARY_SDK,
            "Services/Ordering/Shop.Ordering.Domain/B.cs": JAVA,
            "Services/Ordering/Shop.Ordering.Infrastructure/Shop.Ordering.Infrastructure.csproj": (
                LIBRARY_SDK
            ),
            "Services/Ordering/Shop.Ordering.Tests/Shop.Ordering.Tests.csproj": TEST_SDK,
        }
    ).only()
    assert (row["path"], row["name"]) == ("Services/Ordering", "Ordering")
    assert (row["category"], row["parts"]) == ("service", ["Services/Ordering"])


def test_layers_beside_other_services_are_one_component_of_several_folders(
    repository: MakeRepository,
) -> None:
    repo = repository(
        {
            "src/Ordering.API/Ordering.API.csproj": WEB_SDK,
            "src/Ordering.API/A.cs": JAVA,
            "src/Ordering.Domain/Ordering.Domain.csproj": LIBRARY_SDK,
            "src/Ordering.Domain/B.cs": JAVA,
            "src/Basket.API/Basket.API.csproj": WEB_SDK,
            "src/Basket.API/A.cs": JAVA,
            "src/EventBus/EventBus.csproj": LIBRARY_SDK,
            "src/EventBus/E.cs": JAVA,
        }
    )
    found = repo.discover()
    assert categories(found) == {
        "src/Basket.API": "service",
        "src/EventBus": "library",
        "src/Ordering.API": "service",
    }
    row = found.components.iloc[2]
    assert (row["name"], row["files"]) == ("Ordering", 4)
    assert row["parts"] == ["src/Ordering.API", "src/Ordering.Domain"]
    assert "1 more layer" in row["reason"]
    assert row["tree_hash"] not in {repo.tree("src/Ordering.API"), repo.tree("src/Ordering.Domain")}


def test_a_solution_of_one_layered_service_is_one_component(repository: MakeRepository) -> None:
    row = repository(
        {
            "src/Acme.Pay.Api/Acme.Pay.Api.csproj": WEB_SDK,
            "src/Acme.Pay.Api/A.cs": JAVA,
            "src/Acme.Pay.Application/Acme.Pay.Application.csproj": LIBRARY_SDK,
            "src/Acme.Pay.Domain/Acme.Pay.Domain.csproj": LIBRARY_SDK,
            "tests/Acme.Pay.UnitTests/Acme.Pay.UnitTests.csproj": TEST_SDK,
            "Acme.Pay.sln": "",
        }
    ).only()
    assert (row["path"], row["name"]) == (".", "Pay")


def test_each_service_keeps_the_layers_beside_it(repository: MakeRepository) -> None:
    files: dict[str, str | bytes] = {}
    for team in ("north", "south"):
        for layer, text in (("Api", WEB_SDK), ("Domain", LIBRARY_SDK)):
            files[f"{team}/Pay.{layer}/Pay.{layer}.csproj"] = text
            files[f"{team}/Pay.{layer}/A.cs"] = JAVA
    files["north/Bus/Bus.csproj"] = LIBRARY_SDK
    files["north/Bus/B.cs"] = JAVA
    found = repository(files).discover().components
    assert [*found["path"]] == ["north/Bus", "north/Pay.Api", "south"]
    assert found["parts"][1] == ["north/Pay.Api", "north/Pay.Domain"]


def test_a_layer_around_its_program_is_counted_once(repository: MakeRepository) -> None:
    found = repository(
        {
            "src/Pay.Domain/Pay.Domain.csproj": LIBRARY_SDK,
            "src/Pay.Domain/A.cs": JAVA,
            "src/Pay.Domain/Api/Pay.Api.csproj": WEB_SDK,
            "src/Pay.Domain/Api/B.cs": JAVA,
        }
    ).discover()
    assert found.components["files"].sum() == 4
    assert [*found.components["parts"]] == [["src/Pay.Domain"]]


def test_layered_libraries_without_a_program_stay_apart(repository: MakeRepository) -> None:
    repo = repository(
        {
            "src/Kit.Core/Kit.Core.csproj": LIBRARY_SDK,
            "src/Kit.Core/A.cs": JAVA,
            "src/Kit.Data/Kit.Data.csproj": LIBRARY_SDK,
            "src/Kit.Data/A.cs": JAVA,
        }
    )
    assert repo.paths() == ["src/Kit.Core", "src/Kit.Data"]


@pytest.mark.parametrize(
    "folder",
    [
        *["tests/e2e", "test/load", "Shop.UnitTests", "test-util", "examples/demo", "genproto"],
        *["src/pb", "node_modules/left-pad", "vendor/acme", ".github/tool"],
        "web/wwwroot/lib/bootstrap",
    ],
)
def test_tests_examples_and_foreign_code_are_no_components(
    repository: MakeRepository, folder: str
) -> None:
    repo = repository(
        {f"{folder}/package.json": NODE, f"{folder}/index.js": JS, "cart/package.json": NODE}
        | {"cart/server.js": JS}
    )
    assert repo.paths() == ["cart"]


def test_a_root_package_with_linters_only_is_no_component(repository: MakeRepository) -> None:
    repo = repository(
        {
            "package.json": '{"devDependencies": {"markdownlint": "1"}}',
            "cart/package.json": NODE,
            "cart/server.js": JS,
        }
    )
    assert repo.paths() == ["cart"]


def test_a_shared_build_over_several_images_is_no_component(repository: MakeRepository) -> None:
    repo = repository(
        {
            "backend/go.mod": "module backend\n",
            "backend/internal/a.go": "package a\n",
            "backend/cart/Dockerfile": "FROM golang\n",
            "backend/cart/main.go": "package main\n",
            "backend/user/Dockerfile": "FROM golang\n",
            "backend/user/main.go": "package main\n",
        }
    )
    assert repo.paths() == ["backend/cart", "backend/user"]


def test_images_of_servers_do_not_split_an_application(repository: MakeRepository) -> None:
    repo = repository(
        {
            "composer.json": '{"name": "a/portal", "require": {"laravel/framework": "11"}}',
            "app/Http/A.php": "<?php class A {}",
            "docker/php/Dockerfile": "FROM php:8\n",
            "docker/httpd/Dockerfile": "FROM httpd\n",
        }
    )
    assert repo.paths() == ["."]


def test_a_frontend_beside_a_root_service_is_its_own_component(repository: MakeRepository) -> None:
    repo = repository(
        {
            "go.mod": "module shop\n",
            "Dockerfile": "FROM golang\n",
            "main.go": "package main\n",
            "web/package.json": '{"dependencies": {"react-dom": "18"}, "scripts": {"start": "x"}}',
            "web/app.tsx": "export const a = 1\n",
        }
    )
    found = repo.discover()
    assert categories(found) == {".": "service", "web": "frontend"}
    root = found.components.iloc[0]
    assert root["files"] == 3
    assert root["tree_hash"] != repo.snapshot.tree_sha  # the root's tree holds the web, too


@pytest.mark.parametrize(
    ("files", "category"),
    [
        ({"mysql/Dockerfile": "FROM mysql:5.7\n", "mysql/init.sh": "echo\n"}, "datastore"),
        ({"mongo/Dockerfile": "FROM mongo:5\n", "mongo/users.js": JS}, "datastore"),
        ({"dynamodblocal/Dockerfile": "FROM amazon/dynamodb-local:1\n"}, "datastore"),
        ({"kafka/Dockerfile": "FROM apache/kafka:4\n"}, "infrastructure"),
        ({"proxy/Dockerfile": "FROM envoyproxy/envoy:v1\n"}, "infrastructure"),
        ({"site/Dockerfile": "FROM nginx\n", "site/index.html": "<p>"}, "frontend"),
        ({"load-gen/requirements.txt": "locust\n", "load-gen/a.py": PY}, "tool"),
        ({"tools/importer/pyproject.toml": SCRIPT, "tools/importer/importer/a.py": PY}, "tool"),
        ({"apps/importer/pyproject.toml": SCRIPT, "apps/importer/importer/a.py": PY}, "service"),
        (
            {
                "tools/hooks/pyproject.toml": SCRIPT,
                "tools/hooks/hooks/a.py": PY,
                "tools/hooks/Dockerfile": "FROM python:3.12\n",
            },
            "service",
        ),
        ({"db-migration/Dockerfile": "FROM python\n", "db-migration/a.py": PY}, "job"),
        ({"helm-chart/Chart.yaml": "name: shop\n"}, "infrastructure"),
        ({"terraform/main.tf": 'resource "a" "b" {}\n'}, "infrastructure"),
        ({"infra/main.bicep": "param a string\n"}, "infrastructure"),
        (
            {"infra/base/kustomization.yaml": "a: 1", "infra/overlays/dev/kustomization.yaml": ""},
            "infrastructure",
        ),
        (
            {
                "Client/Client.csproj": '<Project Sdk="Microsoft.NET.Sdk.BlazorWebAssembly"/>',
                "Client/A.cs": JAVA,
            },
            "frontend",
        ),
        ({"k8s/cart.yaml": "kind: Deployment\n"}, "infrastructure"),
        ({"handbook/mkdocs.yml": "site_name: a\n"}, "documentation"),
        ({"ui/mix.exs": "mod: {A, []} {:phoenix_live_view, 1}", "ui/a.ex": "x"}, "frontend"),
        ({"kit/pyproject.toml": '[project]\nname = "a"\n', "kit/a.py": PY}, "library"),
        ({"kit/Cargo.toml": '[package]\nname = "a"\n', "kit/src/main.rs": "fn"}, "service"),
    ],
)
def test_a_component_has_the_category_its_files_speak_for(
    repository: MakeRepository, files: dict[str, str | bytes], category: str
) -> None:
    assert repository(files).only()["category"] == category


def test_configuration_of_products_beside_services_is_found(repository: MakeRepository) -> None:
    found = repository(
        {
            "src/cart/package.json": NODE,
            "src/cart/server.js": JS,
            "src/user/package.json": NODE,
            "src/user/server.js": JS,
            "src/grafana/dashboards/a.json": "{}",
            "src/postgresql/init.sql": "select 1;",
            "src/shared/tools.py": PY,
            "src/misc/notes.json": "{}",
            "elsewhere/grafana/a.json": "{}",
        }
    ).discover()
    assert categories(found) == {
        "src/cart": "service",
        "src/grafana": "infrastructure",
        "src/postgresql": "datastore",
        "src/shared": "library",
        "src/user": "service",
    }
    assert found.components["confidence"].tolist() == [0.9, 0.5, 0.5, 0.5, 0.9]


def test_a_descriptor_says_what_a_component_is(repository: MakeRepository) -> None:
    row = repository(
        {
            "lib/core/catalog-info.yaml": "kind: Component\nmetadata:\n  name: core-kit\n"
            "  description: Retries with care\nspec: {type: library, owner: team-kit}\n",
            "lib/core/package.json": NODE,
            "lib/core/a.js": JS,
        }
    ).only()
    assert (row["name"], row["category"], row["owner"]) == ("core-kit", "library", "team-kit")
    assert (row["description"], row["confidence"]) == ("Retries with care", 0.95)


def test_a_descriptor_of_many_speaks_of_the_folders_of_those_names(
    repository: MakeRepository,
) -> None:
    one = "kind: Component\nmetadata: {{name: {}}}\nspec: {{type: website, owner: team-{}}}\n"
    found = repository(
        {
            "catalog-info.yaml": one.format("cart", "a") + "---\n" + one.format("gone", "b"),
            "apps/cart/package.json": NODE,
            "apps/cart/server.js": JS,
            "apps/user/package.json": NODE,
            "apps/user/server.js": JS,
        }
    ).discover()
    assert [*found.components["path"]] == ["apps/cart", "apps/user"]
    assert [*found.components["owner"]] == ["team-a", ""]


# --- settings ------------------------------------------------------------------------------------

PLAIN: dict[str, str | bytes] = {
    "tools/deploy/deploy.py": PY,
    "services/cart/package.json": NODE,
    "services/cart/server.js": JS,
    "services/cart/plugin/package.json": NODE,
    "services/cart/plugin/Dockerfile": "FROM node\n",
    "services/cart/plugin/a.js": JS,
    "services/old/package.json": NODE,
    "services/old/server.js": JS,
}


def test_a_folder_named_in_the_settings_is_certain(repository: MakeRepository) -> None:
    found = repository(PLAIN).discover(globs=("tools/*",))
    row = found.components.set_index("path").loc["tools/deploy"]
    assert (row["confidence"], row["reason"]) == (1.0, "named in the settings")
    assert row["language"] == "Python"


def test_what_lies_inside_a_named_folder_belongs_to_it(repository: MakeRepository) -> None:
    assert repository(PLAIN).paths() == ["services/cart", "services/cart/plugin", "services/old"]
    assert repository(PLAIN).paths(globs=("services/cart",)) == ["services/cart", "services/old"]


def test_an_excluded_folder_is_never_a_component(repository: MakeRepository) -> None:
    found = repository(PLAIN).discover(exclude=("services/cart",), globs=("services/*",))
    assert [*found.components["path"]] == ["services/old"]
    assert found.left_out["excluded in the settings"] == 1


def test_guesses_below_the_confidence_asked_for_are_left_out(repository: MakeRepository) -> None:
    found = repository({"k8s/a.yaml": "kind: Pod\n"}).discover(min_confidence=0.6)
    assert found.components.empty
    assert found.left_out == {"below the confidence asked for": 1}


@pytest.mark.parametrize(
    ("glob", "folder", "named"),
    [
        ("src/*", "src/cart", True),
        ("src/*", "src/cart/web", False),
        ("src/**", "src/cart", True),
        ("src/**", "src/cart/web", False),
        ("**/services/*", "a/b/services/cart", True),
        ("**/services/*", "services/cart", True),
        ("c?rt/", "cart", True),
        ("a.b", "aXb", False),
    ],
)
def test_a_glob_names_folders_and_not_what_is_in_them(glob: str, folder: str, named: bool) -> None:
    assert bool(folder_pattern(glob).fullmatch(folder)) is named
