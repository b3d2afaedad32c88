-- What the pages Leads, Lead and Audit read that no function needed before, and the notes of the team.

-- Search as you type goes through trigrams, of the extension pg_trgm. It comes with PostgreSQL and with Amazon
-- RDS, where the owner of the database may create it. Elsewhere it may take a superuser, or a package
-- (postgresql-contrib). Without it nothing fails: a search then looks at the newest leads only, and the page
-- says how far. To have it later, a superuser runs `create extension pg_trgm`, and whoever owns the tables the
-- two statements `create index` of this block.
do $$
begin
    create extension if not exists pg_trgm;
    -- Name, username and the domain of the address, so that one look-up finds a word in any of them. Never
    -- the local part of an address: nobody is to be found by it who may not see it. Costs the collector about
    -- 30 trigrams a lead, which a list that PostgreSQL keeps beside the index takes in bulk.
    execute $index$
        create index leads_search_idx on leads using gin (
            lower(coalesce(name, '') || ' ' || username || ' ' || coalesce(split_part(email, '@', -1), ''))
            gin_trgm_ops)
    $index$;
    execute 'create index enriched_leads_niche_idx on enriched_leads using gin (lower(niche) gin_trgm_ops)';
exception when insufficient_privilege or undefined_file or feature_not_supported then
    raise notice 'No pg_trgm: a search for leads looks at the newest ones only. migrations/0016_lead_pages.sql says how to have it.';
end;
$$;

-- The few leads of a small country. Equal keys share a page: about 7 bytes a lead.
create index leads_country_idx on leads (country);
-- What waits for a person, and what came back in a way that is rare: a list of it does not walk the whole
-- ledger. A mail that is planned, leaves and arrives writes nothing here.
create index sends_rare_idx on sends (state, lead_id)
    where state in ('review', 'replied', 'rejected', 'bounced', 'complained');
-- What people did, between the millions of rows of what functions decided. Those write nothing here.
create index audit_log_people_idx on audit_log (id) where actor like 'operator:%' or actor like 'person:%';

-- What a person of the team wrote about a lead. Personal data: it goes with the lead.
create table lead_notes (
    id             bigint generated always as identity,
    lead_id        bigint      not null,
    -- The person's identifier at the issuer of sign-ins, and the name as it was then.
    author_subject text        not null,
    author_name    text        not null,
    text           text        not null,
    created_at     timestamptz not null default now(),
    constraint lead_notes_pkey primary key (id),
    constraint lead_notes_lead_id_fkey foreign key (lead_id) references leads (id),
    constraint lead_notes_text_bounded check (length(text) between 1 and 2000)
);

create index lead_notes_lead_id_idx on lead_notes (lead_id);

-- Every page reads, and says by itself who may see an address.
grant select on leads, lead_sources, sources, campaigns, enriched_leads, sends, send_events, recipients, breakers,
      model_calls, audit_log, lead_notes, why to outreach_console;
grant insert on lead_notes, audit_log to outreach_console;
-- Asks about a lead again.
grant update (enrich_requested_at, enrich_again_at, enrich_waits_for, enrich_next_at) on leads to outreach_console;
grant update (next_try_at) on model_outages to outreach_console;
-- Suppresses a mailbox. It cannot change who agreed to what, or was erased.
grant insert (email_hash), update (suppressed_at, suppression_reason, opt_out_way, updated_at)
    on recipients to outreach_console;
