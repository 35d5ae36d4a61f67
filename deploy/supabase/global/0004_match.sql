-- Search by meaning in the global memory, with the rights of whoever asks.
--
-- Filters narrow what the policies allow and never widen it. Rows come nearest first; similarity is
-- the cosine. `filter_model` keeps vectors of another embedding model out: theirs say nothing about
-- this query.
set search_path = public, extensions, pg_temp;

-- Loads pgvector's library: without it only a superuser may name its settings below.
select '[1]'::vector is not null as ready;

create or replace function match_global_memory(
  query_embedding vector(384),
  match_count int default 10,
  filter_category text default null,
  filter_language text default null,
  filter_source text default null,
  filter_model text default null
)
returns table (
  id text,
  title text,
  content text,
  source_instance text,
  category text,
  language text,
  metadata jsonb,
  created_at timestamptz,
  valid_from timestamptz,
  valid_to timestamptz,
  superseded_by text,
  similarity double precision
)
language sql stable security invoker
set search_path from current
-- goes on along the index until enough rows have passed the filters and policies; in the index's
-- order, put right below
set hnsw.iterative_scan = relaxed_order
as $$
  with nearest as materialized (
    select memory.*, memory.embedding <=> query_embedding::vector(384) as distance
    from orchestrator_global_memory as memory
    where memory.embedding is not null
      and memory.retracted_at is null
      and (filter_category is null or memory.category = filter_category)
      and (filter_language is null or memory.language = filter_language)
      and (filter_source is null or memory.source_instance = filter_source)
      and (filter_model is null or memory.embedding_model = filter_model)
    order by memory.embedding <=> query_embedding::vector(384)
    limit least(greatest(coalesce(match_count, 10), 0), 200)
  )
  select id, title, content, source_instance, category, language, metadata, created_at, valid_from,
    valid_to, superseded_by, 1 - distance
  from nearest
  order by distance + 0, id
$$;

revoke all on function match_global_memory(vector, int, text, text, text, text)
  from public, anon, authenticated, service_role;
grant execute on function match_global_memory(vector, int, text, text, text, text)
  to authenticated, service_role;

-- PostgREST learns of new tables and functions
notify pgrst, 'reload schema';

reset search_path;
