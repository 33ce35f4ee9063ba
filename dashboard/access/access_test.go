package access

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shouwang/devices"
	"shouwang/devices/database"
	"shouwang/devices/database/databasetest"
)

type clock struct{ now time.Time }

func newStore(t *testing.T) (*Store, *database.DB, *clock) {
	t.Helper()
	db := databasetest.Open(t)
	c := &clock{time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)}
	s := New(db, Options{Now: func() time.Time { return c.now }})
	s.hasher.cost = cost{memoryKiB: 64, passes: 1} // what is tested is who gets in, not how dear it is
	must(t, s.Create(t.Context(), Account{Username: "duty", Name: "值班", Role: Duty, Areas: []devices.AreaPath{"xian"}}, "correct horse"))
	return s, db, c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestSessionsEnd(t *testing.T) {
	s, db, c := newStore(t)
	ctx := t.Context()
	signIn := func() string {
		token, caller, err := s.SignIn(ctx, Try{Username: "duty", Password: "correct horse"})
		must(t, err)
		if caller.Role != Duty || !caller.Scope.Area("xian/a") || caller.Scope.Area("other") {
			t.Fatalf("caller: %+v", caller)
		}
		return token
	}
	alive := func(token string) bool {
		_, err := s.BySession(ctx, token)
		if err != nil && !errors.Is(err, ErrNoSession) {
			t.Fatal(err)
		}
		return err == nil
	}
	token := signIn()
	var stored string
	must(t, db.Read.QueryRowContext(ctx, `SELECT hash FROM sessions`).Scan(&stored))
	if stored == token || len(stored) != 64 {
		t.Errorf("the session is stored as %q", stored)
	}
	for range 10 { // used all the time
		c.now = c.now.Add(11 * time.Hour)
		if !alive(token) {
			t.Fatal("a session in use ended")
		}
	}
	c.now = c.now.Add(13 * time.Hour)
	if alive(token) {
		t.Error("an idle session lives")
	}
	token = signIn()
	for range 15 {
		c.now = c.now.Add(11 * time.Hour)
		alive(token)
	}
	if c.now = c.now.Add(4 * time.Hour); alive(token) {
		t.Error("a session lives after seven days")
	}
	must(t, s.Purge(ctx))
	var left int
	must(t, db.Read.QueryRowContext(ctx, `SELECT count(*) FROM sessions`).Scan(&left))
	if left != 0 {
		t.Errorf("%d ended sessions are kept", left)
	}
	for name, end := range map[string]func() error{
		"disable":  func() error { return s.Disable(ctx, "duty") },
		"password": func() error { return s.SetPassword(ctx, "duty", "correct horse") },
	} {
		must(t, s.Enable(ctx, "duty"))
		token = signIn()
		must(t, end())
		if alive(token) {
			t.Errorf("%s: the session lives", name)
		}
		must(t, s.Enable(ctx, "duty"))
	}
}

func TestTokens(t *testing.T) {
	s, _, _ := newStore(t)
	ctx := t.Context()
	const stable = "a-stable-token-of-the-demo"
	must(t, s.SetToken(ctx, "duty", stable))
	must(t, s.SetToken(ctx, "duty", stable))
	c, err := s.ByToken(ctx, stable)
	if err != nil || c.User != "duty" {
		t.Fatalf("%+v %v", c, err)
	}
	must(t, s.Disable(ctx, "duty"))
	if _, err := s.ByToken(ctx, stable); !errors.Is(err, ErrNoSession) {
		t.Errorf("the token of a disabled account: %v", err)
	}
	if _, err := s.Again(ctx, c); !errors.Is(err, ErrNoSession) {
		t.Errorf("again: %v", err)
	}
	must(t, s.Enable(ctx, "duty"))
	must(t, s.RevokeTokens(ctx, "duty"))
	if _, err := s.ByToken(ctx, stable); !errors.Is(err, ErrNoSession) {
		t.Errorf("a revoked token: %v", err)
	}
	if err := s.RevokeTokens(ctx, "nobody"); !errors.Is(err, ErrNotFound) {
		t.Errorf("tokens of nobody: %v", err)
	}
	if err := s.SetToken(ctx, "duty", "short"); err == nil {
		t.Error("a short token was taken")
	}
}

func TestLockOutGrowsAndForgives(t *testing.T) {
	s, _, c := newStore(t)
	ctx := t.Context()
	for _, name := range []string{"duty", "nobody"} { // names that do not exist behave alike
		for range freeOfName {
			if _, _, err := s.SignIn(ctx, Try{Address: name, Username: name, Password: "wrong"}); !errors.Is(err, ErrSignIn) {
				t.Fatalf("%s: %v", name, err)
			}
		}
		for _, want := range []time.Duration{1, 2, 4, 8} {
			var locked *LockedError
			if _, _, err := s.SignIn(ctx, Try{Address: name, Username: name, Password: "correct horse"}); !errors.As(err, &locked) || locked.Wait != want*time.Second {
				t.Fatalf("%s: %v, want a wait of %d s", name, err, want)
			}
			c.now = c.now.Add(want * time.Second)
			if _, _, err := s.SignIn(ctx, Try{Address: name, Username: name, Password: "wrong"}); !errors.Is(err, ErrSignIn) {
				t.Fatalf("%s after the wait: %v", name, err)
			}
		}
	}
	c.now = c.now.Add(ceilingOfName)
	if _, _, err := s.SignIn(ctx, Try{Username: "duty", Password: "correct horse"}); err != nil {
		t.Fatalf("the right password after the wait: %v", err)
	}
	if _, _, err := s.SignIn(ctx, Try{Username: "duty", Password: "wrong"}); !errors.Is(err, ErrSignIn) {
		t.Errorf("failures before a sign-in still count: %v", err)
	}
	l, at := newLockout(freeOfName, ceilingOfName), c.now
	for range 200 {
		at = at.Add(l.try("x", at))
		l.try("x", at)
	}
	if wait := l.try("x", at); wait != ceilingOfName {
		t.Errorf("200 failures: wait %s, want the ceiling %s", wait, ceilingOfName)
	}
	if wait := l.try("x", at.Add(forgetAfter)); wait != 0 {
		t.Errorf("an hour after the last failure: wait %s", wait)
	}
}

// One address may try many names, but not without end; other addresses do not
// feel it. What is remembered of addresses is bounded.
func TestLockOutOfAnAddress(t *testing.T) {
	s, _, c := newStore(t)
	ctx := t.Context()
	for i := range freeOfAddress {
		if _, _, err := s.SignIn(ctx, Try{Address: "10.0.0.1", Username: fmt.Sprint("name", i), Password: "wrong"}); !errors.Is(err, ErrNoAccount) {
			t.Fatalf("try %d: %v", i, err)
		}
	}
	var locked *LockedError
	if _, _, err := s.SignIn(ctx, Try{Address: "10.0.0.1", Username: "one-more", Password: "wrong"}); !errors.As(err, &locked) {
		t.Errorf("after %d failures: %v", freeOfAddress, err)
	}
	for range freeOfAddress + 2 { // a good sign-in is no failure
		if _, _, err := s.SignIn(ctx, Try{Address: "10.0.0.2", Username: "duty", Password: "correct horse"}); err != nil {
			t.Fatalf("another address: %v", err)
		}
	}
	l := newLockout(freeOfAddress, ceilingOfAddress)
	for i := range maxKeys + 10 {
		l.try(fmt.Sprint(i), c.now.Add(time.Duration(i)))
	}
	if _, oldest := l.keys["0"]; oldest || len(l.keys) != maxKeys {
		t.Errorf("%d keys are remembered, want %d without the oldest", len(l.keys), maxKeys)
	}
}

// Of a flood only a few stand in line, and many tries at once on one name are
// as many failures.
func TestFloodOfSignIns(t *testing.T) {
	s, _, _ := newStore(t)
	s.hasher = newHasher()
	var mu sync.Mutex
	got := map[string]int{}
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			_, _, err := s.SignIn(t.Context(), Try{Address: fmt.Sprint("10.0.0.", i), Username: fmt.Sprint("name", i), Password: "wrong"})
			mu.Lock()
			defer mu.Unlock()
			got[fmt.Sprint(err)]++
		})
	}
	wg.Wait()
	if got[ErrBusy.Error()] < 50 || got[ErrSignIn.Error()] < maxLine {
		t.Errorf("100 tries at once: %v, want most of them refused at once and %d served", got, maxLine)
	}
	var served atomic.Int32
	for i := range 10 {
		wg.Go(func() {
			if _, _, err := s.SignIn(t.Context(), Try{Address: fmt.Sprint("10.0.1.", i), Username: "duty", Password: "wrong"}); errors.Is(err, ErrSignIn) {
				served.Add(1)
			}
		})
	}
	wg.Wait()
	if served.Load() > freeOfName {
		t.Errorf("%d of 10 guesses at once were judged, want at most %d", served.Load(), freeOfName)
	}
}

// A session is good although its use cannot be written.
func TestSessionOutlivesAFullDisk(t *testing.T) {
	s, db, c := newStore(t)
	token, _, err := s.SignIn(t.Context(), Try{Username: "duty", Password: "correct horse"})
	must(t, err)
	must(t, db.Write.Close())
	c.now = c.now.Add(time.Hour)
	if _, err := s.BySession(t.Context(), token); err != nil {
		t.Errorf("the session ended: %v", err)
	}
}

func TestAccountsAreChecked(t *testing.T) {
	s, _, _ := newStore(t)
	ok := Account{Username: "u1", Name: "n", Role: Duty, Areas: []devices.AreaPath{"xian"}}
	for field, change := range map[string]func(*Account){
		"username": func(a *Account) { a.Username = "两" },
		"name":     func(a *Account) { a.Name = "" },
		"role":     func(a *Account) { a.Role = "king" },
		"vendor":   func(a *Account) { a.Role = Vendor },
		"provider": func(a *Account) { a.Provider = "p1" },
		"areas":    func(a *Account) { a.Areas = nil },
	} {
		a := ok
		change(&a)
		var input *InputError
		if err := s.Create(t.Context(), a, "correct horse"); !errors.As(err, &input) || input.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if err := s.Create(t.Context(), ok, "short"); err == nil || strings.Contains(err.Error(), "short") {
		t.Errorf("password: %v", err)
	}
	must(t, s.Create(t.Context(), ok, ""))
	if _, _, err := s.SignIn(t.Context(), Try{Username: ok.Username}); !errors.Is(err, ErrSignIn) {
		t.Errorf("signed in to an account without a password: %v", err)
	}
	if err := s.Create(t.Context(), ok, "correct horse"); !errors.Is(err, ErrExists) {
		t.Errorf("twice: %v", err)
	}
}

func TestAuditLogIsHeldToAreas(t *testing.T) {
	s, _, _ := newStore(t)
	for i := range 500 {
		area := devices.AreaPath("xian/a")
		if i%100 != 0 {
			area = "other"
		}
		must(t, s.Audit(t.Context(), Entry{Actor: "duty", Action: "x", Area: area}))
	}
	list, err := s.AuditLog(t.Context(), AuditFilter{Scope: devices.Scope{Areas: []devices.AreaPath{"xian"}}, Before: 0, Limit: 3})
	must(t, err)
	if len(list) != 3 || list[0].ID != 401 || list[2].ID != 201 {
		t.Fatalf("%+v", list)
	}
	if list, err = s.AuditLog(t.Context(), AuditFilter{Scope: devices.Scope{Areas: []devices.AreaPath{"xian"}}, Before: 201, Limit: 3}); err != nil || len(list) != 2 {
		t.Fatalf("next page: %+v %v", list, err)
	}
}

func TestScopes(t *testing.T) {
	serves := func(a devices.AreaPath) string { return map[devices.AreaPath]string{"xian/a/1": "p1"}[a] }
	for _, test := range []struct {
		scope devices.Scope
		area  devices.AreaPath
		want  bool
	}{
		{devices.Scope{Areas: []devices.AreaPath{""}}, "xian/a/1", true},
		{devices.Scope{Areas: []devices.AreaPath{"xian/a"}}, "xian/a/1", true},
		{devices.Scope{Areas: []devices.AreaPath{"xian/a"}}, "xian/ab", false},
		{devices.Scope{Areas: []devices.AreaPath{"xian/a/1"}}, "xian/a", false},
		{devices.Scope{}, "xian/a", false},
		{devices.Scope{Areas: []devices.AreaPath{"xian"}, Provider: "p1"}, "xian/a/1", true},
		{devices.Scope{Areas: []devices.AreaPath{"xian"}, Provider: "p1"}, "xian/b/1", false},
	} {
		c := Caller{Scope: test.scope}
		if got := c.Sees(test.area, serves); got != test.want {
			t.Errorf("%+v sees %s: %v", test.scope, test.area, got)
		}
	}
}

// Areas are never left without somebody who administers them.
func TestTheLastAdministratorStays(t *testing.T) {
	s, _, _ := newStore(t)
	ctx := t.Context()
	enter := func(name string, role Role, area devices.AreaPath) Account {
		a := Account{Username: name, Name: name, Role: role, Areas: []devices.AreaPath{area}}
		if err := s.Create(ctx, a, ""); err != nil {
			t.Fatal(err)
		}
		return a
	}
	root, town := enter("root", Administrator, ""), enter("town", Administrator, "xian/a")
	root.Role = Duty
	if _, err := s.Edit(ctx, root); !errors.Is(err, ErrLastAdministrator) {
		t.Errorf("demoted: %v", err)
	}
	root.Role, root.Areas = Administrator, []devices.AreaPath{"xian"}
	if _, err := s.Edit(ctx, root); !errors.Is(err, ErrLastAdministrator) {
		t.Errorf("narrowed: %v", err)
	}
	if err := s.Disable(ctx, "root"); !errors.Is(err, ErrLastAdministrator) {
		t.Errorf("disabled: %v", err)
	}
	if a, err := s.Account(ctx, "root"); err != nil || a.Role != Administrator || a.Disabled || a.Areas[0] != "" {
		t.Errorf("%+v, %v", a, err)
	}
	town.Role = Duty
	if before, err := s.Edit(ctx, town); err != nil || before.Role != Administrator {
		t.Errorf("whose areas another sees: %+v, %v", before, err)
	}
	enter("second", Administrator, "")
	if err := s.Disable(ctx, "root"); err != nil {
		t.Error(err)
	}
	if err := s.Disable(ctx, "second"); !errors.Is(err, ErrLastAdministrator) {
		t.Errorf("one that is disabled counts: %v", err)
	}
}
