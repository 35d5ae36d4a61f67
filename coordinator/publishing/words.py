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
        "pattern_insight": "Pattern",
        "offer_insight": "Offer",
        "insights": "What companies have in common",
        "insights_text": "Patterns several companies share, and solutions one has that another "
        "needs; newest first.",
        "companies": "Companies",
        "learnings": "Learnings that say it",
        "components": "Components that hold it",
        "alike": "How alike (0 to 1)",
        "words": "Telling words in common (0 to 1)",
        "score": "Score (0 to 1)",
        "shown": "What companies show of it",
        "not_shown": "What is not shown",
        "to_do": "What to do",
        "why_fits": "Why it seems to fit",
        "shared_as": "Shared as",
        "in_full": "in full",
        "pattern_lead": "{count} companies solved, decided or met the same.",
        "more_parts": "Companies that show their part too, not listed here: {count}. "
        "`orch memory search` finds them.",
        "others_show_nothing": "Companies that have something like it and have not agreed to show "
        "it: {count}. Their words, names and evidence stay with them.",
        "masked": "Names, addresses and other words masked before they left: {count}.",
        "do_compare": "Compare the parts above: where they differ, one company may be ahead.",
        "do_ask": "Ask the operator for the rest: `orch patterns ask {id} --company …` asks their "
        "people, who say yes or no.",
        "do_operator": "The operator sees all of it with `orch patterns show {id}`.",
        "offer_lead": "{company} shared a solution, and another company has an open problem that "
        "it seems to solve:",
        "component_lead": "{company} has a component, and another company seems to need it:",
        "need_hidden": "Who has the problem, and its words.",
        "do_search": "If it may be yours: `orch memory search` finds the solution in your own "
        "words.",
        "do_ask_owner": "If it may be yours: ask the coordinator, which asks its owner first.",
        "language": "Language",
        "version": "Version",
        "licence": "Licence",
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
        "pattern_insight": "Padrão",
        "offer_insight": "Oferta",
        "insights": "O que as empresas têm em comum",
        "insights_text": "Padrões que várias empresas têm, e soluções de uma de que outra precisa; "
        "o mais novo antes.",
        "companies": "Empresas",
        "learnings": "Aprendizados que o dizem",
        "components": "Componentes que o contêm",
        "alike": "Semelhança (0 a 1)",
        "words": "Palavras marcantes em comum (0 a 1)",
        "score": "Nota (0 a 1)",
        "shown": "O que as empresas mostram",
        "not_shown": "O que não é mostrado",
        "to_do": "O que fazer",
        "why_fits": "Por que parece servir",
        "shared_as": "Compartilhado como",
        "in_full": "por inteiro",
        "pattern_lead": "{count} empresas resolveram, decidiram ou encontraram o mesmo.",
        "more_parts": "Empresas que também mostram a sua parte, não listadas aqui: {count}. "
        "`orch memory search` as acha.",
        "others_show_nothing": "Empresas que têm algo parecido e não aceitaram mostrar: {count}. "
        "Suas palavras, nomes e evidências ficam com elas.",
        "masked": "Nomes, endereços e outras palavras mascaradas antes de sair: {count}.",
        "do_compare": "Compare as partes acima: onde diferem, uma empresa pode estar adiante.",
        "do_ask": "Peça o resto ao operador: `orch patterns ask {id} --company …` pergunta às "
        "pessoas delas, que dizem sim ou não.",
        "do_operator": "O operador vê tudo com `orch patterns show {id}`.",
        "offer_lead": "{company} compartilhou uma solução, e outra empresa tem um problema aberto "
        "que ela parece resolver:",
        "component_lead": "{company} tem um componente, e outra empresa parece precisar dele:",
        "need_hidden": "Quem tem o problema, e suas palavras.",
        "do_search": "Se pode ser o seu: `orch memory search` acha a solução com as suas próprias "
        "palavras.",
        "do_ask_owner": "Se pode ser o seu: peça ao coordenador, que pergunta antes ao dono.",
        "language": "Linguagem",
        "version": "Versão",
        "licence": "Licença",
        "pattern": "padrão",
        "solution": "solução",
        "component": "componente",
        "insight": "insight",
        "best_practice": "boa prática",
        "need": "necessidade",
    },
}
"""Words by language and name."""
