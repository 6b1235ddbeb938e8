-- What one person alone can't do, those who vouch with their password, and days that take no further bookings.

create table proposal ( -- A version of the rules that an administrator proposed, and what another one said to it.
    office text not null references office (code),
    n bigint not null,               -- 1, 2, 3 ... at each office
    version bigint not null,
    base bigint not null,            -- the newest version when it was proposed
    rules text not null,              -- JSON
    digest bytea not null,             -- of office, base and rules: what was read is what is approved
    proposed_by text not null,
    proposed_at bigint not null,
    state text not null default 'open' check (state in ('open', 'approved', 'rejected')),
    decided_by text not null default '',
    decided_at bigint not null default 0,
    primary key (office, n)
);

create unique index proposal_open on proposal (office, version) where state = 'open';

create table vouching ( -- Passwords tried in a row without the right one, of whoever answers for something at the server.
    office text not null references office (code),
    officer text not null,
    tries bigint not null,
    at bigint not null,
    primary key (office, officer)
);

create table closed_day ( -- Nobody is booked for this day any more. Who has a place keeps it; the places stay as they are.
    office text not null references office (code),
    day text not null, -- YYYY-MM-DD, the office's service day
    primary key (office, day)
);
