-- Reports of a visit that has one already; what they say is in the log. Kept so
-- that a phone may send each of them twice.

CREATE TABLE visit_reports (
    uuid  TEXT PRIMARY KEY,
    visit TEXT NOT NULL
);
