package influx_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"shouwang/devices"
	"shouwang/ingest"
	"shouwang/ingest/peer"
)

// What the real server says when it does not take a write.

func TestReadingsOfAnotherTypeAreRefusedAndTheRestIsStored(t *testing.T) {
	both(t, otherType)
}

func otherType(t *testing.T, real peer.Influx) {
	requests := counted(t, &real)
	s := open(t, real)
	metric := devices.Metric(fmt.Sprint("spoilt", time.Now().UnixNano()))
	// Somebody else has written text under the name of a metric.
	writeLine(t, real, string(metric)+`,device=x/y value="text" `+fmt.Sprint(now.UnixMicro()))

	var readings, bad []devices.Reading
	for i := range 3000 {
		r := devices.Reading{Device: "conflict/1", Metric: "fine_" + metric, At: now.Add(time.Duration(i) * time.Second), Value: float64(i), Received: now}
		if i%10 == 3 {
			r.Metric = metric
			bad = append(bad, r)
		}
		readings = append(readings, r)
	}
	requests.Store(0)
	err := s.Write(t.Context(), readings)
	var refusal *ingest.RefusedError
	if !errors.As(err, &refusal) {
		t.Fatalf("write: %v, want *ingest.RefusedError", err)
	}
	if !strings.Contains(refusal.Reason, "field type conflict") {
		t.Errorf("reason %q does not say what is wrong", refusal.Reason)
	}
	if len(refusal.Readings) != len(bad) {
		t.Errorf("%d readings refused, want %d", len(refusal.Readings), len(bad))
	}
	for _, r := range refusal.Readings {
		if r.Metric != metric {
			t.Fatalf("%v was refused, which is a good one", r)
		}
	}
	points, err := s.History(t.Context(), devices.HistoryQuery{Device: "conflict/1", Metric: "fine_" + metric, From: now, To: now.Add(time.Hour), Limit: ingest.MaxPoints})
	if err != nil || len(points) != len(readings)-len(bad) {
		t.Errorf("%d good readings stored, %v; want %d", len(points), err, len(readings)-len(bad))
	}
	if n := requests.Load(); n > 50 {
		t.Errorf("it took %d requests to find them", n)
	}
}

func TestReadingsBeyondTheRetentionAreRefused(t *testing.T) {
	both(t, beyondRetention)
}

func beyondRetention(t *testing.T, real peer.Influx) {
	if real.Major == 0 {
		t.Skip("needs a server of our own")
	}
	real.Bucket = "brief/hour"
	s := open(t, real)
	if err := s.Setup(t.Context(), time.Hour, func(string) {}); err != nil {
		t.Fatal(err)
	}
	fresh := devices.Reading{Device: "v/1", Metric: devices.Steps, At: time.Now().UTC().Truncate(time.Microsecond), Value: 1}
	old := fresh
	old.At = fresh.At.Add(-48 * time.Hour)
	err := s.Write(t.Context(), []devices.Reading{old, fresh})
	var refusal *ingest.RefusedError
	if !errors.As(err, &refusal) || len(refusal.Readings) != 1 || refusal.Readings[0] != old {
		t.Fatalf("write: %v, want a refusal of the old reading alone", err)
	}
	if got, err := s.Latest(t.Context(), "v/1"); err != nil || len(got) != 1 || got[0] != fresh {
		t.Errorf("latest: %v, %v, want %v", got, err, fresh)
	}
}

func TestWrongSettingsAreTriedAgainAndSayWhatToMend(t *testing.T) {
	both(t, wrongSettings)
}

func wrongSettings(t *testing.T, real peer.Influx) {
	for _, test := range []struct {
		name, want string
		spoil      func(*peer.Influx)
	}{
		{"wrong token", "series.token_file", func(i *peer.Influx) { i.Token = "shouwang:wrong" }},
		{"missing bucket", "series.bucket", func(i *peer.Influx) { i.Bucket = "nowhere/autogen" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			real := real
			test.spoil(&real)
			s := open(t, real)
			err := s.Write(t.Context(), []devices.Reading{{Device: "v/1", Metric: devices.Steps, At: now, Value: 1}})
			var retry *ingest.RetryError
			if !errors.As(err, &retry) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("write: %v, want a *ingest.RetryError that names %s", err, test.want)
			}
			if err := s.Check(t.Context()); err == nil {
				t.Error("check finds nothing wrong")
			}
			if strings.Contains(err.Error(), real.Token) {
				t.Errorf("the error shows the token: %v", err)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	both(t, func(t *testing.T, real peer.Influx) {
		if err := open(t, real).Check(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

var now = time.Date(2026, 3, 14, 4, 0, 0, 0, time.UTC)

// counted puts a proxy before the server that counts requests.
func counted(t *testing.T, real *peer.Influx) *atomic.Int64 {
	t.Helper()
	target, err := url.Parse(real.URL)
	if err != nil {
		t.Fatal(err)
	}
	var n atomic.Int64
	proxy := httputil.NewSingleHostReverseProxy(target)
	real.URL = serve(t, func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		proxy.ServeHTTP(w, r)
	})
	return &n
}

func writeLine(t *testing.T, real peer.Influx, line string) {
	t.Helper()
	address := real.URL + "/api/v2/write?" + url.Values{"org": {real.Org}, "bucket": {real.Bucket}, "precision": {"us"}}.Encode()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, address, strings.NewReader(line))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Token "+real.Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // nothing to do about it
	if body, _ := io.ReadAll(resp.Body); resp.StatusCode/100 != 2 {
		t.Fatalf("write %q: %s %s", line, resp.Status, body)
	}
}
