package dashboard

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"shouwang/dashboard/access"
)

// Whoever sends names that do not exist is held back, and does not fill the
// audit log.
func TestFloodOfSignInsIsHeldBack(t *testing.T) {
	c := newCounty(t)
	answers := map[int]int{}
	wait := ""
	for i := range 30 {
		status, _, header := c.as("", "POST", "/api/v1/session", map[string]any{"username": fmt.Sprint("guess", i), "password": "wrong horse"})
		answers[status]++
		if status == http.StatusTooManyRequests {
			wait = header.Get("Retry-After")
		}
	}
	if answers[401] != 20 || answers[429] != 10 || wait == "" {
		t.Errorf("answers %v, Retry-After %q; want 20 refusals and then 429", answers, wait)
	}
	c.d.auditRefusals(t.Context())
	_, trail, _ := c.as(access.Administrator, "GET", "/api/v1/audit", nil)
	if s := text(trail); strings.Contains(s, "guess") || strings.Count(s, "sign-in-refused") != 1 || !strings.Contains(s, "20 with names") {
		t.Errorf("audit: %s", s)
	}
}

func TestAddressThatSignInsCountAgainst(t *testing.T) {
	for _, test := range []struct {
		remote, forwarded string
		plain, proxied    bool
		want              string
	}{
		{"10.0.0.7:4711", "", true, false, "10.0.0.7"},
		{"[::ffff:10.0.0.7]:4711", "", true, false, "10.0.0.7"},
		{"[2001:db8:1:2:3::4]:1", "", true, false, "2001:db8:1:2::/64"},
		{"[fe80::1%eth0]:1", "", true, false, "fe80::/64"},
		{"10.0.0.7:4711", "1.2.3.4", true, false, "10.0.0.7"},
		{"127.0.0.1:4711", "6.6.6.6, 1.2.3.4", true, false, "1.2.3.4"},
		{"127.0.0.1:4711", "not an address", true, false, "127.0.0.1"},
		{"172.18.0.2:4711", "6.6.6.6, 1.2.3.4", true, true, "1.2.3.4"},
		{"172.18.0.2:4711", "1.2.3.4", false, true, "172.18.0.2"},
		{"pipe", "", true, false, "pipe"},
	} {
		in := signIn{remote: test.remote, forwarded: test.forwarded, plain: test.plain}
		if got := in.address(test.proxied); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
}
