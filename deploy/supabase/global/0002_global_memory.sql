-- The global memory: copies of learnings that companies agreed to share, written by the coordinator,
-- and rows a company keeps here for itself.
set search_path = public, extensions, pg_temp;

create table if not exists orchestrator_global_memory (
  -- the idempotency key: 'g-…' for the coordinator's, 'COMPANY:…' for a company's own
  id text collate "C" primary key check (id ~ '^[!-~]{1,200}$'),
  title text not null default '' check (char_length(title) <= 500),
  content text not null check (char_length(content) <= 100000),
  embedding vector(384),
  embedding_model text not null default '' check (char_length(embedding_model) <= 200),
  source_instance text not null check (source_instance ~ '^[a-z][a-z0-9-]{1,39}$'),
  category text not null
    check (category in ('pattern', 'solution', 'component', 'insight', 'best_practice', 'need')),
  language text not null default '' check (char_length(language) <= 35),
  shared boolean not null default false,
  written_by text not null default 'company' check (char_length(written_by) between 1 and 200),
  metadata jsonb not null default '{}'
    check (jsonb_typeof(metadata) = 'object' and octet_length(metadata::text) <= 100000),
  row_hash text not null default '' check (char_length(row_hash) <= 200),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  valid_from timestamptz,
  valid_to timestamptz,
  superseded_by text not null default '' check (char_length(superseded_by) <= 200),
  retracted_at timestamptz
);

create index if not exists orchestrator_global_memory_changed
  on orchestrator_global_memory (updated_at, id);
create index if not exists orchestrator_global_memory_of_company
  on orchestrator_global_memory (source_instance);
create index if not exists orchestrator_global_memory_embedding
  on orchestrator_global_memory using hnsw (embedding vector_cosine_ops);

-- What holds for whoever writes, the coordinator too:
-- - What was taken back stays so, without its words and its vector, which would tell them. A second
--   coordinator that read before and writes after changes nothing.
-- - Nobody takes over a row another one wrote.
-- - A row that is as it was is not written, so that pushing twice changes nothing.
-- - A row changed under its old hash loses it, so that the coordinator sees it and writes its own.
-- - updated_at is the server's. Rows become visible later than that, when their transaction ends:
--   readers overlap their windows.
create or replace function orchestrator_global_memory_written() returns trigger
language plpgsql security invoker set search_path from current
as $$
begin
  if new.retracted_at is not null then
    new.title := '';
    new.content := '';
    new.embedding := null;
    new.embedding_model := '';
    new.metadata := '{}';
    new.row_hash := '';
  end if;
  if tg_op = 'UPDATE' then
    if old.retracted_at is not null or new.written_by <> old.written_by then
      return null;
    end if;
    new.updated_at := old.updated_at;
    if new *= old then
      return null;
    end if;
    if new.row_hash = old.row_hash then
      new.row_hash := '';
    end if;
  end if;
  new.updated_at := statement_timestamp();
  return new;
end
$$;

create or replace trigger orchestrator_global_memory_written
  before insert or update on orchestrator_global_memory
  for each row execute function orchestrator_global_memory_written();

reset search_path;
