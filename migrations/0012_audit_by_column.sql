-- The same audit, written for each table: the general function turned every whole row into JSON and
-- joined on that, which cost more than the statements it watched. This one names its columns.

create procedure audit_table(audited text, key_column text, columns text[]) language plpgsql as $$
declare
    old_values text := (select string_agg(format('%L, b.%I', c, c), ', ' order by n) from unnest(columns) with ordinality t (c, n));
    new_values text := (select string_agg(format('%L, a.%I', c, c), ', ' order by n) from unnest(columns) with ordinality t (c, n));
    old_row    text := (select string_agg(format('b.%I', c), ', ' order by n) from unnest(columns) with ordinality t (c, n));
    new_row    text := (select string_agg(format('a.%I', c), ', ' order by n) from unnest(columns) with ordinality t (c, n));
begin
    execute format('drop trigger if exists %I on %I', audited || '_audit_insert', audited);
    execute format('drop trigger if exists %I on %I', audited || '_audit_update', audited);

    execute format($insert$
        create function %I() returns trigger language plpgsql as $body$
        begin
            insert into audit_log (actor, table_name, row_key, action, after, note)
            select current_setting('application_name'), %L, a.%I::text, 'insert',
                   jsonb_build_object(%s), nullif(current_setting('outreach.note', true), '')
            from after_rows a;
            return null;
        end;
        $body$ $insert$,
        'audit_' || audited || '_insert', audited, key_column, new_values);

    execute format($update$
        create function %I() returns trigger language plpgsql as $body$
        begin
            insert into audit_log (actor, table_name, row_key, action, before, after, note)
            select current_setting('application_name'), %L, a.%I::text, 'update',
                   jsonb_build_object(%s), jsonb_build_object(%s), nullif(current_setting('outreach.note', true), '')
            from before_rows b
            join after_rows a on a.%I = b.%I
            where (%s) is distinct from (%s);
            return null;
        end;
        $body$ $update$,
        'audit_' || audited || '_update', audited, key_column, old_values, new_values,
        key_column, key_column, old_row, new_row);

    execute format(
        'create trigger %I after insert on %I referencing new table as after_rows
         for each statement execute function %I()',
        audited || '_audit_insert', audited, 'audit_' || audited || '_insert');
    execute format(
        'create trigger %I after update on %I referencing old table as before_rows new table as after_rows
         for each statement execute function %I()',
        audited || '_audit_update', audited, 'audit_' || audited || '_update');
end;
$$;

call audit_table('sends', 'id', '{state,reason,fence,not_before,content_hash}');
call audit_table('recipients', 'email_hash', '{country,basis,suppressed_at,suppression_reason,erased_at}');
call audit_table('enriched_leads', 'id', '{score,compliant,method,outcome,reason,reviewed}');
call audit_table('campaigns', 'id',
    '{name,status,min_score,min_confidence,daily_cap,review_all,basis_rules,send_from,send_until}');
call audit_table('breakers', 'campaign_id', '{opened_at,reason,figures,closed_at,closed_by}');

drop function audit_decisions();
