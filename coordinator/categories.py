"""Which of the six categories a text belongs to, by rules with names; English and Portuguese.

pattern: a technique or "X instead of Y". solution: a problem and what mends it. insight: something
measured or found out. best_practice: how to do it, what to always do. need: an open problem or a
known limitation. component: what a reusable part is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from coordinator import lexicon
from coordinator.commit_text import CommitText
from coordinator.substance import MEASURED

CATEGORIES = ("pattern", "solution", "component", "insight", "best_practice", "need")

_FIXES = frozenset(("fix", "bugfix", "hotfix", "revert", "correção", "correcao"))
_MENDS = lexicon.word_set("""
    fix fixes fixed fixing resolve resolves resolved solve solves repair handle handles correct
    corrects workaround prevent prevents avoid avoids ensure ensures restore
    corrige corrigido corrigindo corrigir correção conserta resolve evita evitar trata tratar
    garante impede contorna soluciona
""")
_DESIGNS = lexicon.word_set("""
    retry retries retrying backoff idempotent idempotency idempotência idempotente cache caching
    caches cacheia debounce throttle throttling outbox saga pagination paginate paginação batch
    batching sharding bulkhead upsert denormalize
""") | lexicon.phrase_set("""
    circuit breaker, rate limit, rate limiting, dead letter, feature flag, feature flags,
    connection pool, graceful shutdown, health check, health checks, exponential backoff
""")
_FEWEST_TECHNIQUES = 3

_HEADINGS = (
    (
        "need",
        "an open question",
        re.compile(
            r"\b(?:known (?:issues?|limitations?|problems?)|limitations?|todos?|to-do|roadmap|"
            r"open (?:questions?|issues?|problems?)|future work|caveats?|missing|planned|"
            r"limitaç(?:ão|ões)|problemas conhecidos|pendências|questões em aberto|"
            r"trabalhos? futuros?|riscos|risks|technical debt|dívida técnica)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "solution",
        "troubleshooting",
        re.compile(
            r"\b(?:troubleshoot\w*|faq|frequently asked|common (?:errors?|problems?|issues?)|"
            r"errors?|problems? and|fix(?:es|ing)?|workarounds?|runbook|incident|postmortem|"
            r"solução|soluções|resolução|problemas comuns|erros comuns|perguntas frequentes)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "insight",
        "findings",
        re.compile(
            r"\b(?:benchmarks?|performance|results?|lessons|findings|learn(?:ed|ings)|analysis|"
            r"measurements?|evaluation|comparison|trade-?offs?|capacity|cost|desempenho|resultados?|"
            r"lições|aprendizados?|análise|medições|comparação|custos?)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "pattern",
        "a design",
        re.compile(
            r"\b(?:architecture|design|how it works|patterns?|internals|strategy|concepts?|"
            r"workflow|pipeline|protocol|domain model|event sourcing|cqrs|saga|communication|"
            r"decision|approach|arquitetura|como funciona|padr(?:ão|ões)|estratégia|conceitos?|"
            r"abordagem|fluxo|decisão|modelo de domínio)\b",
            re.IGNORECASE,
        ),
    ),
)


def category_of_commit(text: CommitText) -> tuple[str, str]:
    """The category of a commit's text and the rule that says so."""
    title_words = lexicon.words_of(text.title)
    title = lexicon.terms(title_words)
    whole = title | lexicon.terms(lexicon.words_of(text.body))
    mends = text.kind in _FIXES or bool(_MENDS.intersection(title_words[:4]))
    measured = title & lexicon.SPEED or (MEASURED.search(text.text) and not mends)
    named = title & lexicon.TECHNIQUE or whole & lexicon.CONTRAST
    rules = (
        ("need", "tells what is still open", not mends and title & lexicon.NEED),
        ("insight", "measured or about speed", text.kind == "perf" or measured),
        ("pattern", "a well-known technique", text.kind not in _FIXES and title & _DESIGNS),
        ("solution", "mends a problem", mends or title & lexicon.PROBLEM),
        ("pattern", "a technique or one way instead of another", named),
        ("best_practice", "says what to do always", whole & lexicon.GUIDANCE),
        ("pattern", "names a technique", whole & lexicon.TECHNIQUE),
        ("solution", "what was done and why", True),
    )
    return next((category, why) for category, why, holds in rules if holds)


def category_of_passage(headings: Sequence[str], content: str, *, front: bool) -> tuple[str, str]:
    """The category of a document's passage; `front` for the first section of a folder's README."""
    if front:
        return "component", "the first section of a README"
    last = headings[-1] if headings else ""
    for category, name, rule in _HEADINGS:
        if rule.search(last):
            return category, f"{name} by its heading"
    found = lexicon.terms(lexicon.words_of(content))
    if len(found & lexicon.TECHNIQUE) >= _FEWEST_TECHNIQUES and not found & lexicon.GUIDANCE:
        return "pattern", "names several techniques"
    return "best_practice", "tells how to do it"


def category_of_decision(content: str) -> tuple[str, str]:
    """A decision is a pattern, or a best practice where it sets a rule for everybody."""
    if lexicon.terms(lexicon.words_of(content)) & lexicon.GUIDANCE:
        return "best_practice", "a decision that sets a rule"
    return "pattern", "a recorded decision"
