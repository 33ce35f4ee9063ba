package database

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"shouwang/devices"
)

// The boundary between callers: whatever looks like an area and is another one
// must stay outside.
func TestInside(t *testing.T) {
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	all := []string{"c", "c/t1", "c/t1/v1", "c/t1/v1/x", "c/t1-", "c/t1-/v1", "c/t1.", "c/t10", "c/t10/v1", "c/t1a", "c/t1 ", "c/T1", "c/t", "c/t2", "c1", "d", "c/t%", "c/t_", "c/镇", "c/镇/村", "c/镇一"}
	for _, path := range all {
		if _, err := db.Write.ExecContext(t.Context(), `INSERT INTO areas (path, name) VALUES ($1, 'x')`, path); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		roots []devices.AreaPath
		want  []string
	}{
		{nil, nil},
		{[]devices.AreaPath{""}, all},
		{[]devices.AreaPath{"d", ""}, all},
		{[]devices.AreaPath{"c/t1"}, []string{"c/t1", "c/t1/v1", "c/t1/v1/x"}},
		{[]devices.AreaPath{"c/t10"}, []string{"c/t10", "c/t10/v1"}},
		{[]devices.AreaPath{"c/t1-"}, []string{"c/t1-", "c/t1-/v1"}},
		{[]devices.AreaPath{"c/t1/v1", "d"}, []string{"c/t1/v1", "c/t1/v1/x", "d"}},
		{[]devices.AreaPath{"c/t%"}, []string{"c/t%"}},
		{[]devices.AreaPath{"c/t_"}, []string{"c/t_"}},
		{[]devices.AreaPath{"c/镇"}, []string{"c/镇", "c/镇/村"}},
		{[]devices.AreaPath{"c/none"}, nil},
		{[]devices.AreaPath{"' OR 1 = 1 --"}, nil},
	} {
		q := &Query{}
		q.Where("name = ?", "x")
		q.Inside("path", test.roots...)
		In(q, "path", all) // arguments after it keep their places
		In[string](q, "path", nil)
		got := paths(t, db, q)
		for _, path := range got {
			if !(devices.Scope{Areas: test.roots}).Area(devices.AreaPath(path)) {
				t.Errorf("%q: SQL shows %q and devices.Scope does not", test.roots, path)
			}
		}
		want := slices.Clone(test.want)
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", test.roots, got, want)
		}
	}
	if q := (&Query{}); q.SQL() != "" {
		t.Errorf("no condition: %q", q.SQL())
	}
}

func paths(t *testing.T, db *DB, q *Query) []string {
	t.Helper()
	rows, err := db.Read.QueryContext(t.Context(), `SELECT path FROM areas`+q.SQL(), q.Args()...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err says it
	var got []string
	for rows.Next() {
		var path string
		if err := rows.Scan(&path); err != nil {
			t.Fatal(err)
		}
		got = append(got, path)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestCursor(t *testing.T) {
	for _, key := range []string{"", "v/镇", "\x00\xff"} {
		if got, err := Key(Cursor(key)); err != nil || got != key {
			t.Errorf("%q: %q %v", key, got, err)
		}
	}
	var wrong *devices.InputError
	if _, err := Key(strings.Repeat("%", 300)); !errors.As(err, &wrong) || wrong.Field != "cursor" || len(wrong.Value) > 100 {
		t.Errorf("%v", err)
	}
	for asked, want := range map[int]int{-1: 100, 0: 100, 1: 1, 1000: 1000, 5000: 1000} {
		if got := Limit(asked); got != want {
			t.Errorf("limit %d: %d, want %d", asked, got, want)
		}
	}
}
