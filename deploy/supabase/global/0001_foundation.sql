-- What the other files stand on: pgvector, who asks, the server's clock, and what is there.
--
-- For a Supabase project; any other Postgres needs the roles of README.md first. Every file may run
-- again at any time: it makes nothing twice and changes no row. The same file serves a company's
-- project and the coordinator's, which may be one.
--
-- Another schema than public? Change this line in every file, and nothing else.
set search_path = public, extensions, pg_temp;

create schema if not exists extensions;
create extension if not exists vector with schema extensions;

do $$
declare
  version text := (select extversion from pg_extension where extname = 'vector');
begin
  if to_regtype('vector') is null then
    raise exception 'pgvector stands in a schema that is not on the search path'
      using hint = 'alter extension vector set schema extensions';
  end if;
  -- without iterative scans a filtered search by index finds too few rows, silently
  if (string_to_array(version, '.'))[1:2]::int[] < array[0, 8] then
    raise exception 'pgvector is older than 0.8: %', version
      using hint = 'alter extension vector update';
  end if;
  execute format('grant usage on schema %I to anon, authenticated, service_role', current_schema());
  grant usage on schema extensions to anon, authenticated, service_role;
end
$$;

-- The company whoever asks belongs to; null for a token that names none. It stands in the token
-- itself or in app_metadata, which only the project's administrators write. Never in
-- user_metadata: that is the user's own to change.
create or replace function orchestrator_company() returns text
language sql stable security invoker set search_path = ''
as $$
  select coalesce(claims ->> 'company', claims -> 'app_metadata' ->> 'company')
  from (select nullif(current_setting('request.jwt.claims', true), '')::jsonb as claims) as token
$$;

-- Reading windows are counted on this clock, not on the reader's.
create or replace function orchestrator_now() returns timestamptz
language sql stable security invoker set search_path = ''
as $$ select statement_timestamp() $$;

-- What stands here, for `orch sources check`.
create or replace function orchestrator_schema() returns jsonb
language sql stable security invoker set search_path from current
as $$
  select jsonb_build_object(
    'pgvector', (select extversion from pg_extension where extname = 'vector'),
    'tables', coalesce(jsonb_object_agg(made.relname, jsonb_build_object(
      'row_security', made.relrowsecurity and made.relforcerowsecurity,
      'guarded', exists (
        select from pg_trigger
        where tgrelid = made.oid and tgname = made.relname || '_written' and tgenabled in ('O', 'A')
      ),
      'columns', (
        select jsonb_object_agg(attname, format_type(atttypid, atttypmod))
        from pg_attribute where attrelid = made.oid and attnum > 0 and not attisdropped
      )
    )), '{}')
  )
  from pg_class as made
  where made.relnamespace = current_schema()::regnamespace
    and made.relname in ('orchestrator_memories', 'orchestrator_global_memory')
$$;

-- A function is everybody's to call until it is said otherwise, and Supabase gives its roles a right
-- of their own besides.
revoke all on function orchestrator_company(), orchestrator_now(), orchestrator_schema()
  from public, anon, authenticated, service_role;
grant execute on function orchestrator_company() to authenticated, service_role;
-- Whoever may read the clock sees every row: a reader with a lesser key is refused before it takes
-- the rows hidden from it for deleted ones.
grant execute on function orchestrator_now(), orchestrator_schema() to service_role;

reset search_path;
