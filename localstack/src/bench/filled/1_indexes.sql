-- Fills a freshly migrated database as years of work would: LEADS leads, each with a mail in three
-- campaigns that have ended. Nothing of it is due, so a measurement on it sees only its size.
set session_replication_role = replica;
set synchronous_commit = off;
set maintenance_work_mem = '256MB';

-- Indexes are built afterwards: filling them row by row takes several times as long.
create temporary table built_later as
select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition
from pg_index
where indrelid in ('leads'::regclass, 'lead_sources'::regclass, 'enriched_leads'::regclass,
                   'sends'::regclass, 'send_events'::regclass)
  and not exists (select from pg_constraint c where c.conindid = indexrelid);

do $$
declare
    index record;
begin
    for index in select * from built_later loop
        execute format('drop index %s', index.name);
    end loop;
end $$;
