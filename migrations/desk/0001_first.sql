-- A workstation's own memory. Clear are only numbers, times and stages; everything about applicants is sealed.

create table meta ( -- Single values: identity of the desk, cursors, counters, sealed device keys.
  key text primary key,
  value blob not null
) strict, without rowid;

create table outbox ( -- What was done at this desk. A row stays on top of the view until the office stream has passed `seq`.
  n integer primary key,          -- 1, 2, 3, ... without holes
  digest blob not null,           -- SHA-256 of the stamped bytes
  at integer not null,            -- service time, UTC milliseconds
  sealed blob not null,           -- stamped bytes and the events as decided here, under the outbox key
  outcome text not null default '', -- JSON of the centre's final outcome; empty while waiting
  seq integer not null default 0  -- its row in the office stream; 0 while waiting
) strict;

create table row ( -- Rows of the two streams as they arrived.
  stream text not null,
  epoch integer not null,
  seq integer not null,
  subject text not null,
  leaf blob not null,
  sealed blob,                    -- header, salt and body; null for rows outside the window
  primary key (stream, epoch, seq)
) strict, without rowid;

create table aggregate ( -- Visits, applications and the office, folded.
  subject text primary key,
  fold_version integer not null,
  sealed blob not null
) strict, without rowid;

create table key ( -- Keys of cases and days, wrapped under the archive root.
  name text primary key,
  wrapped blob not null
) strict, without rowid;

create table officer ( -- The roster, as far as signing in needs it.
  id text primary key,
  name text not null,
  envelope blob not null,         -- the officer's own envelope, wrapped by this device
  root blob not null default x'', -- the archive root, sealed to the officer and to this device; empty until somebody signed in
  active integer not null default 1,
  fails integer not null default 0,      -- wrong passwords in a row
  blocked_until integer not null default 0
) strict, without rowid;

create table spool ( -- Answers that arrived while nobody was signed in.
  id integer primary key,
  sealed blob not null
) strict;

create table scan ( -- Pictures of scans on this desk, and scans that can't be shown.
  hash text primary key,
  pages integer not null default 0,
  unreadable text not null default '',   -- code of the decoder; empty if it can be shown
  at integer not null
) strict, without rowid;
