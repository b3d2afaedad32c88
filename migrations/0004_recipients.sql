-- Who may be written to: one row per mailbox (invariants 10 and 16).

-- A mailbox. Its key is a keyed hash of the address, so that an opt-out outlives the address (16).
create table recipients (
    email_hash         bytea       not null,
    country            text,
    basis              text,
    basis_note         text,
    suppressed_at      timestamptz,
    suppression_reason text,
    -- How the first opt-out in the recipient's own words came: the page's button, the provider's one
    -- click, a mail to us, or told to a person. None where only events of SES suppress.
    opt_out_way        text,
    erased_at          timestamptz,
    created_at         timestamptz not null default now(),
    updated_at         timestamptz not null default now(),
    constraint recipients_pkey primary key (email_hash),
    constraint recipients_email_hash_size check (octet_length(email_hash) = 32),
    constraint recipients_basis_known check (basis in ('consent', 'legitimate_interest', 'contract')),
    constraint recipients_opt_out_way_known check (opt_out_way in ('button', 'one_click', 'mail', 'person')),
    constraint recipients_suppression_explained check ((suppressed_at is null) = (suppression_reason is null))
);
