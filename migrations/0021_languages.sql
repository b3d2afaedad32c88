-- The language that a campaign's texts are written in, and that of each text.

-- Null: that of each profile. ISO 639-1, of the languages that mails have a frame in.
alter table campaigns
    add column language text,
    add constraint campaigns_language_check check (language in ('en', 'de', 'fr', 'es', 'it', 'pt', 'nl'));

-- The campaign's choice stays with a text, as its offer does: the frame of the mail follows it. Null where there is an
-- offer: the text is in the profile's language.
alter table enriched_leads add column language text;

create or replace function audit_campaigns_insert() returns trigger language plpgsql as $$
begin
    insert into audit_log (actor, table_name, row_key, action, after, note)
    select coalesce(nullif(current_setting('outreach.actor', true), ''), current_setting('application_name')), 'campaigns', a.id::text, 'insert',
           jsonb_build_object(
               'name', a.name, 'status', a.status, 'min_score', a.min_score,
               'min_confidence', a.min_confidence, 'daily_cap', a.daily_cap,
               'review_all', a.review_all, 'rules_decide', a.rules_decide, 'basis_rules', a.basis_rules,
               'offer', a.offer, 'audience', a.audience, 'language', a.language,
               'send_from', a.send_from, 'send_until', a.send_until),
           nullif(current_setting('outreach.note', true), '')
    from after_rows a;
    return null;
end;
$$;

create or replace function audit_campaigns_update() returns trigger language plpgsql as $$
begin
    insert into audit_log (actor, table_name, row_key, action, before, after, note)
    select coalesce(nullif(current_setting('outreach.actor', true), ''), current_setting('application_name')), 'campaigns', a.id::text, 'update',
           jsonb_build_object(
               'name', b.name, 'status', b.status, 'min_score', b.min_score,
               'min_confidence', b.min_confidence, 'daily_cap', b.daily_cap,
               'review_all', b.review_all, 'rules_decide', b.rules_decide, 'basis_rules', b.basis_rules,
               'offer', b.offer, 'audience', b.audience, 'language', b.language,
               'send_from', b.send_from, 'send_until', b.send_until),
           jsonb_build_object(
               'name', a.name, 'status', a.status, 'min_score', a.min_score,
               'min_confidence', a.min_confidence, 'daily_cap', a.daily_cap,
               'review_all', a.review_all, 'rules_decide', a.rules_decide, 'basis_rules', a.basis_rules,
               'offer', a.offer, 'audience', a.audience, 'language', a.language,
               'send_from', a.send_from, 'send_until', a.send_until),
           nullif(current_setting('outreach.note', true), '')
    from before_rows b
    join after_rows a on a.id = b.id
    where (b.name, b.status, b.min_score, b.min_confidence, b.daily_cap, b.review_all, b.rules_decide,
           b.basis_rules, b.offer, b.audience, b.language, b.send_from, b.send_until)
          is distinct from
          (a.name, a.status, a.min_score, a.min_confidence, a.daily_cap, a.review_all, a.rules_decide,
           a.basis_rules, a.offer, a.audience, a.language, a.send_from, a.send_until);
    return null;
end;
$$;

-- With the text that a reviewer writes.
grant update (language) on enriched_leads to outreach_console;
