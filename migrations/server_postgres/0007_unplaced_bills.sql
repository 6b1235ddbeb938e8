create table unplaced_bill ( -- A bill of somebody who has no place yet. Gone once it was paid, ran out, or has a place.
    application text primary key not null,
    office text not null references office (code),
    due bigint not null -- until when it may be unpaid
);

create index unplaced_bill_by_due on unplaced_bill (due);
