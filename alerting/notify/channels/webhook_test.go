package channels_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"shouwang/alerting/notify"
	"shouwang/alerting/notify/channels"
)

const webhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func webhook(t *testing.T, url string) *channels.Webhook {
	t.Helper()
	return must[*channels.Webhook](t)(channels.NewWebhook(channels.WebhookSettings{URL: url, Secret: webhookSecret}, options()))
}

// verified is the receiver's side, as docs/channels.md tells it.
func verified(r *http.Request, body string) bool {
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(webhookSecret, "whsec_"))
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(r.Header.Get("webhook-id") + "." + r.Header.Get("webhook-timestamp") + "." + body))
	return hmac.Equal([]byte("v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil))), []byte(r.Header.Get("webhook-signature")))
}

func TestWebhookIsSignedAndToldApartByItsKey(t *testing.T) {
	p := newProvider(t, func(_ int, w http.ResponseWriter, r *http.Request, body string) {
		if !verified(r, body) {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	hook := webhook(t, p.URL+"/in?team=1")
	first, err := send(t, hook, "desk")
	if err != nil {
		t.Fatal(err)
	}
	if !first.Delivered || first.ID == "" {
		t.Errorf("receipt %+v", first)
	}
	r, body := p.last()
	if r.Method != http.MethodPost || r.URL.RawQuery != "team=1" || r.Header.Get("Webhook-Timestamp") != "1795487415" {
		t.Errorf("%s %s at %s", r.Method, r.URL, r.Header.Get("Webhook-Timestamp"))
	}
	var got struct {
		Type string
		Data map[string]any
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	if got.Type != "notice.opened" || got.Data["severity"] != "red" || got.Data["to"] != "desk" || got.Data["key"] != "alert-1/opened/zhang" {
		t.Errorf("body %s", body)
	}
	if strings.Contains(body, `"zhang"`) {
		t.Errorf("the body names the account: %s", body)
	}
	again, err := send(t, hook, "desk")
	if err != nil {
		t.Fatal(err)
	}
	if r2, _ := p.last(); again.ID != first.ID || r2.Header.Get("Idempotency-Key") != r.Header.Get("Idempotency-Key") {
		t.Error("the same message has another id when it is sent again")
	}
}

func TestWhatAStatusMeans(t *testing.T) {
	for _, c := range []struct {
		status int
		header string
		want   string
		after  time.Duration
	}{
		{200, "", taken, 0}, {202, "", taken, 0}, {204, "", taken, 0},
		{429, "", rate, time.Minute}, {429, "7", rate, 7 * time.Second},
		{429, "Tue, 24 Nov 2026 02:31:00 GMT", rate, 45 * time.Second},
		{429, "999999", rate, time.Hour}, {429, "soon", rate, time.Minute},
		{503, "", later, 0}, {503, "30", rate, 30 * time.Second},
		{500, "", later, 0}, {502, "", later, 0}, {504, "", later, 0}, {408, "", later, 0},
		{400, "", refused, 0}, {401, "", refused, 0}, {404, "", refused, 0}, {410, "", refused, 0},
	} {
		headers := []string{}
		if c.header != "" {
			headers = []string{"Retry-After", c.header}
		}
		if c.status == 204 {
			headers = nil
		}
		p := newProvider(t, func(_ int, w http.ResponseWriter, _ *http.Request, _ string) {
			for i := 0; i+1 < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			w.WriteHeader(c.status)
		})
		_, err := send(t, webhook(t, p.URL+"/secret-path"), "", "secret-path", webhookSecret)
		if got := outcome(err); got != c.want {
			t.Errorf("status %d %s: %s (%v), want %s", c.status, c.header, got, err, c.want)
		}
		var limited *notify.RateError
		if errors.As(err, &limited) && limited.RetryAfter != c.after {
			t.Errorf("status %d %s: again after %v, want %v", c.status, c.header, limited.RetryAfter, c.after)
		}
	}
}

func TestNoRedirectIsFollowed(t *testing.T) {
	elsewhere := newProvider(t, says(200, ""))
	for _, status := range []int{301, 302, 303, 307, 308} {
		p := newProvider(t, says(status, "", "Location", elsewhere.URL))
		if _, err := send(t, webhook(t, p.URL), ""); outcome(err) != refused {
			t.Errorf("status %d: %v", status, err)
		}
	}
	if elsewhere.count() != 0 {
		t.Error("the message went where the redirect pointed")
	}
}

func TestAnAnswerIsBounded(t *testing.T) {
	p := newProvider(t, func(_ int, w http.ResponseWriter, _ *http.Request, _ string) {
		_, _ = io.WriteString(w, strings.Repeat("x", 70<<10))
	})
	if _, err := send(t, webhook(t, p.URL), ""); outcome(err) != later || !strings.Contains(err.Error(), "longer than 65536 bytes") {
		t.Errorf("a huge answer: %v", err)
	}
	echo := newProvider(t, func(_ int, w http.ResponseWriter, r *http.Request, _ string) {
		w.WriteHeader(400)
		_, _ = io.WriteString(w, "no such team at http://"+r.Host+r.URL.String()+"\n\x1b[31m "+webhookSecret+" "+strings.Repeat("长", 500))
	})
	_, err := send(t, webhook(t, echo.URL+"/t0ken"), "", "t0ken", webhookSecret, "\n", "\x1b")
	if outcome(err) != refused || len([]rune(err.Error())) > 260 {
		t.Errorf("%d runes: %v", len([]rune(err.Error())), err)
	}
}

func TestAProviderThatDoesNotAnswer(t *testing.T) {
	release := make(chan struct{})
	p := newProvider(t, func(_ int, _ http.ResponseWriter, _ *http.Request, _ string) { <-release })
	defer close(release)
	o := options()
	o.Timeout = 50 * time.Millisecond
	hook := must[*channels.Webhook](t)(channels.NewWebhook(channels.WebhookSettings{URL: p.URL + "/t0ken", Secret: webhookSecret}, o))
	start := time.Now()
	if _, err := send(t, hook, "", "t0ken", p.URL); outcome(err) != later {
		t.Errorf("a silent provider: %v", err)
	}
	hook = webhook(t, p.URL)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := hook.Send(ctx, notify.Address{}, message()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the caller's deadline: %v", err)
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("it took %v", took)
	}
	// Nobody listens there.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	if _, err := send(t, webhook(t, "http://"+l.Addr().String()+"/t0ken"), "", "t0ken"); outcome(err) != later {
		t.Errorf("nobody there: %v", err)
	}
}

func TestWebhookSettings(t *testing.T) {
	if err := (channels.WebhookSettings{URL: "https://example.org/in", Secret: webhookSecret}).Check(); err != nil {
		t.Error(err)
	}
	for _, c := range []struct{ url, secret, want string }{
		{"", webhookSecret, "url: missing"},
		{"ftp://example.org/s3cret", webhookSecret, "must begin with https:// or http://"},
		{"file:///etc/passwd", webhookSecret, "must begin with"},
		{"https://", webhookSecret, "must name a host"},
		{"https://me:s3cret@example.org/", webhookSecret, "no user name or password"},
		{"https://example.org/\x7fs3cret", webhookSecret, "must be an address"},
		{"https://example.org/in", "", "secret: missing"},
		{"https://example.org/in", "s3cret", "24 to 64 bytes"},
	} {
		err := channels.WebhookSettings{URL: c.url, Secret: c.secret}.Check()
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v, want %q and no secret", c.url, err, c.want)
		}
	}
}
