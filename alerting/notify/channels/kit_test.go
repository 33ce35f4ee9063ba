package channels_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/alerting/notify"
	"shouwang/alerting/notify/channels"
)

// night is when the tests' messages are sent.
var night = time.Date(2026, 11, 24, 2, 30, 15, 0, time.UTC)

func options() channels.Options {
	return channels.Options{Timeout: 2 * time.Second, Now: func() time.Time { return night }}
}

func message() notify.Message {
	return notify.Message{
		Key: "alert-1/opened/zhang", Notices: []string{"alert-1/opened/zhang"},
		Title: "红色：紧急呼叫（莘县/十八里铺）", Text: "有人按下紧急呼叫。\n请登录后查看并处理。", URL: "https://board.example.org/a/abc?s=1",
		Severity: alerting.Red, Reason: alerting.NoticeOpened, Language: "zh", At: night.Add(-3 * time.Second), Voice: "有人按下紧急呼叫，请立即处理。",
	}
}

// provider is a real HTTP server that plays a provider: it checks what comes in
// and answers what it was told.
type provider struct {
	*httptest.Server
	mu     sync.Mutex
	taken  []*http.Request
	bodies []string
	// answer writes the answer to the nth request, counted from 0.
	answer func(n int, w http.ResponseWriter, r *http.Request, body string)
}

func newProvider(t *testing.T, answer func(n int, w http.ResponseWriter, r *http.Request, body string)) *provider {
	t.Helper()
	p := &provider{answer: answer}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		p.mu.Lock()
		n := len(p.taken)
		p.taken, p.bodies = append(p.taken, r), append(p.bodies, string(body))
		p.mu.Unlock()
		p.answer(n, w, r, string(body))
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *provider) last() (*http.Request, string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.taken[len(p.taken)-1], p.bodies[len(p.bodies)-1]
}

func (p *provider) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.taken)
}

// says answers every request alike.
func says(status int, body string, headers ...string) func(int, http.ResponseWriter, *http.Request, string) {
	return func(_ int, w http.ResponseWriter, _ *http.Request, _ string) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// How a send ended.
const (
	taken   = "taken"
	rate    = "rate"
	refused = "refused"
	later   = "later" // temporary
)

func outcome(err error) string {
	var limited *notify.RateError
	var no *notify.RefusedError
	switch {
	case err == nil:
		return taken
	case errors.As(err, &limited):
		return rate
	case errors.As(err, &no):
		return refused
	}
	return later
}

// send sends the message and holds the error to the rule that it names no secret.
func send(t *testing.T, s notify.Sender, to string, secrets ...string) (notify.Receipt, error) {
	t.Helper()
	receipt, err := s.Send(context.Background(), notify.Address{Person: "zhang", To: to}, message())
	if err != nil {
		for _, secret := range secrets {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error holds %q: %v", secret, err)
			}
		}
	}
	return receipt, err
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
