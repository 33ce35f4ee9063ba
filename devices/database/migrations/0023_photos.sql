-- 0023_photos: photos are found by age, to be removed when it has come.

CREATE INDEX visit_entries_photos ON visit_entries (received) WHERE kind = 'photo';
