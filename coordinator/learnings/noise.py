"""Titles that tell a stranger nothing, each with the name of its noise.

The rules look at one title (or one sub-commit of a squash merge), already without ticket numbers
and conventional prefix. English and Portuguese.
"""

from __future__ import annotations

import re

_VERSION = r"v?\d+(?:[.\-_]\w+)*"
_FILLER = (
    r"(?:the|a|an|all|some|few|more|minor|small|another|other|o|a|os|as|de|do|da|dos|das|no|na)"
)

_MERGE = r"""
    merged?\W*(?:(?:branch|pull|remote|tag|commit|in|with|from|master|main|php)\b.*)?
    |.*\bmerge (?:branch|conflicts?|master|main|pull request)\b.*|sync(?:ing)? (?:with
    |to) (?:upstream|master|main).*|(?:solve|resolve|fix)(?:s|d
    |ve)?(?: merge)? conflicts?\b.*|resolve conflitos?.*|corrige conflitos?.*
"""
_DEPENDENCY_UPDATE = r"""
    (?:manual(?:ly)? )?(?:auto-?)?(?:bump|upgrade|update|upgrading|updating|updates|updated
    |upgraded|bumped|bumps|atualiza|atualizando|atualizar|pin|lock|sobe|move|migrate|switch
    |use|roll ?back)\b[\w\s@/.,:`'\"&+()-]{0,90}?\b(?:to|from|para|->|=>|at)?\s*(?:version
    |versão|java|go|node(?:js)?|python|php|ruby|rust|jdk|\.net
    |dotnet)?\s*v?\d+(?:\.[\dx]+)+[\w.+-]*(?:\s*(?:,|and|&|e|in|for|em)\b.*|\s*\(.*\))?
    |(?:\w+:\s*)?(?:bump|upgrade|update|atualiza|atualizar|updating|regenerate|refresh
    |sync)s?d?\b[\w\s/.@`'\"-]{0,60}?\b(?:dep|deps|dependenc(?:y|ies)|dependências?
    |dependencias?|packages?|pacotes?|bibliotecas?|librar(?:y|ies)|libs?|plugins?
    |lock ?files?|go\.(?:mod|sum)|package(?:-lock)?(?:\.json)?|composer(?:\.\w+)?
    |requirements(?:\.\w+)?|submodules?|images?|digests?|parent|cargo\.lock
    |gemfile(?:\.lock)?|uv\.lock|poetry\.lock|protos?|protobufs?|actions?|toolchain
    |sdks?)\b(?:\s+(?:to|for|in|of|para|de|do|da|e|and)\b.*)?|bump\b.*|(?:fix\(deps\)|deps
    |dependencies|dependências):?.*|[\w./@-]+ (?:v?\d+\.\d+[\w.+-]*)(?: (?:->|=>
    |to) v?\d[\w.+-]*)?|npm audit fix|(?:go|java|jdk|node(?:js)?|python|php|ruby|rust|dotnet
    |\.net|spring boot) v?\d[\w.]*|(?:upgrade|update)(?:d
    |s)? (?:to )?[\w./@ -]{1,40}(?: v?\d[\w.-]*)?(?: in [\w ,]+)?$(?<=\d)
    |.*\bdocker digest to \w+.*
"""
_RELEASE = r"""
    (?:prepar\w* |prep |cut |new |point |minor |patch |major |chore: |\w+: )*(?:for |a |the\s
    |next )?(?:release|versão|version|tag|lançamento|snapshot
    |rev(?:ision)?)s?(?:[:/ ]+(?:candidate|<version>|prep\w*|notes?|process|tag|branch|beta
    |rc))*\W*|prep\w* (?:for |v2 )?(?:<version>|beta\b.*|next\b.*|the next\b.*|rc\b.*)
    |<version>\W*|(?:back to|next|new|start|begin)\b.*\b(?:snapshot|development|dev
    |iteration)\W*|(?:post|pre)[- ]release\b.*|\[maven-release-plugin\].*|(?:incrementa
    |altera|atualiza|nova) (?:a )?vers(?:ão|ao)\b.*|release[/ -]?<version>\b.*
    |tag(?:ging)? <version>|publish(?:ing|ed)?(?: \w+)?(?: <version>)?|bump\w* version\b.*
    |version(?: bump)?
"""
_CHANGELOG = r"""
    (?:add(?:ed|s|ing)?|update[ds]?|updating|fix(?:ed)?|move[ds]?|correct|edit|atualiza
    |adiciona|atualizar)?\s*(?:to |in |the |o |no |para |missing |entry |pr |no |and |link\s
    |# )*changelog(?:\.md)?\b.{0,45}|news\.md|release notes.*
"""
_README_OR_DOCS_TOUCH = r"""
    (?:(?:update|updat|edit|improve|fix|tweak|chang|add|creat|initial|first|new|delete
    |remove|minor|small|better|polish|correct|expand|rewrite|atualiza|ajusta|altera|corrige
    |melhora|adiciona|cria|edita|revisa|remove)\w*\s+)*(?:<filler>\s+|main\s+|root\s+|to\s+
    |in\s+|some\s+)*(?:[\w./-]*readme(?:\.\w+)?|docs?|documentation|documentação
    |documentacao|(?:[\w-]+/)*[\w-]+\.(?:md|rst|txt|adoc)|contributing(?:\.md)?
    |licen[sc]es?(?:\.\w+)?|licença|funding(?:\.yml)?|codeowners|security\.md
    |code of conduct|authors|citation)\W*(?:(?:updates?|changes?|tweaks?|fix(?:es)?|edits?
    |file|section|format\w*|links?)\W*)?
"""
_BADGE = r"""
    .*\bbadges?\b.*|.*\bselos?\b do (?:readme|build).*
"""
_WIP = r"""
    wip\b.*|\[wip\].*|work in progress.*|em andamento.*|trabalho em andamento.*
    |temp(?:orary)?(?: commit)?|tmp|checkpoint|snapshot|save|backup|draft
"""
_TYPO = r"""
    .*\b(?:typos?|misspell\w*|mis-?spelt|spelling|grammar|gramática|ortografia
    |erros? de digitação|erro de portugu[eê]s|wording|digitação|acentos?|acentuação
    |palavras acentuadas)\b.*
"""
_FORMATTING = r"""
    (?:(?:fix|apply|run|style|code|address|appease|please|satisfy|resolve|correct|auto
    |remove|make|clean|aplica|ajusta|corrige|executa|roda|corrigindo|aplicando|faz
    |organiza\w*|organize[sd]?|sort|sorted|reformat|format|silence)\w*\s+)*(?:(?:<filler>
    |python|js|css|java|go|php|yaml|code|source|with|by|using|no|from|nas?|nos?|up|for
    |import)\s+)*(?:lint\w*|format\w*|whitespaces?|white spaces?|prettier|black|isort|flake8
    |pylint|eslint|gofmt|gofumpt|rubocop|pint|php-?cs(?:-fixer)?|codestyle|code[- ]style
    |style code|style ?ci|style|pep-?8|indent\w*|indentação|identação|formatação
    |trailing (?:space|white|line|comma)\w*|new ?lines?|line endings?|semicolons?|imports?
    |ruff|sonar\w*|checkstyle|spacing|spaces?|blank lines?|estilo|markdownlint|yamllint
    |codacy|pre-?commit|newline at (?:the )?end of file)\b(?:\s+(?:errors?|warnings?|issues?
    |fix(?:es)?|problems?|order|code|local|changes?|rules?|style|applied|aplicado|do código
    |de código|at end.*|at eof|in \w[\w./-]*|do|da|no|na|nas|dos|das|pastas|projeto|files?
    |found|by|on|the|all|ci|job|\(.*\)|in|and|e)\b)*.{0,12}
"""
_REVIEW_NOISE = r"""
    (?:address|apply|incorporate|respond|implement|resolve|fix|fixes|fixing|aplica|atende
    |ajusta|corrige|ajustes?|altera)\w*\b.{0,30}\b(?:comments?|feedback|suggestions?
    |code[- ]?review|review(?:er)?s?|nits?|coment[áa]rios|sugest(?:ão|ões)|revisão)\b.{0,40}
    |(?:code[- ]?)?review(?:s|ed)?(?: (?:comments?|feedback|fixes|changes|suggestions?))?
    |nits?\b.{0,20}|pr (?:comments?|feedback|fixes|changes)|(?:update|create|delete|rename
    |add|remove) (?:[\w.-]+/)*[\w-]*\.?[\w-]+\.\w{1,12}|suggestions? from code review
    |feedback|cleanup based on .*
"""
_INITIAL_COMMIT = r"""
    (?:initial|first|inicial|primeiro|primeira|init)\W*(?:commit|import|version|release
    |versão|code|checkin|check-in|push|draft|setup)?\b.{0,12}|commit inicial.*|(?:primeiro
    |first) commit.*|hello world|project (?:setup|init\w*)
"""
_TRANSLATION_TOUCH = r"""
    (?:update|sync|add|import|fix|atualiza|adiciona|corrige
    |ajusta)\w*\s+(?:\w+\s+){0,3}(?:translations?|locales?|i18n|l10n|traduç(?:ão
    |ões))\b.{0,30}|translations?|translated using weblate.*|.*\b(?:transifex|weblate
    |crowdin)\b.*
"""
_TESTS_ONLY = r"""
    (?:(?:add|fix|update|more|improve|adiciona|corrige|ajusta|atualiza|cria|remove|new
    |implementa|conserta|ajustes?)\w*\s+)*(?:(?:some|more|missing|unit|integration|the
    |failing|novos?|os|o|nos?|aos?|broken|unitários?)\s+)*(?:tests?|testes?|specs?
    |test cases?)(?: unitários?| cases?)?\W*
"""
_COPYRIGHT_TOUCH = r"""
    .*\b(?:copyright|licen[sc]e headers?|ano da licença)\b.*|.*\bupdate (?:licen[sc]es?
    |maintainers|contributors|authors|owners|codeowners)\b.*
"""
_TOO_VAGUE = r"""
    (?:(?:a|an|the|some|few|more|minor|small|little|tiny|quick|another|other|various|several
    |misc|miscellaneous|general|final|further|last|latest|simple|big|huge|little|random|add
    |added|adding|make|made|new|many|lots? of|bunch of|just|code|test|bug|deployment|docker
    |build|ci|pequen[oa]s?|mais|outr[oa]s?|alguns|algumas|vári[oa]s|novas?|novos?|ajusta|faz
    |últim[oa]s)\s+)*(?:fix(?:e[sd]|ing)?|hotfix|bug ?fix(?:es|ed)?|bugs?|chang(?:e[sd]?
    |ing)|update[sd]?|updating|refactor(?:ed|ing|s|ings)?|clean[- ]?ups?|cleaning(?: up)?
    |clean up|tweaks?|tweaked|polish(?:ing|ed)?|improve(?:d|ments?)?|improvements?
    |adjust(?:ments?|ed)?|tid(?:y|ied)(?: up)?|stuff|things?|minor|oops|commits?|progress
    |more|misc|done|test(?:ing)?|edit(?:s|ed)?|correct(?:ion|ions|ed)|rename[ds]?|tune
    |enhancements?|features?|code|remove[ds]?|delete[ds]?|move[ds]?|rework(?:ed|ing)?
    |issues?|problems?|errors?|warnings?|ajust(?:es?|a|ado|ando)|corre(?:ç(?:ão|ões)|cao
    |coes)|corrige|corrigido|melhorias?|refator(?:a|ado|ação|ações)|alteraç(?:ão|ões)
    |mudanças?|atualiza(?:ção|ções|do|da)?|limpeza|remoção|modificaç(?:ão|ões)|organização
    |organiza|implementação|finaliza\w*|erros?|bug|bugs|funciona\w*|isso|coisas|teste
    |testando|desnecessári[oa]s?|debug|dead code|código morto|código legado|unused|typos
    |comments?|comentários?|logs?|config(?:uration)?|workflow|script)(?:\s+(?:and|e|in|on|to
    |of|for|the|a|em|no|na|nos|nas|de|do|da|dos|das|stuff|things|code|it|this|that|again
    |here|there|now|more|errors?|issues?|bugs?|up|update|version|parte|\d+|fixes|fix|cleanup
    |work|files?|things|código|geral|gerais|novamente|needed|required|layout|test|build|ci
    |tests?|menores|finais|pontuais|necess[áa]ri[oa]s|diversas|diversos|unused|variables?
    |imports?))*\W*
"""


def _rule(text: str) -> re.Pattern[str]:
    """One pattern of the lines of `text`; a space in them is a space."""
    joined = "".join(line.strip() for line in text.splitlines())
    joined = joined.replace("<version>", _VERSION).replace("<filler>", _FILLER)
    return re.compile(joined, re.IGNORECASE)


_NOISE = (
    ("merge", _rule(_MERGE)),
    ("dependency update", _rule(_DEPENDENCY_UPDATE)),
    ("release", _rule(_RELEASE)),
    ("changelog", _rule(_CHANGELOG)),
    ("readme or docs touch", _rule(_README_OR_DOCS_TOUCH)),
    ("badge", _rule(_BADGE)),
    ("wip", _rule(_WIP)),
    ("typo", _rule(_TYPO)),
    ("formatting", _rule(_FORMATTING)),
    ("review noise", _rule(_REVIEW_NOISE)),
    ("initial commit", _rule(_INITIAL_COMMIT)),
    ("translation touch", _rule(_TRANSLATION_TOUCH)),
    ("tests only", _rule(_TESTS_ONLY)),
    ("copyright touch", _rule(_COPYRIGHT_TOUCH)),
    ("too vague", _rule(_TOO_VAGUE)),
)
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_SCOPE = re.compile(r"^[`\w./\[\]-]{1,30}(?::| -)\s+")
_LONGEST_TITLE = 140


def noise_in(title: str) -> str:
    """The name of the noise `title` is, '' when it may say something.

    A leading scope (``go.mod: ``, ```cart` - ``) is looked past. A title over 140 characters is a
    sentence of its own and only checked for being words at all.
    """
    title = title.strip()
    if len(_LETTERS.findall(title)) < 2:
        return "too short"
    if len(title) > _LONGEST_TITLE:
        return ""
    return _named(title) or _named(_SCOPE.sub("", title, count=1))


def _named(title: str) -> str:
    return next((name for name, rule in _NOISE if rule.fullmatch(title)), "")
