alter table office add column desks_from integer not null default 0; -- Numbers up to here went to machines that a restored copy does not know.
