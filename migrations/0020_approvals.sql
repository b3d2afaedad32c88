-- What an approval is for.

-- When what a model and a reviewer read of a profile last changed: an approval from before no longer counts.
alter table leads add column profile_changed_at timestamptz;
