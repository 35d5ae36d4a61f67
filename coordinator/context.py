"""What the coordinator knows of a company: as data, and as one readable Markdown page.

Times are those of the history, never of the reader's clock: the same history gives the same page.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from coordinator.plain_text import one_line, plain
from coordinator.settings import CompanySettings

RECENT_DAYS = 90
TOP = 10
SHOWN_COMPONENTS = 60
MARKUP = re.compile(r"[\\`\[\]|]")


@dataclass(frozen=True)
class InstanceContext:
    """One company's context: `data` is plain JSON values, `page` Markdown in its language."""

    data: Mapping[str, Any]
    page: str


def instance_context(
    settings: CompanySettings,
    *,
    head: str,
    branch: str,
    commits: pd.DataFrame,
    components: pd.DataFrame,
    learnings: pd.DataFrame,
    memory_rows: int,
    left_out: Mapping[str, int],
) -> InstanceContext:
    """Put together what is known; the frames have the shapes of the company's tables.

    `left_out` counts what the last sync left out: ``secrets``, ``missing_files``.
    """
    data = {
        "company": settings.name,
        "title": settings.title or settings.name,
        "description": settings.description,
        "owners": [owner.name for owner in settings.owners],
        "head": head,
        "branch": branch,
        "stack": _stack(components),
        "components": _components(components),
        "activity": _activity(commits),
        "statistics": {
            "commits": len(commits),
            "authors": int(commits["author"].nunique()) if len(commits) else 0,
            "components": len(components),
            "learnings": len(learnings),
            "learnings_by_category": _counts(learnings, "category"),
            "learnings_by_source": _counts(learnings, "source"),
            "learnings_by_language": _counts(learnings, "language"),
            "memory_rows": memory_rows,
            "left_out": {name: count for name, count in sorted(left_out.items()) if count},
        },
        "health": _health(settings, components, learnings, memory_rows, left_out),
    }
    return InstanceContext(data, _page(data, PAGE_WORDS[settings.language]))


def _stack(components: pd.DataFrame) -> dict[str, Any]:
    if components.empty:
        return {"languages": {}, "manifests": {}, "licences": {}, "dependencies": {}}
    code = components.groupby("language")["code_bytes"].sum()
    code = code[(code.index != "") & (code > 0)]
    shares = (code / code.sum()).sort_values(ascending=False, kind="stable")
    used = Counter(name for row in components["dependencies"] for name in set(row))
    kinds = Counter(path.rsplit("/", 1)[-1] for row in components["manifests"] for path in set(row))
    return {
        "languages": {str(name): round(float(share), 3) for name, share in shares.items()},
        "manifests": _most(kinds),
        "licences": _counts(components[components["licence"] != ""], "licence"),
        "dependencies": _most(used),
    }


def _components(components: pd.DataFrame) -> list[dict[str, Any]]:
    columns = ["name", "path", "category", "language", "version", "licence", "description"]
    rows = components.sort_values("path")[columns] if len(components) else components
    return [{str(key): str(value) for key, value in row.items()} for row in rows.to_dict("records")]


def _activity(commits: pd.DataFrame) -> dict[str, Any]:
    if commits.empty:
        return {"first": None, "last": None, "recent_days": RECENT_DAYS, "commits": 0}
    last = commits["committed_at"].max()
    recent = commits[commits["committed_at"] > last - pd.Timedelta(days=RECENT_DAYS)]
    areas = Counter(
        folder
        for row in recent["paths"]
        for folder in {path.split("/", 1)[0] for path in row if "/" in path}
    )
    return {
        "first": commits["committed_at"].min().isoformat(),
        "last": last.isoformat(),
        "recent_days": RECENT_DAYS,
        "commits": len(recent),
        "authors": int(recent["author"].nunique()),
        "areas": _most(areas),
    }


def _health(
    settings: CompanySettings,
    components: pd.DataFrame,
    learnings: pd.DataFrame,
    memory_rows: int,
    left_out: Mapping[str, int],
) -> list[str]:
    """What somebody should look at, as codes of PAGE_WORDS; empty when nothing."""
    found = {
        "no_owner": not settings.owners,
        "no_description": not settings.description,
        "no_component": components.empty,
        "no_learning": learnings.empty,
        "memory_differs": memory_rows != len(learnings),
        "secrets_refused": left_out.get("secrets", 0) > 0,
        "files_missing": left_out.get("missing_files", 0) > 0,
    }
    return [code for code, wrong in found.items() if wrong]


def _counts(frame: pd.DataFrame, column: str) -> dict[str, int]:
    if frame.empty:
        return {}
    counts = frame[column].value_counts().to_dict()
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
    return {str(name): int(count) for name, count in ordered}


def _most(counts: Counter[str]) -> dict[str, int]:
    """The TOP most frequent, ties by name: a Counter of sets has another order in each process."""
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:TOP])


PAGE_WORDS: dict[str, dict[str, str]] = {
    "en": {
        "what": "What it is",
        "owners": "Owners",
        "repository": "Repository",
        "branch": "branch",
        "stack": "Stack",
        "languages": "Languages",
        "dependencies": "Most used dependencies",
        "licences": "Licences",
        "components": "Components",
        "component_columns": "Component | Folder | Category | Language | Version | What it does",
        "more": "more",
        "activity": "Activity",
        "recent": "In the {recent_days} days up to the last commit: {commits} commits by "
        "{authors} people.",
        "since": "History from {first} to {last}.",
        "areas": "Where",
        "statistics": "Statistics",
        "commits": "commits",
        "authors": "authors",
        "learnings": "learnings",
        "memory_rows": "rows in the private memory",
        "left_out": "left out",
        "health": "Health of its settings",
        "fine": "Nothing to do.",
        "none": "nothing found yet",
        "no_owner": "No owner is named: add `owners` to company.yaml.",
        "no_description": "No description: add `description` to company.yaml.",
        "no_component": "No component was found: name their folders in `catalog.globs`.",
        "no_learning": "No learning was found: look at `learnings.min_substance`.",
        "memory_differs": "The private memory does not hold every learning: run `orch sync`.",
        "secrets_refused": "Learnings were refused because they hold a secret: rotate it.",
        "files_missing": "The repository lacks some files; they were left out.",
    },
    "pt": {
        "what": "O que é",
        "owners": "Responsáveis",
        "repository": "Repositório",
        "branch": "branch",
        "stack": "Tecnologias",
        "languages": "Linguagens",
        "dependencies": "Dependências mais usadas",
        "licences": "Licenças",
        "components": "Componentes",
        "component_columns": "Componente | Pasta | Categoria | Linguagem | Versão | O que faz",
        "more": "mais",
        "activity": "Atividade",
        "recent": "Nos {recent_days} dias até o último commit: {commits} commits de "
        "{authors} pessoas.",
        "since": "Histórico de {first} a {last}.",
        "areas": "Onde",
        "statistics": "Estatísticas",
        "commits": "commits",
        "authors": "autores",
        "learnings": "aprendizados",
        "memory_rows": "linhas na memória privada",
        "left_out": "deixados de fora",
        "health": "Saúde das configurações",
        "fine": "Nada a fazer.",
        "none": "nada encontrado ainda",
        "no_owner": "Nenhum responsável indicado: preencha `owners` em company.yaml.",
        "no_description": "Sem descrição: preencha `description` em company.yaml.",
        "no_component": "Nenhum componente encontrado: indique as pastas em `catalog.globs`.",
        "no_learning": "Nenhum aprendizado encontrado: veja `learnings.min_substance`.",
        "memory_differs": "A memória privada não tem todos os aprendizados: rode `orch sync`.",
        "secrets_refused": "Aprendizados recusados por conterem um segredo: troque-o.",
        "files_missing": "Faltam arquivos no repositório; eles ficaram de fora.",
    },
}


def _page(data: Mapping[str, Any], words: Mapping[str, str]) -> str:
    statistics, activity = data["statistics"], data["activity"]
    lines = [f"# {_cell(data['title'])}", "", f"## {words['what']}", ""]
    lines += [_paragraphs(data["description"]) or f"_{words['none']}_", ""]
    if data["owners"]:
        lines += [f"{words['owners']}: {', '.join(map(_cell, data['owners']))}", ""]
    if data["head"]:
        branch, head = _cell(data["branch"]), _cell(data["head"][:12])
        lines += [f"{words['repository']}: {words['branch']} {branch}, {head}", ""]
    lines += [f"## {words['stack']}", "", *_stack_lines(data["stack"], words), ""]
    lines += [f"## {words['components']}", "", *_component_lines(data["components"], words), ""]
    lines += [f"## {words['activity']}", "", *_activity_lines(activity, words), ""]
    lines += [f"## {words['statistics']}", ""]
    for name in ("commits", "authors", "learnings", "memory_rows"):
        lines.append(f"- {words[name]}: {statistics[name]}")
        if name == "learnings" and statistics[name]:
            lines.append(f"  - {_listed(statistics['learnings_by_category'])}")
            lines.append(f"  - {_listed(statistics['learnings_by_source'])}")
    if statistics["left_out"]:
        lines.append(f"- {words['left_out']}: {_listed(statistics['left_out'])}")
    lines += ["", f"## {words['health']}", ""]
    lines += [f"- {words[code]}" for code in data["health"]] or [words["fine"]]
    return "\n".join(lines) + "\n"


def _stack_lines(stack: Mapping[str, Any], words: Mapping[str, str]) -> list[str]:
    shares = [f"{_cell(name)} {share:.0%}" for name, share in stack["languages"].items()]
    lines = [f"- {words['languages']}: {', '.join(shares) or words['none']}"]
    if stack["licences"]:
        lines.append(f"- {words['licences']}: {_listed(stack['licences'])}")
    if stack["dependencies"]:
        lines.append(f"- {words['dependencies']}: {_listed(stack['dependencies'])}")
    return lines


def _component_lines(components: list[dict[str, str]], words: Mapping[str, str]) -> list[str]:
    if not components:
        return [f"_{words['none']}_"]
    keys = ("name", "path", "category", "language", "version", "description")
    lines = [f"| {words['component_columns']} |", "|---|---|---|---|---|---|"]
    for component in components[:SHOWN_COMPONENTS]:
        cells = [_cell(component[key], limit=120) for key in keys]
        lines.append(f"| {' | '.join(cells)} |")
    if len(components) > SHOWN_COMPONENTS:
        lines += ["", f"… {len(components) - SHOWN_COMPONENTS} {words['more']}"]
    return lines


def _activity_lines(activity: Mapping[str, Any], words: Mapping[str, str]) -> list[str]:
    if not activity["commits"]:
        return [f"_{words['none']}_"]
    days = {key: str(activity[key])[:10] for key in ("first", "last")}
    lines = [words["since"].format(**days), words["recent"].format(**activity)]
    if activity["areas"]:
        lines += ["", f"{words['areas']}: {_listed(activity['areas'])}"]
    return lines


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{_cell(name)} {count}" for name, count in counts.items())


def _paragraphs(text: str) -> str:
    """The settings' own text: Markdown without HTML, which could hide the rest of the page."""
    return text.strip().replace("<", "&lt;").replace("```", "").replace("~~~", "")


def _cell(text: str, *, limit: int = 200) -> str:
    """Stored text as one harmless Markdown table cell: nothing in it is markup."""
    line = one_line(plain(str(text)), limit)
    return MARKUP.sub(r"\\\g<0>", line).replace("<", "&lt;")
