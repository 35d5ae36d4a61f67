"""The words the rules of substance and category look for, English and Portuguese.

Single words and pairs of words, lower case, as `terms` cuts them. Short lists of words that
seldom mean anything else: each was kept because it told useful commits from others on real
histories, not because a thesaurus has it.
"""

from __future__ import annotations

import re
from itertools import pairwise

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def words_of(text: str) -> list[str]:
    """The words of `text` in lower case; identifiers with ``_`` fall into their parts."""
    return _WORD.findall(text.lower())


def terms(words: list[str]) -> frozenset[str]:
    """The words and the pairs of neighbours, for look-ups in the lists below."""
    pairs = pairwise(words)
    return frozenset(words).union(f"{one} {two}" for one, two in pairs)


def word_set(text: str) -> frozenset[str]:
    """The words of a list written as text."""
    return frozenset(text.split())


def phrase_set(text: str) -> frozenset[str]:
    """The phrases of a list written with commas."""
    return frozenset(phrase.strip() for phrase in text.split(",") if phrase.strip())


CAUSE = word_set("""
    because otherwise avoid avoids avoiding prevent prevents preventing caused causes causing
    therefore hence thus reason workaround
    porque pois evita evitar evitando impede impedir causava causado causando causa senão portanto
    visto motivo contorna
""") | phrase_set("""
    so that, due to, in order, leads to, led to, that way, caused by, results in, resulted in,
    to avoid, to prevent, this means, which means, so the, so we, so it, so they, so this,
    since the, since it, since we, even though, this way, this lets, this allows, allows us,
    is why, por isso, needed for, needed to, needed because, as they, as it, as this, as the,
    to make, to keep, to let, to allow, required by, required for, in case, to support, for easier,
    para que, para não, devido a, devido ao, devido à, por causa, já que, uma vez, de modo,
    de forma, com isso, desta forma, dessa forma, ou seja, por conta, para evitar,
    isso é, isso permite, necessário porque, necessário para, assim o, assim a, assim é, pra não
""")

FAULT = word_set("""
    cannot can't couldn't doesn't didn't won't isn't wasn't aren't wouldn't ensure ensures
    ensuring guarantee guarantees garante garantir garantindo tratar trata
""") | phrase_set("""
    no longer, does not, did not, could not, will not, was not, were not, is not, are not,
    should not, would be, not be, make sure, makes sure, making sure, used to, instead of,
    even if, even when, não é, não era, não estava, não foi, não tem, não existe, não deve,
    não pode, não há, não são, caso não, quando não, não ser, não dar, nao dar
""")

# What somebody tells of a fault: it happened, and it did harm.
WENT_WRONG = word_set("""
    outage blocked killed wrongly twice starved exhausted vanished complained hung leaked refused
    overloaded collapsed unusable unavailable stampede confused misleading
    derrubou derrubava travou caiu sumiu sumia estourou esgotou estornos reclamaram reclamavam
""") | phrase_set("""
    was never, were never, ran out, kept failing, too late, no way, by mistake, by accident,
    locked out, it turned, turned out, do ar, sem querer, por engano, de novo,
    query per, queries per, consulta por
""")
# The Portuguese imperfect tells how it was before: "cobrava um centavo a menos". "Estava" is said
# of anything.
_IMPERFECT = re.compile(
    r"(?!(?:esta|tra|gra|oita|la|ca)vam?$)[^\W\d]{2,}ava[m]?$"
    r"|(?:acontec|aparec|esquec|receb|devolv|diz|faz|perd|respond|corr|ocorr|quer|pod|ped|segu|exist"
    r"|abr|repet|permit|imped|depend|conhec|dev|escrev|exig|sub|sum|entend|bat|mord|fech)iam?$"
    r"|(?:man)?tinham?$|vinham?$|ca[ií]am?$|sa[ií]am?$"
)


def went_wrong(words: list[str]) -> bool:
    """Whether a body's words tell what went wrong, or how it was before."""
    return not WENT_WRONG.isdisjoint(terms(words)) or any(map(_IMPERFECT.match, words))


CONTRAST = word_set("rather versus replacing substitui substituindo ") | phrase_set("""
    instead of, rather than, in favor, in favour, replaced by, replaced with, ao invés, em vez,
    no lugar, switch from, switched from, switched to, switch to, migrate from, migrated from,
    move from, instead, troca o, troca a
""")

PROBLEM = word_set("""
    bug lockup lockups crash crashes crashing crashed crashloop panic panics deadlock
    deadlocks race races leak
    leaks leaking memleak timeout timeouts hang hangs stuck oom oomkilled overflow underflow
    corrupt corrupted corruption duplicate duplicates duplicated duplication fails failing
    failed failure failures broken breaks error errors exception exceptions wrong incorrect
    incorrectly missing lost stale invalid regression nil null npe undefined vulnerability
    injection xss csrf infinite unbounded conflict conflicts unreachable rejected denied dropped
    ignored unexpected 404 500 502 503 429 flaky unsafe conflicting nullpointerexception
    mismatch trava travando vazamento erro erros falha falhas falhando exceção exceções quebra
    quebrado quebrada quebrava duplicado duplicada duplicados duplicadas duplicidade duplicação
    incorreto incorreta errado errada erradas errados inválido inválida inválidos perdido
    perdida perda corrompido indefinido indevido indevida indevidamente lentidão estoura estouro
    vazio nulo nula nulos inexistente inexistentes incorretamente problema concorrência
""") | phrase_set("""
    out of, memory leak, not work, not working, race condition, off by, too many, too long,
    condição de, fora do, não funciona, não funcionava, n 1
""")

TECHNIQUE = word_set("""
    retry retries retrying backoff jitter idempotent idempotency idempotência circuit breaker
    cache caching cached caches memoize debounce throttle throttling ratelimit lock locks
    locking mutex semaphore transaction transactional transactions rollback atomic atomically
    queue queues async asynchronous asynchronously concurrency concurrent parallel parallelism
    batch batches batching pagination paginate cursor index indexes indexing outbox saga webhook
    webhooks streaming stream streams pool pooling lazy lazily eager prefetch preload
    healthcheck liveness readiness probe probes graceful gracefully shutdown fallback deadline
    cancellation context sampling middleware interceptor proxy sidecar autoscaling hpa replica
    replicas statefulset distroless multistage layer layers nonroot unprivileged rbac cors csp
    tls mtls oauth jwt sanitize escape escaping encrypt encryption hashing signature rotate
    rotation singleton factory decorator adapter injection facade repository observer listener
    event events subscription pubsub kafka redis serializer migration migrations backfill
    constraint constraints upsert denormalize sharding partition tracing trace traces span spans
    instrumentation exporter metrics observability placeholder validation validate validates
    validating matcher regex timezone tzinfo utc encoding utf unicode buffer buffering keepalive
    websocket websockets http2 http3 quic grpc protobuf compression gzip compress gc garbage
    heap thread threads goroutine goroutines coroutine transação transações fila filas
    assíncrono assíncrona síncrono lote lotes paginação índice índices trava bloqueio repetição
    cachear cacheia validação valida validar criptografia sessão permissão permissões
    autenticação autorização concorrência injeção dependência sinal evento eventos
    relacionamento herança trigger consulta consultas subquery query queries limite escapa
    sanitiza codificação fuso
""") | phrase_set("""
    rate limit, rate limiting, circuit breaker, connection pool, health check, dead letter,
    feature flag, feature flags, memory limit, resource limits, base class, abstract class,
    foreign key, chave estrangeira, injeção de, dry run, copy on, single responsibility
""")

CONDITION = word_set("when if whenever unless while until after before once only quando caso se "
                   "enquanto após antes somente apenas exceto")  # fmt: skip

HEDGE = word_set("""
    tweak tweaks tweaked tidy tidied cleanup cleaner cleaning various misc miscellaneous stuff
    things minor small little nice nicer nit nits polish cosmetic beautify prettify reorganize
    reorganized reorder rename renamed renames renaming renomeia move moved moves moving moveu
    revert reverted rearrange organiza organizar ajusta ajuste ajustes ajustado melhora
    melhorias melhoria layout css color colors colour cor cores logo icon icons ícone ícones
    font fonts margin padding button botão botões label labels texto textos text title título
    menu footer navbar link links imagem imagens image screenshot comment comments comentário
    comentários docs doc readme documentation temporarily temporary hack hopefully debug log
    logging print prints console todo
""")

ADDITION = word_set("""
    add adds added adding adiciona adicionado adicionada adicionando adicionar create creates
    created cria criado criada criando insert insere inserido introduce initial remove removes
    removed removing removido removida removendo delete deleted deletes exclui update updates
    updated updating atualiza atualizado atualizada change changed changes changing altera
    alterado alterada implementa implementado habilita habilitado set use uses used using usa
    usando utiliza enable enables disable disabled make made makes install configure configura
    define
""")

NEED = word_set("""
    todo fixme unsupported provisório provisória provisoriamente temporarily
    temporariamente
""") | phrase_set("""
    known limitation, known limitations, known issue, known issues, not yet, not supported,
    for now, open question, open questions, isn't supported, ainda não, por enquanto, em aberto,
    limitação conhecida, limitações conhecidas, falta implementar
""")

SPEED = word_set("""
    faster slower slow performance latency throughput p95 p99 desempenho lento lenta lentidão
    otimiza otimizar otimização optimize optimizes optimized optimization allocs allocations
""")

GUIDANCE = word_set("""
    always never must should recommended recommend recommends prefer convention conventions
    guideline guidelines policy standard standards practices hardening
    sempre nunca deve devem recomendado recomenda prefira convenção convenções diretriz diretrizes
    política padrões práticas
""") | phrase_set(
    "best practice, best practices, boa prática, boas práticas, least privilege, menor privilégio, "
    "sem privilégio"
)
