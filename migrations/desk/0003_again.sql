-- What a centre had answered before it was restored from a copy that does not have the command. The command goes out once
-- more and gets the outcome of the centre that now is; this one is kept as evidence. Empty where nothing was answered twice.
alter table outbox add column earlier text not null default '';
