-- Places at the offices, and who holds them. Whoever submits takes one; whoever does not pay in time gives it back.

create table place ( -- The places of an office at one time of one day, and how many of them are taken.
    office text not null references office (code),
    day text not null,  -- YYYY-MM-DD, the office's service day
    time text not null, -- HH:MM on the office's clock
    kind text not null check (kind in ('regular', 'priority', 'same_day')),
    places integer not null check (places >= 0),
    taken integer not null default 0 check (taken >= 0),
    primary key (office, day, time, kind)
) strict;

create table booking ( -- The place that an application holds, or held.
    application text primary key not null,
    office text not null references office (code),
    day text not null,
    time text not null,
    kind text not null,
    state text not null check (state in ('held', 'paid', 'freed')),
    due integer not null,             -- until when it is held unpaid; 0: nothing is due before the photo
    moves integer not null default 0  -- how often the applicant has taken another place
) strict;

create index booking_by_due on booking (state, due);
