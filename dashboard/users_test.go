package dashboard

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"shouwang/alerting"
	"shouwang/dashboard/access"
)

// Whoever is signed in with an account that is given other areas sees no more than
// those from then on: by session, by token, and on a live view that is open.
func TestAnEditedAccountIsNarrowedAtOnce(t *testing.T) {
	c := newCounty(t, func(o *Options) { o.Live.Beat = time.Minute })
	conn := c.live(access.TownDuty, "")
	until(t, conn, isType("hello"))
	until(t, conn, isType("beat"))
	session := c.session(access.TownDuty)
	bySession := func(path string) int {
		r := c.request("GET", path, nil)
		r.AddCookie(&http.Cookie{Name: cookieName, Value: session})
		status, _, _ := c.do(r)
		return status
	}
	if status := bySession("/api/v1/alerts/" + c.here.alert); status != http.StatusOK {
		t.Fatalf("before: %d", status)
	}
	edited := map[string]any{"name": "王强", "role": "assistant", "areas": []any{"xian/b/1"}}
	status, out, _ := c.as(access.Administrator, "PUT", "/api/v1/users/town_duty", edited)
	if status != http.StatusOK || out["role"] != "assistant" || out["name"] != "王强" {
		t.Fatalf("%d %s", status, text(out))
	}
	_, err := c.desk.Ack(t.Context(), c.here.alert, alerting.System())
	must(t, err)
	for {
		m, err := next(conn)
		if websocket.IsCloseError(err, websocket.ClosePolicyViolation) {
			break
		}
		must(t, err)
		if m.Alert != nil && m.Alert.Area == c.here.village {
			t.Fatalf("after the edit the live view shows %+v", m)
		}
	}
	for path, want := range map[string]int{
		"/api/v1/alerts/" + c.here.alert: http.StatusNotFound, "/api/v1/alerts/" + c.there.alert: http.StatusOK, "/api/v1/rules": http.StatusForbidden,
	} {
		if got := bySession(path); got != want {
			t.Errorf("%s by session: %d, want %d", path, got, want)
		}
		if got, _, _ := c.byToken(access.TownDuty, "GET", path, nil); got != want {
			t.Errorf("%s by token: %d, want %d", path, got, want)
		}
	}
	_, log, _ := c.as(access.Administrator, "GET", "/api/v1/audit?action=update-user", nil)
	if !strings.Contains(text(log), `town_duty [\"xian/a\"] → assistant [\"xian/b/1\"]`) {
		t.Errorf("the audit log says %s", text(log))
	}
}

// Nobody widens an account, or their own.
func TestWhoMayEditAnAccount(t *testing.T) {
	c := newCounty(t)
	for _, test := range []struct {
		by, user, role, area string
		want                 int
	}{
		{"town_administrator", c.here.user, "duty", "xian", http.StatusUnprocessableEntity}, // wider than its own
		{"town_administrator", c.there.user, "duty", "xian/a", http.StatusNotFound},
		{"town_administrator", "administrator", "duty", "xian/a", http.StatusNotFound},
		{"town_administrator", "town_administrator", "administrator", "xian/a", http.StatusConflict},
		{"administrator", "administrator", "duty", "", http.StatusConflict},
		{"administrator", "nobody", "duty", "", http.StatusNotFound},
		{"administrator", c.here.user, "king", "", http.StatusUnprocessableEntity},
		{"administrator", c.here.user, "vendor", "", http.StatusUnprocessableEntity}, // of which vendor?
		{"supervisor", c.here.user, "duty", "xian/a", http.StatusForbidden},
		{"administrator", c.here.user, "duty", "xian/a", http.StatusOK},
	} {
		status, out, _ := c.as(access.Role(test.by), "PUT", "/api/v1/users/"+test.user, map[string]any{"name": "x", "role": test.role, "areas": []any{test.area}})
		if status != test.want {
			t.Errorf("%+v: %d %s", test, status, text(out))
		}
	}
}

// An administrator's own password and app are guarded by the present ones.
func TestAnAdministratorIsNoBackDoorToItself(t *testing.T) {
	c := newCounty(t)
	for path, body := range map[string]any{"/factor": nil, "/password": map[string]any{"password": "another one"}} {
		method := map[bool]string{true: "DELETE", false: "POST"}[body == nil]
		if status, out, _ := c.as(access.Administrator, method, "/api/v1/users/administrator"+path, body); status != http.StatusConflict {
			t.Errorf("own %s: %d %s", path, status, text(out))
		}
		if status, out, _ := c.as(access.Administrator, method, "/api/v1/users/town_administrator"+path, body); status != http.StatusNoContent {
			t.Errorf("another's %s: %d %s", path, status, text(out))
		}
	}
	if f, err := c.access.Factor(t.Context(), "administrator"); err != nil || !f.Enrolled {
		t.Errorf("%+v, %v", f, err)
	}
}

// A program does not decide where its owner is called, however wide its token; nor
// does it make accounts or tokens.
func TestTokensDoNotDoWhatIsPeoples(t *testing.T) {
	c := newCounty(t)
	channels := map[string]any{"language": "en", "channels": []any{}}
	if status, out, _ := c.byToken(access.Duty, "PUT", "/api/v1/me/channels", channels); status != http.StatusForbidden || !strings.Contains(text(out), "not for tokens") {
		t.Errorf("%d %s", status, text(out))
	}
	if _, told, _ := c.as(access.Duty, "GET", "/api/v1/me/channels", nil); told["language"] != "zh" {
		t.Errorf("%s", text(told))
	}
	if status, out, _ := c.as(access.Duty, "PUT", "/api/v1/me/channels", channels); status != http.StatusOK {
		t.Errorf("a person: %d %s", status, text(out))
	}
	_, me, _ := c.byToken(access.Administrator, "GET", "/api/v1/session", nil)
	for _, operation := range []string{"put-own-channels", "set-user-password", "reveal-resident"} {
		if strings.Contains(text(me), `"`+operation+`"`) {
			t.Errorf("%s is offered to a token", operation)
		}
	}
	// One that sets a deployment up makes accounts, but nobody with its own powers.
	account := map[string]any{"username": "new", "name": "x", "role": "duty", "areas": []any{"xian"}}
	if status, out, _ := c.byToken(access.Administrator, "POST", "/api/v1/users", account); status != http.StatusCreated {
		t.Errorf("%d %s", status, text(out))
	}
	if status, out, _ := c.byNarrowToken(access.Administrator, "POST", "/api/v1/users/new/token", nil); status != http.StatusForbidden {
		t.Errorf("one with an end: %d %s", status, text(out))
	}
	account["username"], account["role"] = "king", "administrator"
	if status, out, _ := c.byToken(access.Administrator, "POST", "/api/v1/users", account); status != http.StatusForbidden {
		t.Errorf("%d %s", status, text(out))
	}
	if status, out, _ := c.byToken(access.Administrator, "POST", "/api/v1/users/administrator/token", nil); status != http.StatusForbidden {
		t.Errorf("a token of its own: %d %s", status, text(out))
	}
	if !strings.Contains(text(me), `"list-users"`) {
		t.Errorf("list-users is not offered: %s", text(me))
	}
}

// An auditor needs the log and the figures, not what somebody saw in a home.
func TestAuditorsSeeNothingOfHomes(t *testing.T) {
	c := newCounty(t)
	for _, path := range []string{"/photos/" + c.here.photo, "/entries"} {
		if status, _, _ := c.as(access.Auditor, "GET", "/api/v1/visits/"+c.here.visit+path, nil); status != http.StatusForbidden {
			t.Errorf("%s: %d", path, status)
		}
		if status, _, _ := c.as(access.Assistant, "GET", "/api/v1/visits/"+c.here.visit+path, nil); status != http.StatusOK {
			t.Errorf("%s for who works there: %d", path, status)
		}
	}
	if status, _, _ := c.as(access.Auditor, "GET", "/api/v1/visits/"+c.here.visit, nil); status != http.StatusOK {
		t.Errorf("the visit itself: %d", status)
	}
}
