-- Who may do what with the global memory. Whoever is not named may do nothing.
--
-- | role          | reads                        | writes                              |
-- |---------------|------------------------------|-------------------------------------|
-- | anon          | nothing                      | nothing                             |
-- | authenticated | its company's, and shared    | its company's, as long as not shared |
-- | service_role  | everything                   | everything, but removes nothing     |
--
-- A user whose token names no company is as anon. Sharing is the coordinator's to do: it holds the
-- approvals. No role deletes: removal is retracted_at. What is shared is decided here and not by an
-- argument of whoever asks.
set search_path = public, extensions, pg_temp;

alter table orchestrator_global_memory enable row level security;
-- for the owner too: a view over the table runs as its owner
alter table orchestrator_global_memory force row level security;

revoke all on orchestrator_global_memory from public, anon, authenticated, service_role;
grant select, insert, update on orchestrator_global_memory to authenticated, service_role;

drop policy if exists orchestrator_read on orchestrator_global_memory;
create policy orchestrator_read on orchestrator_global_memory
  for select to authenticated
  using (
    source_instance = (select orchestrator_company())
    or (shared and retracted_at is null and (select orchestrator_company()) is not null)
  );

-- Ids begin with the company's name: else a taken id, refused in another way than a free one, would
-- tell what others keep here.
drop policy if exists orchestrator_insert on orchestrator_global_memory;
create policy orchestrator_insert on orchestrator_global_memory
  for insert to authenticated
  with check (
    source_instance = (select orchestrator_company())
    and starts_with(id, source_instance || ':')
    and not shared
    and written_by <> 'orchestrator'
  );

drop policy if exists orchestrator_update on orchestrator_global_memory;
create policy orchestrator_update on orchestrator_global_memory
  for update to authenticated
  using (source_instance = (select orchestrator_company()) and not shared)
  with check (
    source_instance = (select orchestrator_company())
    and starts_with(id, source_instance || ':')
    and not shared
  );

revoke all on function orchestrator_global_memory_written()
  from public, anon, authenticated, service_role;

reset search_path;
