package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"shouwang/alerting"
	"shouwang/alerting/store"
	"shouwang/devices"
	"shouwang/devices/database"
)

// logged is a log of some events: about Wang, about Li, and about a meter.
func logged(t *testing.T) (*store.Store, *database.DB) {
	t.Helper()
	s, db := open(t)
	for i, resident := range []string{"wang", "li", "", "wang"} {
		c := alert(fmt.Sprint("a", i), "red", i+1, "c/t/v")
		if resident != "" {
			c.Resident = &alerting.ResidentRef{ID: resident, Name: "name of " + resident}
			c.Subject = alerting.ResidentSubject(resident + fmt.Sprint(i))
		}
		c.Evidence = map[string]any{"value": i}
		err := s.Tx(t.Context(), func(tx alerting.Tx) error {
			if err := tx.PutAlert(&c); err != nil {
				return err
			}
			if err := tx.AddEvent(alerting.Change{Type: alerting.AlertOpened, At: c.OpenedAt, Case: &c, Actor: alerting.System()}); err != nil {
				return err
			}
			return tx.AddEvent(alerting.Change{
				Type: alerting.AlertUpdated, At: c.OpenedAt, Case: &c, Actor: alerting.Actor{User: "zhang"},
				Text: "spoke to " + resident, Data: map[string]any{"action": "note"},
			})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return s, db
}

func verify(t *testing.T, s *store.Store) store.Chain {
	t.Helper()
	c, err := s.Verify(t.Context(), 0, "")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheLogIsAChain(t *testing.T) {
	s, db := logged(t)
	c := verify(t, s)
	if !c.Whole() || c.Entries != 8 || c.Last != 8 || len(c.Head) != 64 || len(c.Erased) != 0 || c.Noted {
		t.Fatalf("%+v", c)
	}
	// What was noted is found again, also after more was written.
	put(t, s, alert("later", "red", 9, "c"))
	got, err := s.Verify(t.Context(), c.Last, c.Head)
	if err != nil || !got.Whole() || !got.Noted || got.Last != 9 || got.Head == c.Head {
		t.Errorf("%+v, %v", got, err)
	}
	// Equal events are not equal in the chain.
	var digests int
	if err := db.Read.QueryRow(`SELECT count(DISTINCT digest) FROM alert_events`).Scan(&digests); err != nil || digests != 9 {
		t.Errorf("%d digests, %v", digests, err)
	}
}

// Whatever other hands do to the log by SQL is refused, and found when they take the
// refusal away first.
func TestHandsOnTheLogAreFound(t *testing.T) {
	for name, test := range map[string]struct {
		sql     string
		refused bool
		broken  int64
	}{
		"a text":               {`UPDATE alert_events SET text = 'nobody called' WHERE number = 4`, false, 4},
		"a document":           {`UPDATE alert_events SET alert_json = replace(alert_json, '"red"', '"blue"') WHERE number = 5`, false, 5},
		"data":                 {`UPDATE alert_events SET data = '{}' WHERE number = 2`, false, 2},
		"a text and its salt":  {`UPDATE alert_events SET text = '', data = '{}', alert_json = '', salt = '' WHERE number = 4`, false, 4},
		"a time":               {`UPDATE alert_events SET at = at - 60000000 WHERE number = 3`, true, 3},
		"who it was":           {`UPDATE alert_events SET actor = 'zhao' WHERE number = 8`, true, 8},
		"the alert":            {`UPDATE alert_events SET alert = 'a0' WHERE number = 8`, true, 8},
		"one of the middle":    {`DELETE FROM alert_events WHERE number = 3`, true, 3},
		"the first":            {`DELETE FROM alert_events WHERE number = 1`, true, 1},
		"the last":             {`DELETE FROM alert_events WHERE number = 8`, true, 8},
		"two numbers":          {`UPDATE alert_events SET number = CASE number WHEN 3 THEN -4 ELSE -3 END WHERE number IN (3, 4); UPDATE alert_events SET number = -number WHERE number < 0`, true, 3},
		"one added at the end": {`INSERT INTO alert_events SELECT 9, type, at, alert, visit, area, provider, actor, text, data, alert_json, visit_json, salt, digest, hash FROM alert_events WHERE number = 8`, false, 9},
		"one unchained":        {`UPDATE alert_events SET hash = '' WHERE number = 6`, true, 6},
	} {
		t.Run(name, func(t *testing.T) {
			s, db := logged(t)
			_, err := db.Write.Exec(test.sql)
			if refused := err != nil && strings.Contains(err.Error(), "append-only"); refused != test.refused {
				t.Errorf("refused: %v (%v), want %v", refused, err, test.refused)
			}
			if test.refused {
				if c := verify(t, s); !c.Whole() || c.Last != 8 {
					t.Fatalf("after the refusal: %+v", c)
				}
				if _, err := db.Write.Exec(`DROP TRIGGER alert_events_keep; DROP TRIGGER alert_events_stay`); err != nil {
					t.Fatal(err)
				}
				if _, err := db.Write.Exec(test.sql); err != nil {
					t.Fatal(err)
				}
			}
			if c := verify(t, s); c.Broken != test.broken || c.Why == "" || c.Last != test.broken-1 {
				t.Errorf("%+v, want broken at %d", c, test.broken)
			}
		})
	}
}

// Who changes one entry and gives it a digest and a hash that fit it has broken the
// one behind it.
func TestAnEntryWrittenAnewDoesNotFit(t *testing.T) {
	s, db := logged(t)
	if _, err := db.Write.Exec(`DROP TRIGGER alert_events_keep; UPDATE alert_events SET text = 'all is well', hash = '' WHERE number = 4`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(t.Context()); err != nil { // gives it both
		t.Fatal(err)
	}
	if c := verify(t, s); c.Broken != 5 {
		t.Errorf("%+v", c)
	}
}

// Who writes the whole log anew leaves a chain that is whole; only what was noted
// elsewhere finds them out. So it is with one who cuts off the end and sets the
// number back.
func TestWhatWasNotedFindsALogWrittenAnew(t *testing.T) {
	s, db := logged(t)
	noted := verify(t, s)
	for name, by := range map[string]string{
		"written anew": `DROP TRIGGER alert_events_keep; UPDATE alert_events SET text = 'all is well' WHERE number = 4; UPDATE alert_events SET hash = ''`,
		"cut off":      `DROP TRIGGER alert_events_stay; DELETE FROM alert_events WHERE number > 6; UPDATE alert_event_number SET last = 6`,
	} {
		if _, err := db.Write.Exec(by); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Load(t.Context()); err != nil { // chains what is not
			t.Fatal(err)
		}
		if c := verify(t, s); !c.Whole() {
			t.Errorf("%s: %+v", name, c)
		}
		if c, err := s.Verify(t.Context(), noted.Last, noted.Head); err != nil || c.Whole() {
			t.Errorf("%s is not found: %+v, %v", name, c, err)
		}
	}
}

func TestAnErasureKeepsTheChainWhole(t *testing.T) {
	s, db := logged(t)
	before := verify(t, s)
	salts := column(t, db, `SELECT salt FROM alert_events WHERE number IN (1, 2, 7, 8)`)
	for range 2 { // what was erased can be erased again
		if err := s.Erase(t.Context(), "wang", nil); err != nil {
			t.Fatal(err)
		}
	}
	c, err := s.Verify(t.Context(), before.Last, before.Head)
	if err != nil || !c.Whole() || !c.Noted || c.Last != 9 || !slices.Equal(c.Erased, []int64{1, 2, 7, 8}) {
		t.Fatalf("%+v, %v", c, err)
	}
	all := strings.Join(column(t, db, `SELECT text || data || alert_json || visit_json || salt FROM alert_events`), "\n")
	for _, gone := range append(salts, "name of wang", "spoke to wang") {
		if strings.Contains(all, gone) {
			t.Errorf("%q is left", gone)
		}
	}
	if !strings.Contains(all, "name of li") {
		t.Error("too much is gone")
	}
	events, err := s.EventsAfter(t.Context(), 8, 10)
	if err != nil || len(events) != 1 || events[0].Type != alerting.LogErased {
		t.Errorf("%+v, %v", events, err)
	}
	// What is left of it is held to, too, and nobody can pass off a change as an
	// erasure.
	for _, number := range []int64{2, 4} {
		if _, err := db.Write.Exec(`UPDATE alert_events SET text = 'x', salt = 'ab' WHERE number = $1`, number); err != nil {
			t.Fatal(err)
		}
		if c := verify(t, s); c.Broken != 2 {
			t.Errorf("%+v", c)
		}
	}
	// More is written after it.
	put(t, s, alert("later", "red", 9, "c"))
}

// The chain of an older database is built when it is loaded, and by the first event
// where nobody loads it.
func TestTheChainOfAnOlderDatabase(t *testing.T) {
	for name, start := range map[string]func(*store.Store) error{
		"loaded": func(s *store.Store) error { _, err := s.Load(context.Background()); return err },
		"written to": func(s *store.Store) error {
			return s.Tx(context.Background(), func(tx alerting.Tx) error {
				c := alert("new", "red", 9, "c")
				return tx.AddEvent(alerting.Change{Type: alerting.AlertOpened, Case: &c})
			})
		},
	} {
		s, db := logged(t)
		if _, err := db.Write.Exec(`DROP TRIGGER alert_events_keep; UPDATE alert_events SET salt = '', digest = '', hash = ''`); err != nil {
			t.Fatal(err)
		}
		if c := verify(t, s); c.Broken != 1 || !strings.Contains(c.Why, "not chained") {
			t.Errorf("%s: %+v", name, c)
		}
		s = store.New(db)
		if err := start(s); err != nil {
			t.Fatal(err)
		}
		if c := verify(t, s); !c.Whole() || c.Last < 8 {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

// A backup that is put back has the chain it had, and goes on from there.
func TestARestoredBackupIsWhole(t *testing.T) {
	s, db := logged(t)
	backup := filepath.Join(t.TempDir(), "backup.db")
	if _, err := db.Write.Exec(`VACUUM INTO '` + backup + `'`); err != nil {
		t.Fatal(err)
	}
	if err := s.Erase(t.Context(), "wang", []devices.DeviceID{"v/b"}); err != nil {
		t.Fatal(err)
	}
	put(t, s, alert("later", "red", 9, "c"))
	later := verify(t, s)
	restored := filepath.Join(t.TempDir(), "state.db")
	b, err := os.ReadFile(backup)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(restored, b, 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := database.Open(t.Context(), restored)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close() //nolint:errcheck // of a test
	r := store.New(again)
	if c := verify(t, r); !c.Whole() || c.Last != 8 {
		t.Errorf("%+v", c)
	}
	if err := r.Erase(t.Context(), "wang", nil); err != nil { // as the service does at its start
		t.Fatal(err)
	}
	put(t, r, alert("other", "red", 9, "c"))
	if c := verify(t, r); !c.Whole() || c.Last != 10 || len(c.Erased) != 4 {
		t.Errorf("%+v", c)
	}
	// It is another log from there on than the one that was noted.
	if c, err := r.Verify(t.Context(), later.Last, later.Head); err != nil || c.Whole() {
		t.Errorf("%+v, %v", c, err)
	}
}

func column(t *testing.T, db *database.DB, query string) (all []string) {
	t.Helper()
	rows, err := db.Read.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close() //nolint:errcheck // of a test
	for rows.Next() {
		var s sql.NullString
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		all = append(all, s.String)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
