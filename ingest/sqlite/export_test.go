package sqlite

import (
	"strings"
	"testing"
)

// Pragma reads a setting of the writing connection.
func (s *Series) Pragma(t *testing.T, name string) (value string) {
	t.Helper()
	if err := s.write.QueryRow(`PRAGMA ` + name).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return strings.ToLower(value)
}

// Count is the number of points stored.
func (s *Series) Count(t *testing.T) (n int) {
	t.Helper()
	if err := s.read.QueryRow(`SELECT count(*) FROM points`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// Orphans is the number of points whose series is not known.
func (s *Series) Orphans(t *testing.T) (n int) {
	t.Helper()
	if err := s.read.QueryRow(`SELECT count(*) FROM points WHERE series NOT IN (SELECT id FROM series)`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// Checkpoint carries the log over to the file.
func (s *Series) Checkpoint(t *testing.T) {
	t.Helper()
	if _, err := s.write.Exec(`PRAGMA wal_checkpoint(TRUNCATE)`); err != nil {
		t.Fatal(err)
	}
}
