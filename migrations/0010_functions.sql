-- Rules that stand in functions of the database and move into Rust; this file then goes.


-- A sentence for every word in the columns `reason` and `suppression_reason`; null for a word that
-- is none of ours, such as what a person typed.
create function reason_text(word text) returns text language sql immutable
return case word
    -- The gate refuses.
    when 'erased' then 'The person''s data was erased; nobody writes to them again.'
    when 'suppressed' then 'The mailbox said no, complained or bounced; nobody writes to it again.'
    when 'no_email' then 'The profile gives no address.'
    when 'invalid_address' then 'The address cannot be mailed.'
    when 'address_changed' then 'The profile gives another address than the one this mail was planned for.'
    when 'role_address' then 'The address is a function''s (info@ and its like), not a person''s.'
    when 'disposable_address' then 'The address is a throw-away mailbox.'
    when 'low_score' then 'The score is below the campaign''s minimum.'
    when 'not_compliant' then 'The compliance verdict forbids it.'
    when 'consent_needed' then 'The country asks for consent, and none is recorded.'
    when 'campaign_ended' then 'The campaign is over.'
    when 'no_message' then 'There is no text to send.'
    when 'content_changed' then 'The text is not the one that was decided on or approved.'
    when 'content_fault' then 'The text has a fault: a placeholder, a link of its own, a wrong length.'
    -- A person looks first.
    when 'country_unknown' then 'The country is not known, so a person looks first.'
    when 'country_review' then 'The country has conditions that a person must judge.'
    when 'scored_by_rules' then 'The rules scored it, not the model, so a person looks first.'
    when 'low_confidence' then 'The model is less sure than the campaign asks for, so a person looks first.'
    when 'compliance_review' then 'The model wants a person to look at it first.'
    when 'review_all' then 'A person approves every mail of this campaign.'
    -- It waits.
    when 'sending_disabled' then 'The kill switch is on: nothing leaves.'
    when 'no_postal_address' then 'The sender''s postal address is not configured.'
    when 'campaign_paused' then 'The campaign is paused or a draft.'
    when 'breaker_open' then 'Too many of the campaign''s mails bounced or were complained about; a person must close its breaker.'
    when 'frequency_gap' then 'The mailbox had a mail too few days ago.'
    when 'frequency_cap' then 'The mailbox had as many mails as one may have in 90 days.'
    when 'quiet_hours' then 'It is not the hour for it where the recipient is.'
    when 'daily_cap' then 'The campaign''s mails of today are used up.'
    when 'ramp' then 'The sending domain is young, and its mails of today are used up.'
    when 'daily_quota' then 'The 24-hour quota of SES is used up.'
    when 'rate' then 'The rate of SES is used up for the next seconds.'
    when 'domain_spacing' then 'The servers of this domain had a mail a moment ago.'
    when 'recipient_day' then 'The mailbox had its mail of today.'
    when 'late_for_slot' then 'The sender was too slow for its place in time and called nobody.'
    when 'throttled' then 'SES asked to slow down and took nothing.'
    when 'mailer_unreachable' then 'SES could not be reached.'
    when 'mailer_refuses' then 'SES takes nothing from this account or set-up for now.'
    -- It is over, or nobody knows.
    when 'duplicate_recipient' then 'The mailbox already has a mail of this campaign.'
    when 'mail_rejected' then 'SES will never take this mail.'
    when 'no_answer' then 'SES was called and its answer was lost.'
    when 'lease_expired' then 'The sender was gone before it wrote down how it went.'
    when 'given_up' then 'A person decided to ask no more: it may have left, and is never sent again.'
    when 'resend' then 'A person had it sent again after a call whose outcome nobody knew.'
    -- Before there is a send.
    when 'enrichment_owed' then 'It waits to be looked at; the sweep asks again.'
    when 'not_enriched' then 'Nobody has asked to look at it for this campaign.'
    -- Why a mailbox is suppressed, or a breaker open.
    when 'complained' then 'The recipient called a mail spam.'
    when 'unsubscribed' then 'The recipient unsubscribed.'
    when 'bounced' then 'A mail bounced for good.'
    when 'soft_bounces' then 'Five mails in a row bounced.'
    when 'complaint_rate' then 'Too large a share of the last days'' mails was called spam.'
    when 'bounce_rate' then 'Too large a share of the last days'' mails bounced for good.'
    when 'account_complaint_rate' then 'Too large a share of the last days'' mails of all campaigns was called spam.'
    when 'account_bounce_rate' then 'Too large a share of the last days'' mails of all campaigns bounced for good.'
end;

create function state_text(state send_state) returns text language sql immutable
return case state
    when 'review' then 'It waits for a person.'
    when 'queued' then 'It is planned, and leaves as soon as nothing speaks against it.'
    when 'claimed' then 'A sender is deciding about it right now.'
    when 'calling' then 'SES is being called right now.'
    when 'unknown' then 'Nobody knows whether it left; it is not sent again by itself.'
    when 'sent' then 'SES took it.'
    when 'delivered' then 'The recipient''s server took it.'
    when 'opened' then 'It was opened.'
    when 'clicked' then 'A link in it was followed.'
    when 'replied' then 'The recipient answered.'
    when 'refused' then 'It never leaves.'
    when 'rejected' then 'It never left.'
    when 'bounced' then 'It left, and the recipient''s server refused it.'
    when 'complained' then 'It left, and the recipient called it spam.'
end;

-- Which part of the house says a word. What is not named here, the gate says.
create function said_by(word text) returns text language sql immutable
return case word
    when 'duplicate_recipient' then 'plan'
    when 'late_for_slot' then 'sender'
    when 'no_answer' then 'sender'
    when 'lease_expired' then 'sweep'
    when 'throttled' then 'ses'
    when 'mailer_unreachable' then 'ses'
    when 'mailer_refuses' then 'ses'
    when 'mail_rejected' then 'ses'
    when 'given_up' then 'operator'
    when 'resend' then 'operator'
    when 'enrichment_owed' then 'collector'
    when 'not_enriched' then 'collector'
    else 'gate'
end;

