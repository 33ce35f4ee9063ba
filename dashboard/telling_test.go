package dashboard

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"shouwang/alerting"
	"shouwang/alerting/notify"
	"shouwang/alerting/store"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

// refuser is an SMS gateway that knows one number.
type refuser struct{}

func (refuser) Send(_ context.Context, to notify.Address, _ notify.Message) (notify.Receipt, error) {
	if to.To == "13800000000" {
		return notify.Receipt{ID: "1", Delivered: true}, nil
	}
	return notify.Receipt{}, &notify.RefusedError{Detail: "no such number"}
}

func telling(t *testing.T, alerts *store.Store) *Telling {
	t.Helper()
	channels := []notify.Channel{{Name: "sms", Kind: "sms", Sender: refuser{}}, {Name: "dingtalk", Kind: "dingtalk", Shared: true, Sender: refuser{}}}
	people, err := notify.OpenPeople(t.Context(), alerts, channels)
	must(t, err)
	key, err := alerts.ServiceKey(t.Context(), "links")
	must(t, err)
	texts := notify.Texts{Zone: time.UTC, AreaName: func(a devices.AreaPath) string { return map[devices.AreaPath]string{"xian/a": "甲镇"}[a] }}
	return &Telling{
		People: people, Outbox: alerts, Links: &notify.Links{Key: key, Base: "https://sw.example", Lasts: time.Hour}, Texts: &texts,
		Dispatcher: notify.NewDispatcher(notify.Options{
			Outbox: alerts, People: people, Channels: channels, Texts: texts, Timing: notify.DefaultTiming(), Log: zerolog.Nop(), Metrics: prometheus.NewRegistry(),
		}),
	}
}

// dispatching lets the dispatcher run for the rest of the test.
func (c *county) dispatching() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.d.opts.Telling.Dispatcher.Run(ctx) }()
	c.t.Cleanup(func() { cancel(); must(c.t, <-done) })
}

func TestSomebodySaysHowToBeToldAndTriesIt(t *testing.T) {
	c := newCounty(t)
	c.dispatching()
	channel := func(address string) map[string]any {
		return map[string]any{"channel": "sms", "address": address, "enabled": true, "quiet_from": "22:00", "quiet_to": "07:00"}
	}
	put := func(channels ...any) (int, map[string]any) {
		status, body, _ := c.as(access.Duty, "PUT", "/api/v1/me/channels", map[string]any{"language": "zh", "channels": channels})
		return status, body
	}
	if status, body := put(channel("not a number")); status != http.StatusUnprocessableEntity || !strings.Contains(text(body), "channels[0].address") {
		t.Errorf("%d %s", status, text(body))
	}
	if status, body := put(map[string]any{"channel": "pigeon", "address": "", "enabled": true}); status != http.StatusUnprocessableEntity || !strings.Contains(text(body), "channels[0].channel") {
		t.Errorf("%d %s", status, text(body))
	}
	if status, body := put(channel("13800000000"), channel("13900000000")); status != http.StatusOK || !strings.Contains(text(body), `"22:00"`) {
		t.Fatalf("%d %s", status, text(body))
	}
	if !c.d.opts.Telling.People.Reachable("duty", time.Now()) {
		t.Error("not reachable")
	}
	for number, want := range map[string]string{"13800000000": "delivered", "13900000000": "failed"} {
		status, body, _ := c.as(access.Duty, "POST", "/api/v1/me/channels/test", map[string]any{"channel": "sms", "address": number})
		if status != http.StatusOK || body["state"] != want || want == "failed" && !strings.Contains(text(body), "no such number") {
			t.Errorf("%s: %d %s", number, status, text(body))
		}
	}
	_, body, _ := c.as(access.Administrator, "GET", "/api/v1/users/duty/channels", nil)
	list, _ := body["channels"].([]any)
	if len(list) != 2 || list[0].(map[string]any)["verified_at"] == nil || list[1].(map[string]any)["verified_at"] != nil {
		t.Errorf("%s", text(body))
	}
	// The lists of the administrator: addresses are masked.
	status, body, _ := c.as(access.Administrator, "GET", "/api/v1/outbox?reason=test", nil)
	if items, _ := body["items"].([]any); status != http.StatusOK || len(items) != 2 || strings.Contains(text(body), "13800000000") || !strings.Contains(text(body), "***0000") {
		t.Errorf("%d %s", status, text(body))
	}
	if _, body, _ := c.as(access.Administrator, "GET", "/api/v1/channels", nil); !strings.Contains(text(body), `"last_error":"refused: no such number"`) && !strings.Contains(text(body), `"last_success":"2`) {
		t.Errorf("%s", text(body))
	}
}

func TestAFailedNoticeIsSentAgainOnRequest(t *testing.T) {
	c := newCounty(t)
	c.dispatching()
	must(t, c.d.opts.Telling.People.Put(t.Context(), c.here.user, notify.Person{Language: "zh", Channels: []notify.PersonChannel{{Channel: "sms", Address: "13900000000", Enabled: true}}}))
	must(t, c.store.AddTest(t.Context(), alerting.Notice{Key: "again", Person: c.here.user, Reason: alerting.NoticeOpened, Alert: c.here.alert, Severity: alerting.Red, Area: c.here.village, At: time.Now()}))
	wait := func(state string) {
		t.Helper()
		for range 100 {
			if _, body, _ := c.as(access.Supervisor, "GET", "/api/v1/outbox?state="+state+"&alert="+c.here.alert, nil); strings.Contains(text(body), `"again"`) {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Fatalf("notice is never %s", state)
	}
	wait("failed")
	must(t, c.d.opts.Telling.People.Put(t.Context(), c.here.user, notify.Person{Language: "zh", Channels: []notify.PersonChannel{{Channel: "sms", Address: "13800000000", Enabled: true}}}))
	if status, body, _ := c.as(access.Supervisor, "POST", "/api/v1/outbox/retry", map[string]any{"key": "again"}); status != http.StatusOK {
		t.Fatalf("%d %s", status, text(body))
	}
	wait("delivered")
}

// open is what a phone gets from a link.
func (c *county) link(method, path, form string, header ...string) (int, string) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, strings.NewReader(form))
	must(c.t, err)
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	must(c.t, err)
	defer res.Body.Close() //nolint:errcheck // read to its end
	b, err := io.ReadAll(res.Body)
	must(c.t, err)
	if res.StatusCode != http.StatusForbidden || header == nil {
		for name, want := range map[string]string{"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'", "X-Robots-Tag": "noindex"} {
			if got := res.Header.Get(name); !strings.Contains(got, want) {
				c.t.Errorf("%s %s: %s: %q", method, path[:6], name, got)
			}
		}
	}
	if strings.Contains(string(b), "王") || strings.Contains(string(b), "<script") {
		c.t.Errorf("a name or a script: %s", b)
	}
	return res.StatusCode, string(b)
}

func (c *county) state(alert string) alerting.State {
	c.t.Helper()
	a, err := c.store.Alert(c.t.Context(), devices.Scope{Areas: []devices.AreaPath{""}}, alert)
	must(c.t, err)
	return a.State
}

const confirm = "confirm=ack"

func TestALinkAcknowledgesByItsFormAloneAndOnce(t *testing.T) {
	c := newCounty(t)
	path := "/a/" + c.d.opts.Telling.Links.Token(c.here.alert, "duty", time.Now())

	// Whoever looks changes nothing: robots that preview links, and those that
	// send a form of their own.
	for _, method := range []string{"GET", "HEAD", "GET", "POST"} {
		status, page := c.link(method, path, "")
		if status != http.StatusOK || method == "GET" && (!strings.Contains(page, "红色 一键呼救") || !strings.Contains(page, "甲镇") || !strings.Contains(page, "<button>")) {
			t.Errorf("%s: %d %s", method, status, page)
		}
	}
	for _, method := range []string{"PUT", "DELETE", "OPTIONS"} {
		r, err := http.NewRequestWithContext(t.Context(), method, c.url+path, nil)
		must(t, err)
		res, err := http.DefaultClient.Do(r)
		must(t, err)
		_ = res.Body.Close()
	}
	if s := c.state(c.here.alert); s != alerting.Open {
		t.Fatalf("somebody looked and it is %s", s)
	}
	if status, _ := c.link("POST", path, confirm, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"); status != http.StatusForbidden || c.state(c.here.alert) != alerting.Open {
		t.Errorf("a page of another site acknowledged: %d", status)
	}

	if status, page := c.link("POST", path, confirm, "Sec-Fetch-Site", "same-origin"); status != http.StatusOK || !strings.Contains(page, "接警成功") {
		t.Fatalf("%d %s", status, page)
	}
	a, err := c.store.Alert(t.Context(), devices.Scope{Areas: []devices.AreaPath{""}}, c.here.alert)
	must(t, err)
	if a.State != alerting.Acknowledged || a.Assignee == nil || *a.Assignee != "duty" {
		t.Errorf("%+v", a)
	}
	if _, page := c.link("POST", path, confirm); !strings.Contains(page, "您已接警") {
		t.Errorf("the second time: %s", page)
	}
	if _, body, _ := c.as(access.Administrator, "GET", "/api/v1/audit", nil); strings.Count(text(body), `"by link"`) != 1 {
		t.Errorf("audit: %s", text(body))
	}
	// Somebody else's link names who was faster.
	other := "/a/" + c.d.opts.Telling.Links.Token(c.here.alert, "supervisor", time.Now())
	for _, method := range []string{"GET", "POST"} {
		if _, page := c.link(method, other, confirm); !strings.Contains(page, "name of duty") {
			t.Errorf("%s: %s", method, page)
		}
	}
	// The alert comes back: a used link is used, another still works.
	_, err = c.desk.Reopen(t.Context(), c.here.alert, alerting.System(), "again")
	must(t, err)
	if status, page := c.link("POST", path, confirm); status != http.StatusGone || !strings.Contains(page, "已用过") || c.state(c.here.alert) != alerting.Open {
		t.Errorf("%d %s", status, page)
	}
	if _, page := c.link("POST", other, confirm); !strings.Contains(page, "接警成功") {
		t.Errorf("%s", page)
	}
}

func TestALinkThatIsNotGoodSaysSoPlainly(t *testing.T) {
	c := newCounty(t)
	links := c.d.opts.Telling.Links
	good := links.Token(c.here.alert, "duty", time.Now())
	foreign := notify.Links{Key: []byte("another"), Base: "https://sw.example", Lasts: time.Hour}
	must(t, c.access.Disable(t.Context(), "town_duty"))
	for name, l := range map[string]struct {
		token  string
		status int
		says   string
	}{
		"changed":        {good[:10] + map[bool]string{true: "B", false: "A"}[good[10] == 'A'] + good[11:], http.StatusNotFound, "链接无效"},
		"cut":            {good[:len(good)-4], http.StatusNotFound, "链接无效"},
		"another key":    {foreign.Token(c.here.alert, "duty", time.Now()), http.StatusNotFound, "链接无效"},
		"nonsense":       {"x", http.StatusNotFound, "链接无效"},
		"expired":        {links.Token(c.here.alert, "duty", time.Now().Add(-2*time.Hour)), http.StatusGone, "已过期"},
		"outside":        {links.Token(c.there.alert, "duty", time.Now()), http.StatusForbidden, "不能接"},
		"may not":        {links.Token(c.here.alert, "assistant", time.Now()), http.StatusForbidden, "不能接"},
		"left the desk":  {links.Token(c.here.alert, "town_duty", time.Now()), http.StatusForbidden, "不能接"},
		"nobody of ours": {links.Token(c.here.alert, "x", time.Now()), http.StatusForbidden, "不能接"},
		"no such alert":  {links.Token("x", "duty", time.Now()), http.StatusForbidden, "不能接"},
	} {
		for _, method := range []string{"GET", "POST"} {
			status, page := c.link(method, "/a/"+url.PathEscape(l.token), confirm)
			if status != l.status || !strings.Contains(page, l.says) || strings.Contains(page, "<button>") {
				t.Errorf("%s, %s: %d %s", name, method, status, page)
			}
		}
	}
	if c.state(c.here.alert) != alerting.Open || c.state(c.there.alert) != alerting.Open {
		t.Error("acknowledged")
	}
	if _, err := links.Read(good, time.Now().Add(2*time.Hour)); !errors.Is(err, notify.ErrLinkExpired) {
		t.Error(err)
	}
}
