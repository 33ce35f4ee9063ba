package dashboard

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"shouwang/dashboard/access"
	"shouwang/devices"
)

// browser keeps its cookies, as a person's does.
type browser struct {
	c      *county
	client *http.Client
}

func (c *county) browser() *browser {
	jar, err := cookiejar.New(nil)
	must(c.t, err)
	return &browser{c: c, client: &http.Client{Jar: jar}}
}

func (b *browser) do(method, path string, body any) (int, map[string]any) {
	b.c.t.Helper()
	var payload io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		must(b.c.t, err)
		payload = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(b.c.t.Context(), method, b.c.url+path, payload)
	must(b.c.t, err)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := b.client.Do(r)
	must(b.c.t, err)
	defer resp.Body.Close() //nolint:errcheck // read to its end
	data, err := io.ReadAll(resp.Body)
	must(b.c.t, err)
	var out map[string]any
	if len(data) > 0 {
		must(b.c.t, json.Unmarshal(data, &out))
	}
	return resp.StatusCode, out
}

func (b *browser) signIn(user, password, code string) (int, map[string]any) {
	in := map[string]any{"username": user, "password": password}
	if code != "" {
		in["code"] = code
	}
	return b.do("POST", "/api/v1/session", in)
}

// A supervisor who must have an app is let in to set it up and to nothing else;
// then the password alone does no more.
func TestASupervisorSetsUpAnApp(t *testing.T) {
	c := newCounty(t)
	must(t, c.access.Create(t.Context(), access.Account{Username: "boss", Name: "主管", Role: access.Supervisor, Areas: []devices.AreaPath{"xian"}}, password))
	b := c.browser()
	status, me := b.signIn("boss", password, "")
	if status != http.StatusOK || me["must_enrol"] != true || strings.Contains(text(me), "list-alerts") || !strings.Contains(text(me), "begin-factor") {
		t.Fatalf("%d %s", status, text(me))
	}
	for _, path := range []string{"/api/v1/alerts", "/api/v1/residents", "/api/v1/live", "/api/v1/status", "/api/v1/users"} {
		if status, out := b.do("GET", path, nil); status != http.StatusForbidden || path != "/api/v1/users" && out["code"] != "totp_enrolment" {
			t.Errorf("%s is open: %d %s", path, status, text(out))
		}
	}
	status, e := b.do("POST", "/api/v1/session/factor", nil)
	secret, _ := e["secret"].(string)
	if qr, _ := e["qr"].(string); status != http.StatusCreated || !strings.HasPrefix(qr, "data:image/png;base64,") || !strings.Contains(e["url"].(string), "Shouwang:boss") {
		t.Fatalf("%d %s", status, text(e))
	}
	now := time.Now()
	code := func(at time.Time) string {
		s, err := totp.GenerateCode(secret, at)
		must(t, err)
		return s
	}
	if status, out := b.do("POST", "/api/v1/session/factor/confirm", map[string]any{"code": "00000x"}); status != http.StatusUnprocessableEntity || strings.Contains(text(out), "00000x") {
		t.Errorf("a wrong code: %d %s", status, text(out))
	}
	status, out := b.do("POST", "/api/v1/session/factor/confirm", map[string]any{"code": code(now)})
	recovery, _ := out["recovery_codes"].([]any)
	if status != http.StatusOK || len(recovery) != 10 {
		t.Fatalf("%d %s", status, text(out))
	}
	if status, _ := b.do("GET", "/api/v1/alerts", nil); status != http.StatusOK {
		t.Errorf("with the app set up: %d", status)
	}
	other := c.browser()
	if status, out := other.signIn("boss", password, ""); status != http.StatusUnauthorized || out["code"] != "totp_required" {
		t.Errorf("the password alone: %d %s", status, text(out))
	}
	if status, out := other.signIn("boss", "wrong horse", code(now.Add(30*time.Second))); status != http.StatusUnauthorized || out["code"] != nil {
		t.Errorf("the code alone: %d %s", status, text(out))
	}
	if status, out := other.signIn("boss", password, code(now)); status != http.StatusUnauthorized || out["code"] != "totp_wrong" {
		t.Errorf("the code again: %d %s", status, text(out))
	}
	if status, out := other.signIn("boss", password, code(now.Add(30*time.Second))); status != http.StatusOK {
		t.Errorf("password and code: %d %s", status, text(out))
	}
	if status, _ := c.browser().signIn("boss", password, recovery[0].(string)); status != http.StatusOK {
		t.Errorf("a recovery code: %d", status)
	}
	// The phone is lost: the administrator takes the app away, and the sessions
	// with it.
	if status, out, _ := c.as(access.Administrator, "DELETE", "/api/v1/users/boss/factor", nil); status != http.StatusNoContent {
		t.Errorf("reset: %d %s", status, text(out))
	}
	if status, _ := other.do("GET", "/api/v1/session", nil); status != http.StatusUnauthorized {
		t.Errorf("the session outlives the reset: %d", status)
	}
	for _, action := range []string{"confirm-factor", "reset-user-factor"} {
		if len(c.audited(action, "boss")) != 1 {
			t.Errorf("%s is not audited", action)
		}
	}
	if lines := c.audited("sign-in-refused", ""); len(lines) != 2 || lines[0].Detail != "wrong code" {
		t.Errorf("refusals audited: %+v", lines)
	}
}

func TestOwnPassword(t *testing.T) {
	c := newCounty(t)
	b, other := c.browser(), c.browser()
	b.signIn("duty", password, "")
	other.signIn("duty", password, "")
	if status, out := b.do("POST", "/api/v1/session/password", map[string]any{"password": "wrong horse", "new_password": "12345678"}); status != http.StatusUnprocessableEntity || strings.Contains(text(out), "wrong horse") {
		t.Errorf("without the present one: %d %s", status, text(out))
	}
	if status, out := b.do("POST", "/api/v1/session/password", map[string]any{"password": password, "new_password": "battery staple"}); status != http.StatusNoContent {
		t.Fatalf("%d %s", status, text(out))
	}
	for _, one := range []*browser{b, other} {
		if status, _ := one.do("GET", "/api/v1/session", nil); status != http.StatusUnauthorized {
			t.Errorf("a session outlives the password: %d", status)
		}
	}
	if status, _ := b.signIn("duty", password, ""); status != http.StatusUnauthorized {
		t.Errorf("the old password: %d", status)
	}
	if status, _ := b.signIn("duty", "battery staple", ""); status != http.StatusOK {
		t.Errorf("the new password: %d", status)
	}
}

// A token reaches as far as it was made to, on every route and on the live view.
func TestANarrowTokenReachesNoFurther(t *testing.T) {
	c := newCounty(t)
	status, out, _ := c.as(access.Administrator, "POST", "/api/v1/users/administrator/token", map[string]any{
		"name": "wall", "role": "duty", "areas": []any{"xian/a"}, "read_only": true, "expires_at": time.Now().Add(time.Hour),
	})
	if status != http.StatusCreated {
		t.Fatalf("%d %s", status, text(out))
	}
	const wall = access.Role("wall")
	c.tokens[wall] = out["token"].(string)
	id := out["item"].(map[string]any)["id"].(string)
	for path, want := range map[string]int{
		"/api/v1/alerts/" + c.here.alert: 200, "/api/v1/alerts/" + c.there.alert: 404, "/api/v1/users": 403, "/api/v1/audit": 403,
		"/api/v1/residents/" + c.there.resident: 404,
	} {
		if status, out, _ := c.as(wall, "GET", path, nil); status != want {
			t.Errorf("%s: %d, want %d: %s", path, status, want, text(out))
		}
	}
	if status, out, _ := c.as(wall, "POST", "/api/v1/alerts/"+c.here.alert+"/ack", nil); status != http.StatusForbidden {
		t.Errorf("it acknowledges: %d %s", status, text(out))
	}
	_, me, _ := c.as(wall, "GET", "/api/v1/session", nil)
	if s := text(me); strings.Contains(s, "ack-alert") || !strings.Contains(s, "list-alerts") || strings.Contains(s, "list-users") {
		t.Errorf("it is told: %s", s)
	}
	conn := c.live(wall, "")
	c.open(c.there, "p2", "fall")
	c.open(c.here, "p1", "fall")
	for {
		m, err := next(conn)
		must(t, err)
		if m.Alert != nil {
			if m.Alert.Area != c.here.village {
				t.Errorf("the live view shows %s", m.Alert.Area)
			}
			break
		}
	}
	_, out, _ = c.as(access.Administrator, "GET", "/api/v1/users/administrator/tokens", nil)
	if s := text(out); !strings.Contains(s, `"name":"wall"`) || strings.Contains(s, c.tokens[wall]) {
		t.Errorf("listed: %s", s)
	}
	if status, _, _ := c.as(access.Administrator, "DELETE", "/api/v1/users/administrator/tokens/"+id, nil); status != http.StatusNoContent {
		t.Errorf("revoke: %d", status)
	}
	if status, _, _ := c.as(wall, "GET", "/api/v1/alerts", nil); status != http.StatusUnauthorized {
		t.Errorf("revoked: %d", status)
	}
	for { // the open connection ends with it
		if _, err := next(conn); err != nil {
			break
		}
	}
	// Nobody makes a token that reaches further than themselves.
	for name, reach := range map[string]map[string]any{"area": {"areas": []any{"xian"}}, "role": {"role": "supervisor"}} {
		if status, out, _ := c.as(townAdministrator, "POST", "/api/v1/users/"+c.here.user+"/token", reach); status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", name, status, text(out))
		}
	}
}
