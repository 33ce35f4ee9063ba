package dashboard

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"shouwang/alerting"
	"shouwang/dashboard/access"
)

// Every frame goes through the table the answers go through: what a role gets is
// what it may fetch, shown as a list shows it, and what it does not get is not
// there for it.
func TestEveryFrameIsWhatTheRoleMayFetch(t *testing.T) {
	c := newCounty(t)
	c.person(c.here)
	readers := []access.Role{townAdministrator}
	for _, r := range access.Routes() {
		if r.Operation == "live" {
			readers = append(readers, r.Roles...)
		}
	}
	for _, role := range access.AllRoles() {
		if slices.Contains(readers, role) {
			continue
		}
		if _, resp, err := c.dial(role, "?after=0", nil); err == nil || resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s follows the live view: %v", role, err)
		}
	}
	by := alerting.Actor{User: "duty"}
	for _, h := range []house{c.here, c.there} {
		_, err := c.desk.Ack(t.Context(), h.alert, by)
		must(t, err)
		_, err = c.desk.StartVisit(t.Context(), h.visit, by)
		must(t, err)
		_, err = c.desk.Close(t.Context(), h.alert, by, alerting.Closing{Outcome: alerting.Well, VerifiedBy: "duty", How: "phone"})
		must(t, err)
		c.open(h, map[string]string{"v1": "p1", "v2": "p2"}[h.device.Vendor()], alerting.KindFall)
	}
	newest, err := c.store.NewestEvent(t.Context())
	must(t, err)
	events, err := c.store.EventsAfter(t.Context(), 0, 1000)
	must(t, err)
	for _, role := range readers {
		got := map[string]int{}
		for _, f := range c.frames(role, newest) {
			for what, object := range map[string]map[string]any{"alerts": f.Alert, "visits": f.Visit} {
				if object == nil {
					continue
				}
				path := "/api/v1/" + what + "/" + object["id"].(string)
				status, now, _ := c.as(role, "GET", path, nil)
				if status != http.StatusOK {
					t.Errorf("%s got a frame of %s, which is %d for it", role, path, status)
				}
				got[object["id"].(string)]++
				framed, _ := object["resident"].(map[string]any)
				_, listed, _ := c.as(role, "GET", "/api/v1/"+what, nil)
				if framed != nil && !strings.Contains(text(listed), `"name":"`+framed["name"].(string)+`"`) {
					t.Errorf("%s: a frame names %v, the list does not: %s", role, framed["name"], text(now))
				}
			}
		}
		for _, e := range events {
			id, what := "", "alerts"
			if e.Alert != nil {
				id = e.Alert.ID
			} else if e.Visit != nil {
				id, what = e.Visit.ID, "visits"
			}
			if id == "" || got[id] > 0 {
				continue
			}
			if status, _, _ := c.as(role, "GET", "/api/v1/"+what+"/"+id, nil); status != http.StatusNotFound {
				t.Errorf("%s got no frame of %s, which is %d for it", role, id, status)
			}
		}
		if len(got) == 0 {
			t.Errorf("%s got nothing", role)
		}
	}
}

type frame struct {
	Event int64          `json:"event"`
	Type  string         `json:"type"`
	Alert map[string]any `json:"alert"`
	Visit map[string]any `json:"visit"`
}

// frames are all that the role gets of the events up to one.
func (c *county) frames(role access.Role, upTo int64) []frame {
	conn := c.live(role, "?after=0")
	defer conn.Close() //nolint:errcheck // of a test
	var list []frame
	for {
		must(c.t, conn.SetReadDeadline(time.Now().Add(5*time.Second)))
		_, data, err := conn.ReadMessage()
		must(c.t, err)
		var f frame
		must(c.t, json.Unmarshal(data, &f))
		if f.Type == "beat" && f.Event >= upTo {
			return list
		}
		if f.Type != "hello" && f.Type != "beat" {
			list = append(list, f)
		}
	}
}

// An account has so many connections, and a client says so much.
func TestLiveConnectionsAndFramesAreBounded(t *testing.T) {
	c := newCounty(t, func(o *Options) { o.Live.PerAccount, o.Live.Frames = 2, 3 })
	first, second := c.live(access.Duty, ""), c.live(access.Duty, "")
	if _, resp, err := c.dial(access.Duty, "", nil); err == nil || resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("a third connection: %v", err)
	}
	c.live(access.Assistant, "") // of another
	must(t, first.Close())
	deadline := time.Now().Add(5 * time.Second)
	for { // the place is free once the service has noticed
		conn, _, err := c.dial(access.Duty, "", nil)
		if err == nil {
			_ = conn.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the place is not free again: %v", err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	for range 10 {
		if err := second.WriteMessage(websocket.TextMessage, []byte(`{"type":"seen","event":1}`)); err != nil {
			break
		}
	}
	for cut := false; !cut; { // it says too much
		_, err := next(second)
		cut = err != nil
		if time.Now().After(deadline) {
			t.Fatal("a client that says too much is not cut off")
		}
	}
	a, now := allowance{most: 2, within: time.Second}, at(0)
	for i, want := range []bool{true, true, false} {
		if a.take(now) != want {
			t.Errorf("frame %d is taken: %t", i, !want)
		}
	}
	if !a.take(now.Add(time.Second)) {
		t.Error("the allowance does not begin again")
	}
}

// A frame too large ends the connection, and nothing of it is kept.
func TestLiveTakesNoLargeFrame(t *testing.T) {
	c := newCounty(t)
	conn := c.live(access.Duty, "")
	must(t, conn.WriteMessage(websocket.TextMessage, []byte(strings.Repeat("x", maxClientFrame+1))))
	for {
		if _, err := next(conn); err != nil {
			if !websocket.IsCloseError(err, websocket.CloseMessageTooBig, websocket.CloseAbnormalClosure) && !strings.Contains(err.Error(), "reset") {
				t.Errorf("%v", err)
			}
			break
		}
	}
}

// What keeps browsers from helping another site is on every answer, refusals and
// the way to the live view included.
func TestHeadersOnEveryAnswer(t *testing.T) {
	c := newCounty(t, func(o *Options) { o.SecureCookies = true })
	for _, test := range []struct {
		method, path, site string
		status             int
	}{
		{"GET", "/", "", 200}, {"GET", "/docs", "", 200}, {"GET", "/nothing", "", 200}, {"GET", "/api/v1/alerts", "", 401}, {"GET", "/api/v1/nothing", "", 404},
		{"POST", "/api/v1/session", "cross-site", 403}, {"DELETE", "/api/v1/session", "same-site", 403}, {"GET", "/api/v1/live", "", 401}, {"GET", "/assets/none.js", "", 404},
	} {
		r, err := http.NewRequestWithContext(t.Context(), test.method, c.url+test.path, nil)
		must(t, err)
		if test.site != "" {
			r.Header.Set("Sec-Fetch-Site", test.site)
		}
		status, out, h := c.do(r)
		if status != test.status {
			t.Errorf("%s %s: %d, want %d: %.200s", test.method, test.path, status, test.status, text(out))
		}
		for name, want := range map[string]string{
			"Content-Security-Policy": "frame-ancestors 'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
			"X-Frame-Options": "DENY", "Cross-Origin-Opener-Policy": "same-origin", "Strict-Transport-Security": "max-age=31536000",
		} {
			if !strings.Contains(h.Get(name), want) {
				t.Errorf("%s %s: %s is %q", test.method, test.path, name, h.Get(name))
			}
		}
		if policy := h.Get("Content-Security-Policy"); strings.Contains(policy, "unsafe") || !strings.Contains(policy, "script-src 'self'") {
			t.Errorf("%s: %s", test.path, policy)
		}
	}
}
