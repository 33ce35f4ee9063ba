package access

import (
	"encoding/base32"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"golang.org/x/crypto/argon2"

	"shouwang/devices"
)

// The vectors of RFC 6238, appendix B, in the six digits that apps show.
func TestCodesAreThoseOfTheRFC(t *testing.T) {
	secret := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte("12345678901234567890"))
	for unix, code := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		for drift, taken := range map[time.Duration]bool{0: true, 30 * time.Second: true, -30 * time.Second: true, 60 * time.Second: false, -60 * time.Second: false} {
			if unix < 60 && drift < 0 {
				continue // before 1970
			}
			step, err := stepOf(secret, code, time.Unix(unix, 0).Add(drift))
			if want := unix / 30; err != nil || taken && step != want || !taken && step != 0 {
				t.Errorf("%s at %d with a clock %s off: step %d, want %d taken %t: %v", code, unix, drift, step, want, taken, err)
			}
		}
	}
}

// enrol sets up an app for the account and returns what makes its codes.
func enrol(t *testing.T, s *Store, c *clock, user string) (code func() string, recovery []string) {
	t.Helper()
	e, err := s.BeginFactor(t.Context(), user)
	must(t, err)
	code = func() string {
		code, err := totp.GenerateCode(e.Secret, c.now)
		must(t, err)
		return code
	}
	recovery, err = s.ConfirmFactor(t.Context(), user, code())
	must(t, err)
	c.now = c.now.Add(time.Minute)
	return code, recovery
}

func TestSecondFactor(t *testing.T) {
	s, db, c := newStore(t)
	ctx := t.Context()
	in := func(code string) error {
		_, _, err := s.SignIn(ctx, Try{Username: "duty", Password: "correct horse", Code: code})
		return err
	}
	if _, err := s.ConfirmFactor(ctx, "duty", "123456"); !errors.Is(err, ErrNotEnrolling) {
		t.Errorf("confirmed what was not begun: %v", err)
	}
	_, err := s.BeginFactor(ctx, "duty")
	must(t, err)
	if err := in(""); err != nil {
		t.Errorf("an app that is being set up counts already: %v", err)
	}
	code, recovery := enrol(t, s, c, "duty")
	if _, err := s.BeginFactor(ctx, "duty"); !errors.Is(err, ErrEnrolled) {
		t.Errorf("begun again over the one that counts: %v", err)
	}
	for range 30 { // who knows the password only is asked, and not held back
		if err := in(""); !errors.Is(err, ErrCodeNeeded) {
			t.Fatalf("without a code: %v", err)
		}
	}
	if _, _, err := s.SignIn(ctx, Try{Username: "duty", Password: "wrong", Code: code()}); !errors.Is(err, ErrSignIn) {
		t.Errorf("the code without the password: %v", err)
	}
	good := code()
	must(t, in(good[:3]+" "+good[3:]))
	if err := in(good); !errors.Is(err, ErrCode) {
		t.Errorf("the code again: %v", err)
	}
	c.now = c.now.Add(30 * time.Second)
	if err := in(good); !errors.Is(err, ErrCode) {
		t.Errorf("the code again, while it is still of the step before: %v", err)
	}
	must(t, in(code()))

	if len(recovery) != recoveryCodes || len(slices.Compact(slices.Sorted(slices.Values(recovery)))) != recoveryCodes {
		t.Fatalf("recovery codes: %v", recovery)
	}
	var stored int
	must(t, db.Read.QueryRowContext(ctx, `SELECT count(*) FROM recovery_codes WHERE length(hash) = 64`).Scan(&stored))
	if stored != recoveryCodes {
		t.Errorf("%d of %d recovery codes are hashed", stored, recoveryCodes)
	}
	must(t, in(strings.ToUpper(recovery[0])))
	if err := in(recovery[0]); !errors.Is(err, ErrCode) {
		t.Errorf("a recovery code twice: %v", err)
	}
	f, err := s.Factor(ctx, "duty")
	if err != nil || !f.Enrolled || f.Codes != recoveryCodes-1 || f.Required {
		t.Errorf("%+v %v", f, err)
	}
	c.now = c.now.Add(time.Minute)
	fresh, err := s.NewRecoveryCodes(ctx, "duty", code())
	must(t, err)
	if err := in(recovery[1]); !errors.Is(err, ErrCode) {
		t.Errorf("an old recovery code: %v", err)
	}
	must(t, in(fresh[1]))

	// One code at once in many places is one sign-in.
	c.now = c.now.Add(time.Hour)
	again, taken := code(), 0
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range 4 {
		wg.Go(func() {
			if in(again) == nil {
				mu.Lock()
				taken++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if taken != 1 {
		t.Errorf("one code made %d sessions", taken)
	}

	token, _, err := s.SignIn(ctx, Try{Username: "duty", Password: "correct horse", Code: fresh[2]})
	must(t, err)
	must(t, s.ResetFactor(ctx, "duty"))
	if _, err := s.BySession(ctx, token); !errors.Is(err, ErrNoSession) {
		t.Errorf("the session outlives the reset: %v", err)
	}
	if err := in(""); err != nil {
		t.Errorf("after the reset: %v", err)
	}
	if err := s.ResetFactor(ctx, "nobody"); !errors.Is(err, ErrNotFound) {
		t.Errorf("reset of nobody: %v", err)
	}
}

// Guessing codes is held back longer than guessing passwords: who does it knows
// the password.
func TestCodesAreNotGuessed(t *testing.T) {
	s, _, c := newStore(t)
	ctx := t.Context()
	code, _ := enrol(t, s, c, "duty")
	judged := 0
	begin := c.now
	for c.now.Sub(begin) < 6*time.Hour {
		_, _, err := s.SignIn(ctx, Try{Username: "duty", Password: "correct horse", Code: "x00000"})
		var locked *LockedError
		switch {
		case errors.As(err, &locked):
			c.now = c.now.Add(locked.Wait)
		case errors.Is(err, ErrCode):
			judged++
		default:
			t.Fatal(err)
		}
	}
	// A million codes, of which three are good at a time.
	if judged > 40 {
		t.Errorf("%d guesses in six hours", judged)
	}
	c.now = c.now.Add(ceilingOfCode)
	if _, _, err := s.SignIn(ctx, Try{Username: "duty", Password: "correct horse", Code: code()}); err != nil {
		t.Errorf("the good code after the wait: %v", err)
	}
}

func TestWhoNeedsAnApp(t *testing.T) {
	s, _, c := newStore(t)
	ctx := t.Context()
	s.opts.Factor, s.opts.FactorGrace = FactorRequired, 72*time.Hour
	must(t, s.Create(ctx, Account{Username: "boss", Name: "主管", Role: Supervisor, Areas: []devices.AreaPath{"xian"}}, "correct horse"))
	program, err := s.NewToken(ctx, "boss")
	must(t, err)
	caller := func(user string) *Caller {
		_, caller, err := s.SignIn(ctx, Try{Username: user, Password: "correct horse"})
		must(t, err)
		return caller
	}
	if caller("boss").MustEnrol || caller("duty").MustEnrol {
		t.Error("an app is needed at once")
	}
	if f, err := s.Factor(ctx, "boss"); err != nil || !f.Required || f.Overdue || !f.MustUntil.Equal(c.now.Add(72*time.Hour)) {
		t.Errorf("%+v %v", f, err)
	}
	before := caller("boss")
	c.now = c.now.Add(72 * time.Hour)
	if !caller("boss").MustEnrol || caller("duty").MustEnrol {
		t.Error("after three days a supervisor may go on without an app, or a duty operator may not")
	}
	if again, err := s.Again(ctx, before); !errors.Is(err, ErrNoSession) && (err != nil || again.Same(before)) {
		t.Errorf("an open connection goes on: %v", err)
	}
	if got, err := s.ByToken(ctx, program); err != nil || got.MustEnrol {
		t.Errorf("a program needs an app: %+v %v", got, err)
	}
	for _, r := range Routes() {
		if r.Settles() && (r.Reach != Self || strings.Contains(r.Path, "alerts")) {
			t.Errorf("%s is open without an app", r.Operation)
		}
	}
	code, _ := enrol(t, s, c, "boss")
	_, got, err := s.SignIn(ctx, Try{Username: "boss", Password: "correct horse", Code: code()})
	if err != nil || got.MustEnrol {
		t.Errorf("with the app: %+v %v", got, err)
	}
	s.opts.Factor = FactorOff
	if caller("boss").MustEnrol {
		t.Error("switched off, an app is needed")
	}
}

func TestTokensAreNarrow(t *testing.T) {
	s, db, c := newStore(t)
	ctx := t.Context()
	must(t, s.Create(ctx, Account{Username: "root", Name: "管理员", Role: Administrator, Areas: []devices.AreaPath{""}}, ""))
	for field, wrong := range map[string]TokenReach{
		"role":       {Role: Provider},
		"areas":      {Areas: []devices.AreaPath{"xian", "other"}},
		"expires_at": {Expires: c.now},
		"name":       {Name: strings.Repeat("x", 65)},
	} {
		var input *InputError
		if _, _, err := s.IssueToken(ctx, "duty", wrong); !errors.As(err, &input) || input.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	for role, want := range map[Role]bool{Administrator: false, Supervisor: false, Auditor: false, TownDuty: true, Duty: true, Assistant: true, Vendor: false} {
		if Duty.Includes(role) != want {
			t.Errorf("a token of duty as %s: %t", role, !want)
		}
	}
	// A role that may do what the administrator may not lends it nothing.
	for _, r := range Routes() {
		as := Caller{Role: Duty, account: Administrator}
		if as.MayUse(r) != (r.Allows(Duty) && r.Allows(Administrator)) {
			t.Errorf("a token of the administrator as duty uses %s: %t", r.Operation, as.MayUse(r))
		}
	}
	made, token, err := s.IssueToken(ctx, "root", TokenReach{
		Name: "export", Role: Auditor, Areas: []devices.AreaPath{"xian/a"}, ReadOnly: true, Expires: c.now.Add(time.Hour), Maker: "root",
	})
	must(t, err)
	got, err := s.ByToken(ctx, token)
	if err != nil || got.Role != Auditor || !got.ReadOnly || got.Scope.Area("xian/b") || !got.Scope.Area("xian/a/1") || !got.ByToken() {
		t.Fatalf("%+v %v", got, err)
	}
	list, err := s.Tokens(ctx, "root")
	if err != nil || len(list) != 1 || list[0].ID != made.ID || list[0].Name != "export" || !list[0].Used.Equal(c.now) || list[0].Maker != "root" {
		t.Errorf("%+v %v", list, err)
	}
	var stored string
	must(t, db.Read.QueryRowContext(ctx, `SELECT hash FROM api_tokens WHERE id = $1`, made.ID).Scan(&stored))
	if strings.Contains(stored, token) || len(stored) != 64 || strings.Contains(token, made.ID) {
		t.Error("the token can be read from the store")
	}
	// The account has got narrower than the token.
	_, err = db.Write.ExecContext(ctx, `UPDATE accounts SET areas = '["other"]' WHERE username = 'root'`)
	must(t, err)
	if _, err := s.ByToken(ctx, token); !errors.Is(err, ErrNoSession) {
		t.Errorf("of an account that has no such area any more: %v", err)
	}
	_, err = db.Write.ExecContext(ctx, `UPDATE accounts SET areas = '[""]', role = 'duty' WHERE username = 'root'`)
	must(t, err)
	if _, err := s.ByToken(ctx, token); !errors.Is(err, ErrNoSession) {
		t.Errorf("of an account that is duty now: %v", err)
	}
	_, err = db.Write.ExecContext(ctx, `UPDATE accounts SET role = 'administrator' WHERE username = 'root'`)
	must(t, err)
	c.now = c.now.Add(time.Hour)
	if _, err := s.ByToken(ctx, token); !errors.Is(err, ErrNoSession) {
		t.Errorf("an hour later: %v", err)
	}
	one, first, err := s.IssueToken(ctx, "duty", TokenReach{})
	must(t, err)
	second, err := s.NewToken(ctx, "duty")
	must(t, err)
	if err := s.RevokeToken(ctx, "root", one.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("revoked by another account: %v", err)
	}
	must(t, s.RevokeToken(ctx, "duty", one.ID))
	if _, err := s.ByToken(ctx, first); !errors.Is(err, ErrNoSession) {
		t.Errorf("a revoked token: %v", err)
	}
	if _, err := s.ByToken(ctx, second); err != nil {
		t.Errorf("the other one: %v", err)
	}
}

// weakHash is salt and key by parameters that nobody should use.
func weakHash(password string) (salt, key string) {
	raw := []byte("0123456789abcdef")
	return base64.RawStdEncoding.EncodeToString(raw), base64.RawStdEncoding.EncodeToString(argon2.IDKey([]byte(password), raw, 1, 4096, 1, argonKeyLen))
}

// A hash of weaker parameters is replaced when the password is known.
func TestHashesAreBroughtUpToDate(t *testing.T) {
	s, db, _ := newStore(t)
	s.hasher = newHasher()
	ctx := t.Context()
	salt, key := weakHash("correct horse")
	_, err := db.Write.ExecContext(ctx, `UPDATE accounts SET password = $1`, "$argon2id$v=19$m=4096,t=1,p=1$"+salt+"$"+key)
	must(t, err)
	stored := func() (hash string) {
		must(t, db.Read.QueryRowContext(ctx, `SELECT password FROM accounts`).Scan(&hash))
		return hash
	}
	if _, _, err := s.SignIn(ctx, Try{Username: "duty", Password: "wrong"}); !errors.Is(err, ErrSignIn) || !strings.Contains(stored(), "m=4096") {
		t.Errorf("a wrong password: %v %s", err, stored())
	}
	for range 2 {
		if _, _, err := s.SignIn(ctx, Try{Username: "duty", Password: "correct horse"}); err != nil || !strings.HasPrefix(stored(), "$argon2id$v=19$m=19456,t=2,p=1$") {
			t.Errorf("%v %s", err, stored())
		}
	}
}

// Nobody changes a line of the audit log, or takes one out, without its being
// seen; and by SQL not even that.
func TestAuditLogIsAppendOnly(t *testing.T) {
	s, db, _ := newStore(t)
	ctx := t.Context()
	for range 5 {
		must(t, s.Audit(ctx, Entry{Actor: "duty", Action: "x", Object: "o", Area: "xian", Detail: "d"}))
	}
	for _, change := range []string{`UPDATE audit SET actor = 'me' WHERE id = 3`, `DELETE FROM audit WHERE id = 5`, `DELETE FROM audit`} {
		if _, err := db.Write.ExecContext(ctx, change); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", change, err)
		}
	}
	if n, err := s.VerifyAudit(ctx); n != 5 || err != nil {
		t.Fatalf("%d lines: %v", n, err)
	}
	for _, trigger := range []string{"audit_not_changed", "audit_not_deleted"} {
		_, err := db.Write.ExecContext(ctx, `DROP TRIGGER `+trigger)
		must(t, err)
	}
	for change, undo := range map[string]string{
		`UPDATE audit SET actor = 'me' WHERE id = 3`:                    `UPDATE audit SET actor = 'duty' WHERE id = 3`,
		`UPDATE audit SET at = at + 1 WHERE id = 4`:                     `UPDATE audit SET at = at - 1 WHERE id = 4`,
		`UPDATE audit SET detail = 'd2', action = 'x' WHERE id = 1`:     `UPDATE audit SET detail = 'd' WHERE id = 1`,
		`UPDATE audit SET object = 'o' || area, area = '' WHERE id = 5`: `UPDATE audit SET object = 'o', area = 'xian' WHERE id = 5`,
	} {
		_, err := db.Write.ExecContext(ctx, change)
		must(t, err)
		var broken *BrokenError
		if _, err := s.VerifyAudit(ctx); !errors.As(err, &broken) {
			t.Errorf("%s was not seen: %v", change, err)
		}
		_, err = db.Write.ExecContext(ctx, undo)
		must(t, err)
	}
	for _, change := range []string{`DELETE FROM audit WHERE id = 2`, `UPDATE audit SET hash = '' WHERE id = 1`} {
		_, err := db.Write.ExecContext(ctx, change)
		must(t, err)
		var broken *BrokenError
		if _, err := s.VerifyAudit(ctx); !errors.As(err, &broken) {
			t.Errorf("%s was not seen: %v", change, err)
		}
	}
}

func TestMasks(t *testing.T) {
	for name, want := range map[string]string{"": "*", "王": "*", "王明": "王*", "王小明": "王**", "欧阳 小明": "欧****", " 李四 ": "李*", "Wang Xiaoming": "W********"} {
		if got := MaskName(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
