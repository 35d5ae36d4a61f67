"""What the headings over a section say it is: an open need, an incident's cause, a guide, a design.

The nearest heading is asked first. Some headings speak for all that stands below them: under "Known
limitations" every section is a need, in a post-mortem "Cause" is what was found out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence


def _rule(*words: str) -> re.Pattern[str]:
    """One pattern of whole words and phrases."""
    return re.compile(rf"\b(?:{'|'.join(words)})\b", re.IGNORECASE)


def _whole(*words: str) -> re.Pattern[str]:
    """One pattern a heading must be as a whole, numbers and signs around it aside."""
    return re.compile(rf"[\W\d]*(?:{'|'.join(words)})\W*", re.IGNORECASE)


_OPEN = _rule(
    "known (?:issues?|limitations?|problems?|gaps)|limitations|todos?|to-do|roadmap|backlog",
    "open (?:questions?|issues?|problems?)|future work|technical debt|not (?:yet )?(?:done|built)",
    "what(?:'s|’s| is| we know is)? (?:still )?missing|limitações|limitação conhecida|pendências",
    "problemas conhecidos|(?:questões|perguntas) em aberto|trabalhos? futuros?|dívida técnica",
    "o que (?:ainda |sabemos que )?falta|falta fazer",
)
_OPEN_HERE = _rule(
    "limitation|limitação|caveats?|missing (?:features?|parts?|pieces?)|planned|risks|riscos"
)
_SOLVED = _rule(
    "resolved|solved|fixed (?:in|by|since|on|with)|(?:is|was|has been|been) fixed|implemented in",
    r"done (?:in|on)|since v?\d[\d.]*|no longer (?:a|the case|an)|resolvid[oa]s?|solucionad[oa]s?",
    "corrigid[oa]s?|feit[oa] em|implementad[oa]s? em",
)
_UNSOLVED = _rule("not|never|yet|isn['’]t|não|nunca|ainda|sem", "to be", "a ser")

_INCIDENT = _rule("incidents?|incidentes?|post-?mortems?|outages?|incident reports?")
_HAPPENED = _whole(
    "what happened|what went (?:wrong|well)|(?:the |root |probable )*causes?|timeline|impact",
    "detection|diagnosis|why it happened|lessons(?: learn(?:ed|t))?|what we learn(?:ed|t)",
    "o que (?:aconteceu|houve|aprendemos)|causas?(?:[- ]raiz)?|linha do tempo|impacto|detecção",
    "diagnóstico|por que aconteceu|lições(?: aprendidas)?",
)
_MENDED = _whole(
    "what (?:we|was) (?:changed|did|fixed|done)|remed(?:y|ies|iation)|mitigations?|recovery",
    "(?:the )?(?:fix|fixes|solution|resolution)|(?:corrective )?actions?(?: items?| taken)?",
    "o que (?:mudamos|mudou|fizemos|foi feito)|correç(?:ão|ões)|ações(?: corretivas)?|mitigação",
    "(?:a )?(?:solução|resolução)|como resolvemos",
)
_TROUBLE = _rule(
    "troubleshoot\\w*|faq|frequently asked|common (?:errors?|problems?|issues?)|errors?",
    "problems? and|fix(?:es|ing)?|workarounds?|incident|post-?mortem|solução|soluções|resolução",
    "problemas comuns|erros comuns|perguntas frequentes",
)
_FINDINGS = _rule(
    "benchmarks?|performance|results?|lessons|findings|learn(?:ed|ings)|analysis|measurements?",
    "evaluation|comparison|trade-?offs?|capacity|cost|desempenho|resultados?|lições",
    "aprendizados?|análise|medições|comparação|custos?",
)
_DESIGN = _rule(
    "architecture|design|how it works|patterns?|internals|strategy|concepts?|workflow|pipeline",
    "protocol|domain model|event sourcing|cqrs|saga|communication|decisions?|approach|layers",
    "building blocks?|arquitetura|como funciona|padr(?:ão|ões)|estratégia|conceitos?|abordagem",
    "fluxo|decisão|decisões|modelo de domínio|camadas",
)
_GUIDE = _rule(
    "install\\w*|set ?up|running|run|getting started|quick ?start|how to|usage|using|deploy\\w*",
    "configur\\w+|prerequisites?|requirements?|build(?:ing)?|develop\\w*|tests?|testing|guide",
    "guidelines|runbooks?|playbooks?|tutorials?|instal[ae]\\w*|como (?:rodar|executar|usar)",
    "executando|rodar|pré-requisitos|requisitos|desenvolvimento|guias?|uso|testes|implantação",
    "plantão|conventions?|convenç(?:ão|ões)|best practices|boas práticas|checklist|code style",
)
_GUIDE_PATH = _rule("guides?|guias?|runbooks?|playbooks?|tutorials?|how ?to")
_OWN = (
    ("need", "an open question", _OPEN),
    ("need", "an open question", _OPEN_HERE),
    ("insight", "what happened", _HAPPENED),
    ("solution", "what was changed", _MENDED),
    ("solution", "troubleshooting", _TROUBLE),
    ("insight", "findings", _FINDINGS),
    ("pattern", "a design", _DESIGN),
)
_ABOVE = (
    ("component", "a building block", _rule("building blocks?")),
    ("pattern", "a decision or design", _rule("decisions|decisões|architecture|arquitetura")),
)
_TROUBLES = _rule(
    "troubleshooting|faq|frequently asked questions|common (?:errors?|problems?)",
    "perguntas frequentes|problemas comuns|erros comuns",
)
_HOW_TO = re.compile(
    r".*\b(?:install\w*|getting started|how to|instalação|instalando|primeiros passos)\b|"
    r"\W*(?:add|change|configure|create|customi[sz]e|deploy|enable|integrate|remove|run|set|use)\b",
    re.IGNORECASE,
)
_PATH_WORDS = re.compile(r"[-_/.]+")


def category_by_headings(
    headings: Sequence[str], content: str, path: str
) -> tuple[str, str] | None:
    """The category the headings (outermost first) and the path give a section, with the rule.

    None when they say nothing. `content` is looked at for words that say an open need was solved.
    """
    above, own = list(headings[:-1]), headings[-1] if headings else ""
    where = [_PATH_WORDS.sub(" ", path), *above]
    if any(map(_OPEN.search, [*above, own])):
        if _is_solved(own, content):
            return "solution", "an open question that was solved"
        return "need", "an open question by its heading"
    if any(map(_INCIDENT.search, where)) and not _GUIDE.search(own):
        return _of_incident(own)
    return _by_own(own) or _by_above(own, above, where[0])


def _by_own(own: str) -> tuple[str, str] | None:
    for category, name, rule in _OWN:
        if (rule.fullmatch if rule in (_HAPPENED, _MENDED) else rule.search)(own):
            return category, f"{name} by its heading"
    return None


def _by_above(own: str, above: Sequence[str], path: str) -> tuple[str, str] | None:
    if any(map(_TROUBLES.search, above)):
        return "solution", "troubleshooting by a heading above it"
    if _GUIDE.search(own):
        return "best_practice", "a guide by its heading"
    for category, name, rule in _ABOVE:
        if any(map(rule.search, above)):
            return category, f"{name} by a heading above it"
    return ("best_practice", "a guide by its path") if _GUIDE_PATH.search(path) else None


def is_how_to(headings: Sequence[str]) -> bool:
    """Whether a README's first section tells how to install, not what the thing is."""
    return bool(headings) and bool(_HOW_TO.match(headings[-1]))


def _of_incident(own: str) -> tuple[str, str]:
    if _HAPPENED.fullmatch(own):
        return "insight", "what happened in an incident"
    if _MENDED.fullmatch(own):
        return "solution", "what was changed after an incident"
    return "solution", "an incident and what was done"


def _is_solved(own: str, content: str) -> bool:
    """Whether the own heading, or a sentence without a "not" or "yet", says it was solved."""
    sentences = re.split(r"[.!?;\n]+", content)
    return any(_SOLVED.search(text) and not _UNSOLVED.search(text) for text in (own, *sentences))
