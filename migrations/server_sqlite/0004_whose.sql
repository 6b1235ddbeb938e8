-- Whose applications there are, so that a second one of the same person, or a sixth of one account, is seen at once,
-- whatever the office.

create table account ( -- An account of M-Paspor and how many open applications it has. Updated first, so that two can't both be the fifth.
    account text primary key not null,
    open integer not null check (open >= 0)
) strict;

create table citizen ( -- One NIK. Updated first, so that of two submissions at the same moment one sees the other.
    nik text primary key not null,
    applications integer not null
) strict;

create table person ( -- Whose application it is.
    application text primary key not null,
    office text not null references office (code),
    nik text not null,
    account text not null,  -- empty: none
    open integer not null   -- 0 once it was given up, ran out or was refused
) strict;

create index person_by_nik on person (nik, open);

create table duplicate ( -- Two open applications of one person. Each of them is told of the other in the stream of its own office.
    application text not null,
    office text not null references office (code),
    other text not null,
    other_office text not null references office (code),
    told integer not null, -- 0 until the row is written
    primary key (application, other)
) strict;

create index duplicate_by_told on duplicate (told);

alter table booking add column special integer not null default 0; -- how often another place was given on a special ground
