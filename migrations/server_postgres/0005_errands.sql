-- What the centre still has to ask outside systems, and what it hands to the post.

create table errand ( -- Something that an outside system has still to be asked. Written together with what causes it.
    id text primary key not null,          -- kind and what it is about: nothing is asked twice over
    office text not null references office (code),
    application text not null default '',  -- '': it is about a whole manifest
    kind text not null check (
        kind in ('population', 'ban_list', 'travel_documents', 'billing', 'production', 'manifest', 'tracking')
    ),
    state text not null default 'open' check (state in ('open', 'done', 'given_up')),
    about text not null default '',        -- how far it has got: an order, the last step heard, a manifest
    tries bigint not null default 0,      -- since it last got further
    not_before bigint not null,           -- next try; moved ahead by whoever is asking just now
    trouble text not null default '',      -- code of what came in the way last
    created bigint not null
);

create index errand_by_turn on errand (kind, state, not_before);

create table manifest ( -- A list of booklets handed to the post together.
    id text primary key not null,
    office text not null references office (code),
    day text not null, -- YYYY-MM-DD, the office's service day
    created bigint not null
);

create table parcel ( -- A booklet on a manifest, addressed as it was when the manifest was made.
    application text primary key not null,
    manifest text not null references manifest (id),
    recipient text not null,
    address text not null,
    phone text not null
);

create index parcel_by_manifest on parcel (manifest);
