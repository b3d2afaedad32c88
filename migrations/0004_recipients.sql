-- Who may be written to: one row per mailbox (invariants 10 and 16).

-- A mailbox. Its key is a keyed hash of the address, so that an opt-out outlives the address (16).
create table recipients (
    email_hash         bytea       not null,
    country            text,
    basis              text,
    basis_note         text,
    suppressed_at      timestamptz,
    suppression_reason text,
    erased_at          timestamptz,
    created_at         timestamptz not null default now(),
    updated_at         timestamptz not null default now(),
    constraint recipients_pkey primary key (email_hash),
    constraint recipients_email_hash_size check (octet_length(email_hash) = 32),
    constraint recipients_basis_known check (basis in ('consent', 'legitimate_interest', 'contract')),
    constraint recipients_suppression_explained check ((suppressed_at is null) = (suppression_reason is null))
);
