package access

import (
	"database/sql"
	"errors"
	"slices"
	"testing"

	"shouwang/devices"
)

// What is told to supervisors must reach somebody: an overdue visit, a shift that
// nobody has taken, a desk that does not answer.
func TestWithoutASupervisorItsAdministratorsAreTold(t *testing.T) {
	s, _, _ := newStore(t)
	for _, a := range []Account{
		{Username: "root", Name: "root", Role: Administrator, Areas: []devices.AreaPath{""}},
		{Username: "other", Name: "other", Role: Administrator, Areas: []devices.AreaPath{"other"}},
		{Username: "chen", Name: "chen", Role: Supervisor, Areas: []devices.AreaPath{"xian/a"}},
	} {
		must(t, s.Create(t.Context(), a, "correct horse"))
	}
	for area, want := range map[devices.AreaPath][]string{"xian/a/village": {"chen"}, "xian/b": {"root"}, "other/b": {"other", "root"}} {
		got, err := s.Supervisors(t.Context(), area)
		must(t, err)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", area, got, want)
		}
	}
	must(t, s.Disable(t.Context(), "chen"))
	if got, err := s.Supervisors(t.Context(), "xian/a/village"); err != nil || !slices.Equal(got, []string{"root"}) {
		t.Errorf("with a disabled supervisor: %v %v", got, err)
	}
}

// A line of the audit log is there when its change is, and only then.
func TestAuditedWithItsChange(t *testing.T) {
	s, db, _ := newStore(t)
	lines := func() int {
		list, err := s.AuditLog(t.Context(), AuditFilter{Scope: devices.Everywhere(), Action: "close-alert", Limit: 10})
		must(t, err)
		return len(list)
	}
	ctx := s.Audited(t.Context(), Entry{Actor: "duty", Action: "close-alert", Object: "a"}, func(err error) { t.Error(err) })
	refused := errors.New("refused")
	if err := db.Tx(ctx, func(*sql.Tx) error { return refused }); !errors.Is(err, refused) || lines() != 0 {
		t.Fatalf("%v, %d lines", err, lines())
	}
	must(t, db.Tx(ctx, func(*sql.Tx) error { return nil }))
	must(t, db.Tx(ctx, func(*sql.Tx) error { return nil }))
	if lines() != 1 {
		t.Errorf("%d lines", lines())
	}
	if _, err := s.VerifyAudit(t.Context()); err != nil {
		t.Error(err)
	}
}
