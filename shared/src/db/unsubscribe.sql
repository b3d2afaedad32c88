-- Suppresses the mailbox of send $1. Locks one row, of recipients; sends is only read, and a send
-- never changes its mailbox.
with mailbox as (
    select email_hash from sends where id = $1
),
-- Stronger reasons stand, and a repeated "no" changes nothing. The condition is checked again on the
-- latest version of a row that was waited for.
suppressed as (
    update recipients r
    set suppressed_at = least(r.suppressed_at, now()), suppression_reason = 'unsubscribed'
    from mailbox m
    where r.email_hash = m.email_hash
      and (r.suppression_reason is null or r.suppression_reason not in ('complained', 'unsubscribed'))
    returning r.email_hash
)
select exists (select from mailbox) as "known!", exists (select from suppressed) as "changed!"
