-- A row with its bytes is larger than what SQLite keeps in a page of a table without rowid: each took a page of its own, and
-- an answer of two thousand rows wrote eight megabytes. The rows themselves stay as they are.

create table row_with_room ( -- Rows of the two streams as they arrived.
  stream text not null,
  epoch integer not null,
  seq integer not null,
  subject text not null,
  leaf blob not null,
  sealed blob,                    -- header, salt and body; null for rows outside the window
  unique (stream, epoch, seq)
) strict;

insert into row_with_room (stream, epoch, seq, subject, leaf, sealed)
  select stream, epoch, seq, subject, leaf, sealed from row order by stream, epoch, seq;

drop table row;

alter table row_with_room rename to row;
