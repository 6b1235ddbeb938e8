-- The ledger of the central server. Rows are only ever added; whatever can be folded from them stands in `aggregate`
-- and may be thrown away.

create table office ( -- An office this server answers for. What it looks like is folded from its registry rows.
    code text primary key not null
);

create table head ( -- How far a stream of an office has got. The first statement of every append updates this row.
    office text not null references office (code),
    stream text not null check (stream in ('office', 'registry')),
    epoch bigint not null,
    seq bigint not null default 0,
    leaf bytea not null,
    opened bigint not null default 0, -- appends begun; raised only so that the row is locked first
    primary key (office, stream)
);

create table row ( -- One row of a stream: one command with its outcome and events, or what a service wrote.
    office text not null references office (code),
    stream text not null check (stream in ('office', 'registry')),
    epoch bigint not null,
    seq bigint not null,
    header text not null, -- JSON, in clear
    salt text not null,
    body text not null,   -- JSON, with personal data in it
    leaf bytea not null,   -- H(header, H(salt, body))
    subject text not null,
    outcome text not null,
    desk bigint,         -- with n and digest: a command of this desk
    n bigint,
    digest bytea,          -- of the stamped bytes
    service text,         -- with external_id: written by a service of the server
    external_id text,
    primary key (office, stream, epoch, seq),
    unique (office, desk, n),
    unique (office, service, external_id)
);

create index row_by_subject on row (office, subject);

create table aggregate ( -- A visit, an application or the office, as its rows fold. Never the truth, only quick.
    office text not null references office (code),
    subject text not null,
    json text not null,
    fold_version bigint not null,
    primary key (office, subject)
);

create table desk ( -- A machine that was enrolled as a workstation, and how far its chain of commands has got.
    office text not null references office (code),
    desk bigint not null,
    name text not null,
    token_digest bytea not null,
    signing_key text not null,
    n bigint not null default 0,
    digest bytea not null,
    series_year bigint not null,
    revoked bigint not null default 0,
    scans_waiting bigint not null default 0,
    last_heard bigint not null default 0,
    primary key (office, desk)
);

create table enrolment_code ( -- A one-time code, as its SHA-256. Whoever types it makes a machine a workstation.
    digest bytea primary key not null,
    office text not null references office (code),
    expires_at bigint not null,
    used_at bigint not null default 0 -- 0: not used
);

create table ask ( -- What a desk was answered to "call next", so that a lost answer is read back. Void wins.
    office text not null references office (code),
    desk bigint not null,
    request text not null,
    answer text not null, -- JSON
    primary key (office, desk, request)
);

create table set_aside ( -- A command that another machine with the same name stamped. Kept for a supervisor.
    office text not null references office (code),
    desk bigint not null,
    n bigint not null,
    digest bytea not null,
    stamped text not null,
    why text not null,
    at bigint not null,
    primary key (office, desk, n, digest)
);

create table scan ( -- The bytes of a scan are at `file` below the data folder, and their SHA-256 is `hash`.
    hash bytea primary key not null,
    media_type text not null,
    bytes bigint not null,
    file text not null,
    at bigint not null,
    pages bigint not null default 0,      -- 0: not looked at yet
    unreadable text not null default ''    -- code of the decoder, if it can't be shown
);

create table scan_of ( -- This scan belongs to this application, so desks of its office may fetch it.
    hash bytea not null references scan (hash),
    office text not null references office (code),
    application text not null,
    primary key (hash, office, application)
);

create table taken_in ( -- An application or a payment that came in, with the digest of what was sent: a repeat changes nothing.
    kind text not null check (kind in ('application', 'payment')),
    external_id text not null,
    office text not null references office (code),
    digest bytea not null,
    at bigint not null,
    primary key (kind, external_id)
);
