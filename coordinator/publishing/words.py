"""What the coordinator says of itself in what it publishes, in Portuguese and English."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "shared_by": "Shared by",
        "category": "Category",
        "since": "Since",
        "evidence": "Evidence",
        "why": "Why it is shared",
        "kept": "Kept by the coordinator. What people change here is not written over unasked.",
        "withdrawn": "Withdrawn",
        "withdrawn_text": "The coordinator took back what stood here. The history may still show "
        "it.",
        "index": "Learnings companies share",
        "index_text": "What companies agreed to share with the others, newest first.",
        "title": "Title",
        "company": "Company",
        "documentation": "documentation",
        "contents": "What stands below this page:",
        "secret": "This document holds what looks like a password or key, so it is not published.",
        "pattern": "pattern",
        "solution": "solution",
        "component": "component",
        "insight": "insight",
        "best_practice": "best practice",
        "need": "need",
    },
    "pt": {
        "shared_by": "Compartilhado por",
        "category": "Categoria",
        "since": "Desde",
        "evidence": "Evidência",
        "why": "Por que é compartilhado",
        "kept": "Mantido pelo coordenador. O que as pessoas mudam aqui não é sobrescrito sem "
        "perguntar.",
        "withdrawn": "Retirado",
        "withdrawn_text": "O coordenador retirou o que estava aqui. O histórico ainda pode "
        "mostrá-lo.",
        "index": "Aprendizados que as empresas compartilham",
        "index_text": "O que as empresas aceitaram compartilhar com as outras, o mais novo antes.",
        "title": "Título",
        "company": "Empresa",
        "documentation": "documentação",
        "contents": "O que há abaixo desta página:",
        "secret": "Este documento contém o que parece ser uma senha ou chave; por isso não é "
        "publicado.",
        "pattern": "padrão",
        "solution": "solução",
        "component": "componente",
        "insight": "insight",
        "best_practice": "boa prática",
        "need": "necessidade",
    },
}
"""Words by language and name."""
