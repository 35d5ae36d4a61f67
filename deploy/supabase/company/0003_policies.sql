-- Who may do what with a company's memories. Whoever is not named may do nothing.
--
-- | role          | reads             | writes                                           |
-- |---------------|-------------------|--------------------------------------------------|
-- | anon          | nothing           | nothing                                          |
-- | authenticated | its company's     | its company's, but for the coordinator's own     |
-- | service_role  | everything        | everything                                       |
--
-- A signed-in user whose token names no company (a customer of the company's product) is as anon.
-- authenticated removes a row by deleted_at and never deletes it.
set search_path = public, extensions, pg_temp;

alter table orchestrator_memories enable row level security;
-- for the owner too: a view over the table runs as its owner
alter table orchestrator_memories force row level security;

revoke all on orchestrator_memories from public, anon, authenticated, service_role;
grant select, insert, update on orchestrator_memories to authenticated;
grant select, insert, update, delete on orchestrator_memories to service_role;

drop policy if exists orchestrator_read on orchestrator_memories;
create policy orchestrator_read on orchestrator_memories
  for select to authenticated
  using (company = (select orchestrator_company()));

drop policy if exists orchestrator_insert on orchestrator_memories;
create policy orchestrator_insert on orchestrator_memories
  for insert to authenticated
  with check (company = (select orchestrator_company()) and written_by <> 'orchestrator');

drop policy if exists orchestrator_update on orchestrator_memories;
create policy orchestrator_update on orchestrator_memories
  for update to authenticated
  using (company = (select orchestrator_company()) and written_by <> 'orchestrator')
  with check (company = (select orchestrator_company()));

revoke all on function orchestrator_memories_written()
  from public, anon, authenticated, service_role;

reset search_path;
