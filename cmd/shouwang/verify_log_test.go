package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"shouwang/alerting"
	"shouwang/alerting/store"
	"shouwang/devices/database"
)

// verifyLog runs the command on the folder.
func verifyLog(t *testing.T, dir string, more ...string) (code int, said string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), append([]string{"verify-log", "--data", dir}, more...), &out, &errs)
	return code, out.String() + errs.String()
}

func TestVerifyLog(t *testing.T) {
	dir := t.TempDir()
	if code, said := verifyLog(t, dir); code != 1 {
		t.Errorf("an empty folder: %d %s", code, said)
	}
	db, err := database.Open(t.Context(), filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // of a test
	s := store.New(db)
	now := time.Now().UTC()
	for range 5 {
		c := &alerting.Case{Alert: alerting.Alert{
			ID: uuid.NewString(), Kind: alerting.KindSOS, Severity: alerting.Red, State: alerting.Open, Area: "c/t/v", OpenedAt: now,
			Subject: alerting.ResidentSubject(uuid.NewString()), Resident: &alerting.ResidentRef{ID: "wang", Name: "王"}, Evidence: map[string]any{},
		}}
		err := s.Tx(t.Context(), func(tx alerting.Tx) error {
			if err := tx.PutAlert(c); err != nil {
				return err
			}
			return tx.AddEvent(alerting.Change{Type: alerting.AlertOpened, At: now, Case: c, Actor: alerting.System()})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	code, said := verifyLog(t, dir) // beside the open database
	head := regexp.MustCompile(`(?m)^head (5:[0-9a-f]{64})$`).FindStringSubmatch(said)
	if code != 0 || head == nil || !strings.Contains(said, "whole: 5 events") {
		t.Fatalf("%d %s", code, said)
	}
	if err := s.Erase(t.Context(), "wang", nil); err != nil {
		t.Fatal(err)
	}
	code, said = verifyLog(t, dir, "--noted", head[1])
	if code != 0 || !strings.Contains(said, "event 5 is the one that was noted") || !strings.Contains(said, "erased: what 5 of them said (1-5)") {
		t.Errorf("%d %s", code, said)
	}
	if code, said := verifyLog(t, dir, "--noted", "5:"+strings.Repeat("0", 64)); code != 1 || !strings.Contains(said, "BROKEN at event 5") {
		t.Errorf("%d %s", code, said)
	}
	for _, wrong := range []string{"5", "x:1", "0:" + strings.Repeat("0", 64)} {
		if code, _ := verifyLog(t, dir, "--noted", wrong); code != 2 {
			t.Errorf("%s: %d", wrong, code)
		}
	}
	if _, err := db.Write.ExecContext(t.Context(), `UPDATE alert_events SET text = 'x' WHERE number = 3`); err != nil {
		t.Fatal(err)
	}
	if code, said := verifyLog(t, dir); code != 1 || !strings.Contains(said, "BROKEN at event 3") || !strings.Contains(said, "whole up to event 2") {
		t.Errorf("%d %s", code, said)
	}
}

// Who looks writes nothing: a folder that cannot be written is as good, and a
// database of an older release stays what it is.
func TestVerifyLogWritesNothing(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "state.db")
	db, err := database.Open(t.Context(), file)
	must(t, err)
	if code, said := verifyLog(t, dir); code != 0 { // beside a service that has it open
		t.Errorf("%d %s", code, said)
	}
	must(t, db.Close())
	was, err := os.ReadFile(file)
	must(t, err)
	must(t, os.Chmod(file, 0o400))
	must(t, os.Chmod(dir, 0o500))
	code, said := verifyLog(t, dir)
	must(t, os.Chmod(dir, 0o700))
	must(t, os.Chmod(file, 0o600))
	if code != 0 || !strings.Contains(said, "whole: 0 events") {
		t.Errorf("%d %s", code, said)
	}
	untouched := func(want []byte) {
		t.Helper()
		got, err := os.ReadFile(file)
		must(t, err)
		files, err := os.ReadDir(dir)
		must(t, err)
		if !bytes.Equal(got, want) || len(files) != 1 {
			t.Errorf("the file is changed: %t; files: %v", !bytes.Equal(got, want), files)
		}
	}
	untouched(was)
	db, err = database.Open(t.Context(), file)
	must(t, err)
	_, err = db.Write.ExecContext(t.Context(), `DELETE FROM migrations WHERE name = '0021_reports.sql'`)
	must(t, err)
	must(t, db.Close())
	was, err = os.ReadFile(file)
	must(t, err)
	if code, said := verifyLog(t, dir); code != 1 || !strings.Contains(said, "another release") {
		t.Errorf("of another release: %d %s", code, said)
	}
	untouched(was)
}

func TestRanges(t *testing.T) {
	for want, numbers := range map[string][]int64{"": nil, "4": {4}, "1-3, 7, 9-10": {1, 2, 3, 7, 9, 10}} {
		if got := ranges(numbers); got != want {
			t.Errorf("%v: %q, want %q", numbers, got, want)
		}
	}
}
