-- A company's memories: what its people and programs write here for the coordinator to learn, and
-- the copy of the company's memory that the coordinator keeps here when settings ask.
set search_path = public, extensions, pg_temp;

create table if not exists orchestrator_memories (
  company text not null check (company ~ '^[a-z][a-z0-9-]{1,39}$'),
  id text collate "C" not null default gen_random_uuid()::text check (id ~ '^[!-~]{1,200}$'),
  title text not null default '' check (char_length(title) <= 500),
  content text not null check (char_length(content) <= 100000),
  -- best one of pattern, solution, component, insight, best_practice, need; any other word is read
  -- as none
  category text not null default '' check (char_length(category) <= 100),
  language text not null default '' check (char_length(language) <= 35),
  -- who says so, in the words of whoever wrote the row
  author text not null default '' check (char_length(author) <= 200),
  -- which program wrote the row; 'orchestrator' is the coordinator
  written_by text not null default 'people' check (char_length(written_by) between 1 and 200),
  -- where it was learned: commit, document, ticket, …
  source text not null default '' check (char_length(source) <= 200),
  embedding vector(384),
  embedding_model text not null default '' check (char_length(embedding_model) <= 200),
  metadata jsonb not null default '{}'
    check (jsonb_typeof(metadata) = 'object' and octet_length(metadata::text) <= 100000),
  row_hash text not null default '' check (char_length(row_hash) <= 200),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  -- of both: an id taken by another company neither shows nor stands in the way
  primary key (company, id)
);

create index if not exists orchestrator_memories_changed
  on orchestrator_memories (company, updated_at, id);
create index if not exists orchestrator_memories_embedding
  on orchestrator_memories using hnsw (embedding vector_cosine_ops);

-- What holds for whoever writes, the coordinator too:
-- - A deleted row keeps neither its words nor its vector, which would tell them.
-- - Nobody takes over a row another one wrote.
-- - A row that is as it was is not written, so that pushing twice changes nothing.
-- - A row changed under its old hash loses it, so that the coordinator sees it and writes its own.
-- - updated_at is the server's. Rows become visible later than that, when their transaction ends:
--   readers overlap their windows.
create or replace function orchestrator_memories_written() returns trigger
language plpgsql security invoker set search_path from current
as $$
begin
  if new.deleted_at is not null then
    new.title := '';
    new.content := '';
    new.author := '';
    new.embedding := null;
    new.embedding_model := '';
    new.metadata := '{}';
    new.row_hash := '';
  end if;
  if tg_op = 'UPDATE' then
    if new.written_by <> old.written_by then
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

create or replace trigger orchestrator_memories_written
  before insert or update on orchestrator_memories
  for each row execute function orchestrator_memories_written();

reset search_path;
