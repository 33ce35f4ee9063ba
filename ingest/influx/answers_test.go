package influx_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"shouwang/devices"
	"shouwang/ingest"
	"shouwang/ingest/influx"
	"shouwang/ingest/peer"
)

// Answers that the real server gives only when it is ill, from a made-up one.

func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}

func made(t *testing.T, handler http.HandlerFunc) *influx.Series {
	t.Helper()
	return open(t, peer.Influx{URL: serve(t, handler), Org: "o", Bucket: "b", Token: "t"})
}

func lines(t *testing.T, r *http.Request) []string {
	t.Helper()
	text, err := io.ReadAll(r.Body) // plain, to a server on this machine
	if err != nil {
		t.Error(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

func readings(n int) []devices.Reading {
	all := make([]devices.Reading, n)
	for i := range all {
		all[i] = devices.Reading{Device: devices.DeviceID(fmt.Sprint("v/", i%7)), Metric: devices.Steps, At: now.Add(time.Duration(i) * time.Second), Value: float64(i), Received: now}
	}
	return all
}

func TestErrorsThatPass(t *testing.T) {
	for _, test := range []struct {
		name   string
		status int
		header http.Header
		body   string
		after  time.Duration
		want   string
	}{
		{"overloaded", 429, http.Header{"Retry-After": {"7"}}, `{"code":"too many requests","message":"rate limit"}`, 7 * time.Second, "rate limit"},
		{"unavailable", 503, http.Header{"Retry-After": {"30"}}, "", 30 * time.Second, "503"},
		{"internal error", 500, nil, `{"code":"internal error","message":"engine: disk full"}`, 0, "disk full"},
		{"proxy without a server", 502, nil, "<html>bad gateway</html>", 0, "502"},
		{"a limit of 1.8", 400, http.Header{"X-Influxdb-Error": {"partial write: max-values-per-tag limit exceeded (100000/100000) dropped=3"}}, "", 0, "max-values-per-tag"},
		{"a wrong request", 400, nil, `{"code":"invalid","message":"invalid precision"}`, 0, "invalid precision"},
	} {
		t.Run(test.name, func(t *testing.T) {
			requests := 0
			s := made(t, func(w http.ResponseWriter, _ *http.Request) {
				requests++
				maps.Copy(w.Header(), test.header)
				if strings.HasPrefix(test.body, "{") {
					w.Header().Set("Content-Type", "application/json")
				}
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			})
			err := s.Write(t.Context(), readings(3))
			var retry *ingest.RetryError
			if !errors.As(err, &retry) || retry.After != test.after || !strings.Contains(err.Error(), test.want) {
				t.Errorf("write: %#v, want a *ingest.RetryError after %s with %q", err, test.after, test.want)
			}
			if requests != 1 {
				t.Errorf("%d requests, want one: the caller tries again", requests)
			}
		})
	}
}

func TestNoServer(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	s := open(t, peer.Influx{URL: gone.URL, Org: "o", Bucket: "b", Token: "t"})
	var retry *ingest.RetryError
	if err := s.Write(t.Context(), readings(1)); !errors.As(err, &retry) {
		t.Errorf("write: %v, want *ingest.RetryError", err)
	}
}

func TestServerThatNeverAnswers(t *testing.T) {
	s := made(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var retry *ingest.RetryError
	if err := s.Write(ctx, readings(1)); !errors.As(err, &retry) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("write: %v, want *ingest.RetryError for the deadline", err)
	}
}

// TestLargeWritesAreCutUp: what a server takes at most 100 lines of at a time
// arrives whole and in order.
func TestLargeWritesAreCutUp(t *testing.T) {
	var mu sync.Mutex
	var got []string
	largest := 0
	s := made(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		sent := lines(t, r)
		largest = max(largest, len(sent))
		if len(sent) > 100 {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		got = append(got, sent...)
		w.WriteHeader(http.StatusNoContent)
	})
	if err := s.Write(t.Context(), readings(12_000)); err != nil {
		t.Fatal(err)
	}
	if largest != 5000 {
		t.Errorf("largest request has %d lines, want 5000", largest)
	}
	if len(got) != 12_000 {
		t.Fatalf("%d lines arrived, want 12000", len(got))
	}
	for i, line := range got {
		want := fmt.Sprintf("steps,device=v/%d value=%d,received=%di %d", i%7, i, now.UnixMicro(), now.Add(time.Duration(i)*time.Second).UnixMicro())
		if line != want {
			t.Fatalf("line %d is %q, want %q", i, line, want)
		}
	}
}

func TestAReadingThatIsTooLargeAloneIsRefused(t *testing.T) {
	s := made(t, func(w http.ResponseWriter, r *http.Request) {
		for _, line := range lines(t, r) {
			if strings.Contains(line, "value=5,") {
				w.WriteHeader(http.StatusRequestEntityTooLarge)
				return
			}
		}
		w.WriteHeader(http.StatusNoContent)
	})
	all := readings(9)
	var refusal *ingest.RefusedError
	if err := s.Write(t.Context(), all); !errors.As(err, &refusal) || len(refusal.Readings) != 1 || refusal.Readings[0] != all[5] {
		t.Errorf("write: %v, want a refusal of reading 5 alone", err)
	}
}

// TestBadReadingsAreFound: a server of 2.x that says no more than that some
// are bad.
func TestBadReadingsAreFound(t *testing.T) {
	stored := map[string]bool{}
	s := made(t, func(w http.ResponseWriter, r *http.Request) {
		bad := false
		for _, line := range lines(t, r) {
			if strings.Contains(line, "value=17,") || strings.Contains(line, "value=800,") {
				bad = true
				continue
			}
			stored[line] = true
		}
		if bad {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = io.WriteString(w, `{"code":"unprocessable entity","message":"failure writing points to database: partial write: field type conflict: input field \"value\" on measurement \"steps\" is type float, already exists as type string dropped=1"}`)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	all := readings(1000)
	err := s.Write(t.Context(), all)
	var refusal *ingest.RefusedError
	if !errors.As(err, &refusal) || len(refusal.Readings) != 2 || refusal.Readings[0] != all[17] || refusal.Readings[1] != all[800] {
		t.Errorf("write: %v, want a refusal of readings 17 and 800", err)
	}
	if len(stored) != 998 {
		t.Errorf("%d stored, want 998", len(stored))
	}
}

// TestAnOutageAmidstTheSearchIsNoRefusal: what was not proven bad is written
// again later.
func TestAnOutageAmidstTheSearchIsNoRefusal(t *testing.T) {
	requests := 0
	s := made(t, func(w http.ResponseWriter, _ *http.Request) {
		if requests++; requests > 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("X-Influxdb-Error", "partial write: unable to parse 'x': bad dropped=0")
		w.WriteHeader(http.StatusBadRequest)
	})
	var retry *ingest.RetryError
	if err := s.Write(t.Context(), readings(64)); !errors.As(err, &retry) {
		t.Errorf("write: %v, want *ingest.RetryError", err)
	}
}

func TestNamesTheLineProtocolCannotCarryAreRefused(t *testing.T) {
	sent := 0
	s := made(t, func(w http.ResponseWriter, r *http.Request) {
		sent += len(lines(t, r))
		w.WriteHeader(http.StatusNoContent)
	})
	all := readings(7)
	all[1].Metric, all[2].Metric, all[3].Metric, all[4].Device = "#comment", "two\nlines", `a\,b`, `v/back\`
	all[5].Quality = "two\nlines"
	var refusal *ingest.RefusedError
	if err := s.Write(t.Context(), all); !errors.As(err, &refusal) || len(refusal.Readings) != 5 || sent != 2 {
		t.Errorf("write: %v, %d lines sent; want 5 refused, 2 sent", err, sent)
	}
}

func TestWrongOptions(t *testing.T) {
	good := influx.Options{URL: "http://127.0.0.1:8086", Org: "o", Bucket: "b", Token: "secret-token"}
	for name, spoil := range map[string]func(*influx.Options){
		"url":                           func(o *influx.Options) { o.URL = "127.0.0.1:8086" },
		"token":                         func(o *influx.Options) { o.Token = "" },
		"org":                           func(o *influx.Options) { o.Org = "" },
		"url: must not hold a password": func(o *influx.Options) { o.URL = "http://user:secret-token@127.0.0.1:8086" },
	} {
		o := good
		spoil(&o)
		_, err := influx.Open(o)
		if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "secret-token") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
