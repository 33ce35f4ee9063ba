package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os/exec"
	"testing"
	"time"

	"shouwang/alerting"
)

// api is one person's or program's access to the HTTP API.
type api struct {
	t           *testing.T
	base, token string
	cookie      *http.Cookie
}

func (r *room) as(user string) *api {
	r.t.Helper()
	account, ok := r.accounts[user]
	if !ok {
		r.t.Fatalf("nobody is called %q", user)
	}
	return &api{t: r.t, base: r.http, token: account.Token}
}

// call returns the status, and the answer in out if it is a good one.
func (a *api) call(method, path string, in, out any) (int, string, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return 0, "", err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, a.base+path, body)
	if err != nil {
		return 0, "", err
	}
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	if a.cookie != nil {
		req.AddCookie(a.cookie)
	}
	req.Header.Set("Content-Type", "application/json")
	client := http.Client{Timeout: 10 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	for _, c := range resp.Cookies() {
		a.cookie = c
	}
	raw, err := io.ReadAll(resp.Body)
	if err == nil && out != nil && resp.StatusCode < 300 {
		err = json.Unmarshal(raw, out)
	}
	return resp.StatusCode, string(raw), err
}

func (a *api) must(status int, method, path string, in, out any) {
	a.t.Helper()
	got, answer, err := a.call(method, path, in, out)
	if err != nil {
		a.t.Fatalf("%s %s: %v\n%s", method, path, err, answer)
	}
	if got != status {
		a.t.Fatalf("%s %s: %d, want %d\n%s", method, path, got, status, answer)
	}
}

// alerts are all alerts of the query, newest event included.
func (a *api) alerts(query string) (items []alerting.Alert, asOf int64) {
	a.t.Helper()
	cursor := ""
	for {
		var page struct {
			Items []alerting.Alert
			Next  *string
			AsOf  int64 `json:"as_of_event"`
		}
		a.must(http.StatusOK, "GET", "/api/v1/alerts?limit=500&"+query+cursor, nil, &page)
		items, asOf = append(items, page.Items...), page.AsOf
		if page.Next == nil {
			return items, asOf
		}
		cursor = "&cursor=" + url.QueryEscape(*page.Next)
	}
}

func (a *api) alert(id string) (alert alerting.Alert) {
	a.t.Helper()
	a.must(http.StatusOK, "GET", "/api/v1/alerts/"+id, nil, &alert)
	return alert
}

// expectAlert waits for the one alert of the kind about the device's resident.
func (a *api) expectAlert(kind string, d *device) alerting.Alert {
	a.t.Helper()
	var items []alerting.Alert
	eventually(a.t, 10*time.Second, "alert "+kind+" of "+d.Resident, func() bool {
		items, _ = a.alerts("resident=" + d.Resident + "&kind=" + kind)
		return len(items) > 0
	})
	if len(items) != 1 {
		a.t.Fatalf("%d alerts %s of %s, want one", len(items), kind, d.Resident)
	}
	return items[0]
}

// history is what is stored of one metric of the device's resident.
func (a *api) history(d *device, metric string, from time.Time) map[time.Time]float64 {
	a.t.Helper()
	var out struct {
		Points []struct {
			TS    time.Time
			Value float64
		}
	}
	query := url.Values{"metric": {metric}, "from": {from.Format(time.RFC3339Nano)}, "limit": {"10000"}}
	a.must(http.StatusOK, "GET", "/api/v1/residents/"+d.Resident+"/history?"+query.Encode(), nil, &out)
	points := map[time.Time]float64{}
	for _, p := range out.Points {
		points[p.TS.UTC()] = p.Value
	}
	if len(points) != len(out.Points) {
		a.t.Fatalf("history of %s has %d points at %d times", d.Username, len(out.Points), len(points))
	}
	return points
}

// states are the states that the alerts are in, by id.
func states(alerts []alerting.Alert) map[string]alerting.State {
	out := map[string]alerting.State{}
	for _, a := range alerts {
		out[a.ID] = a.State
	}
	return out
}

func sameStates(t *testing.T, got, want []alerting.Alert) {
	t.Helper()
	if g, w := states(got), states(want); !maps.Equal(g, w) {
		t.Errorf("alerts %v, want %v", g, w)
	}
}

// exitCode is that of a command that was run, 0 for success.
func exitCode(err error) int {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	if err != nil {
		return -1
	}
	return 0
}
