-- Scans that come in pieces.

create table upload ( -- A scan of which the first `received` bytes are here. Gone once it is whole or given up.
    hash bytea primary key not null,
    length bigint not null check (length > 0),
    received bigint not null default 0 check (received between 0 and length),
    started bigint not null,
    touched bigint not null -- when somebody last went on with it
);

create index upload_by_touched on upload (touched);

create table upload_piece ( -- The bytes of an upload from `begins` on are in the store as `file`. Written by whoever holds the upload's row.
    hash bytea not null,
    begins bigint not null,
    file text not null unique,
    primary key (hash, begins)
);
