"""Which of the six categories a text belongs to, by rules with names; English and Portuguese.

pattern: a technique or "X instead of Y". solution: a problem and what mends it. insight: something
measured or found out. best_practice: how to do it, what to always do. need: an open problem or a
known limitation. component: what a reusable part is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from coordinator.learnings import lexicon
from coordinator.learnings.commit_text import CommitText
from coordinator.learnings.headings import category_by_headings, is_how_to
from coordinator.learnings.substance import MEASURED

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

# "from 1.3 GB to 240 MB", "40 % faster": a figure against another one, not a figure in passing.
_COMPARED = re.compile(
    r"\b(?:from|de|era de) ~?\s?\d[^\n]{0,24}?\b(?:to|para) ~?\s?\d|\b(?:down|up) from\b|"
    r"\b(?:by|em) ~?\d+\s?%|"
    r"\d\s?% (?:less|more|faster|slower|smaller|fewer|mais|menos|menor)\b",
    re.IGNORECASE,
)
_RESHAPES = lexicon.word_set("""
    refactor refactors refactored refactoring extract extracts extracted rewrite rewritten
    simplify simplifies simplified simplifica refatora refatorado refatoração extrai reescreve
""")
_INTRODUCES = lexicon.word_set("""
    add adds added use uses introduce introduces implement implements adiciona adicionado usa
    implementa cria
""")
# "policy" and "standard" in a title are mostly things: a load balancing policy, a NetworkPolicy.
_RULES_SAID = lexicon.GUIDANCE - lexicon.word_set("policy política standard standards")
# A rule for everybody; "always" and "never" alone are said of anything.
_POLICY = lexicon.GUIDANCE - lexicon.word_set("""
    always never sempre nunca policy política standard standards padrões recommended recommends
""")
# A problem in a commit's prose that is one: "error" and "missing" are said of anything.
_HARM = (
    (lexicon.PROBLEM | lexicon.FAULT)
    - lexicon.word_set("""
    ensure ensures ensuring garante garantir garantindo tratar trata guarantee guarantees errors
    error exceptions exception erros erro isn't aren't missing ignored null nil undefined vazio nulo
    nula lost
""")
    - lexicon.phrase_set(
        "make sure, makes sure, making sure, instead of, used to, would be, even if, even when, "
        "is not, are not"
    )
)
_DECIDED = re.compile(
    r"^(?:the )?(?:decision|decisão|decisao|resolução)\b[^:\n]*:(.*)$", re.I | re.M
)


def category_of_commit(text: CommitText) -> tuple[str, str]:
    """The category of a commit's text and the rule that says so."""
    title_words = lexicon.words_of(text.title)
    title = lexicon.terms(title_words)
    whole = title | lexicon.terms(lexicon.words_of(text.body))
    mends = text.kind in _FIXES or bool(_MENDS.intersection(title_words[:4]))
    prose = [line for line in text.body.split("\n") if not line.startswith("- ")]
    told = lexicon.words_of("\n".join(prose))
    harm = not _HARM.isdisjoint(lexicon.terms(told)) or lexicon.went_wrong(told)
    begins = not _INTRODUCES.isdisjoint(title_words[:4])
    about_speed = text.kind == "perf" or (title & lexicon.SPEED and not begins)
    compared = MEASURED.search(text.body) and _COMPARED.search(text.body)
    measured = (MEASURED.search(text.title) or compared) and not harm
    design = title & _DESIGNS and not mends and (begins or not harm)
    rules = (
        ("need", "tells what is still open", not mends and title & lexicon.NEED),
        ("insight", "measured or about speed", not mends and (about_speed or measured)),
        ("pattern", "a well-known technique", design),
        ("solution", "mends a problem", mends or title & lexicon.PROBLEM),
        ("best_practice", "says what to do always", title & _RULES_SAID),
        ("pattern", "one way instead of another", title & lexicon.CONTRAST and not harm),
        ("solution", "tells what went wrong", harm),
        ("pattern", "a technique or one way instead of another", title & lexicon.TECHNIQUE),
        ("pattern", "one way instead of another", whole & lexicon.CONTRAST),
        ("best_practice", "says what to do always", whole & _POLICY),
        ("pattern", "names a technique", whole & lexicon.TECHNIQUE),
        ("pattern", "a new shape of the code", title & _RESHAPES),
        ("solution", "what was done and why", True),
    )
    return next((category, why) for category, why, holds in rules if holds)


def category_of_passage(
    headings: Sequence[str], content: str, *, front: bool, path: str = ""
) -> tuple[str, str]:
    """The category of a document's passage; `front` for the first section of a folder's README."""
    if front and is_how_to(headings):
        return "best_practice", "a README that begins with how to do it"
    if front:
        return "component", "the first section of a README"
    by_headings = category_by_headings(headings, content, path)
    if by_headings:
        return by_headings
    found = lexicon.terms(lexicon.words_of(content))
    if len(found & lexicon.TECHNIQUE) >= _FEWEST_TECHNIQUES and not found & lexicon.GUIDANCE:
        return "pattern", "names several techniques"
    return "best_practice", "tells how to do it"


def category_of_decision(content: str) -> tuple[str, str]:
    """A decision is a pattern, or a best practice where it sets a rule for everybody."""
    decided = "\n".join(_DECIDED.findall(content)) or content
    if lexicon.terms(lexicon.words_of(decided)) & _POLICY:
        return "best_practice", "a decision that sets a rule"
    return "pattern", "a recorded decision"
