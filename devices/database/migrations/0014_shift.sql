-- 0014_shift: silences, residents' changes of state with who and why, and the
-- sheets of shifts that were handed over.

-- The silence that holds the alert back ('' for none) and until when; frozen is
-- the resident's state for which the alert can only be noted and closed.
ALTER TABLE alerts ADD COLUMN silence TEXT NOT NULL DEFAULT '';
ALTER TABLE alerts ADD COLUMN silence_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE alerts ADD COLUMN frozen TEXT NOT NULL DEFAULT '';
CREATE INDEX alerts_silenced ON alerts (silence) WHERE silence <> '';

-- A silence holds from when it was recorded until its end, or until somebody
-- ended it, whichever is first. One of resident and device is ''.
CREATE TABLE silences (
    id         TEXT PRIMARY KEY,
    resident   TEXT NOT NULL,
    device     TEXT NOT NULL,
    kind       TEXT NOT NULL,
    area       TEXT NOT NULL,
    provider   TEXT NOT NULL,
    recorded   BIGINT NOT NULL,
    until_at   BIGINT NOT NULL,
    reason     TEXT NOT NULL,
    actor      TEXT NOT NULL,
    ended      BIGINT NOT NULL,            -- 0 while nobody has
    ended_by   TEXT NOT NULL,
    end_reason TEXT NOT NULL
);
CREATE INDEX silences_until ON silences (until_at);
CREATE INDEX silences_resident ON silences (resident);

-- Why a resident's state was changed, and by whom; applied says that what follows
-- from it for alerts and visits is done.
CREATE TABLE resident_turns (
    edit       BIGINT NOT NULL,
    resident   TEXT NOT NULL,
    from_state TEXT NOT NULL,
    to_state   TEXT NOT NULL,
    reason     TEXT NOT NULL,
    actor      TEXT NOT NULL,
    applied    BIGINT NOT NULL,
    PRIMARY KEY (resident, edit)
);
CREATE INDEX resident_turns_open ON resident_turns (edit) WHERE applied = 0;

-- A sheet as it was signed. Its digest is over the head and the digests of its
-- lines, so that a line about a resident who is erased can go and what was signed
-- stays provable.
CREATE TABLE handovers (
    id        TEXT PRIMARY KEY,
    state     TEXT NOT NULL,               -- waiting, taken or withdrawn
    areas     TEXT NOT NULL,               -- JSON, the desk's
    outgoing  TEXT NOT NULL,
    signed    BIGINT NOT NULL,
    due       BIGINT NOT NULL,             -- when the supervisor hears of it
    told      BIGINT NOT NULL,             -- when that was, 0 while not
    incoming  TEXT NOT NULL,
    taken     BIGINT NOT NULL,
    take_note TEXT NOT NULL,
    take_heard BIGINT NOT NULL,
    head      TEXT NOT NULL,               -- JSON
    digest    TEXT NOT NULL
);
CREATE INDEX handovers_signed ON handovers (signed);
CREATE INDEX handovers_waiting ON handovers (due) WHERE state = 'waiting';

CREATE TABLE handover_lines (
    handover TEXT NOT NULL REFERENCES handovers (id),
    number   BIGINT NOT NULL,
    resident TEXT NOT NULL,
    line     TEXT NOT NULL,                -- JSON, '' once erased
    sha256   TEXT NOT NULL,
    PRIMARY KEY (handover, number)
);
CREATE INDEX handover_lines_resident ON handover_lines (resident) WHERE resident <> '';
