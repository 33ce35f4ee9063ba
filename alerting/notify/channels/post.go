package channels

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"shouwang/alerting/notify"
	"shouwang/devices"
)

// Bounds of one exchange with a provider.
const (
	// defaultTimeout is for the whole exchange, from the name's look-up to the
	// end of the answer.
	defaultTimeout = 10 * time.Second
	// maxAnswer is how much of an answer is read; providers send some hundred bytes.
	maxAnswer = 64 << 10
	// maxDetail is how much of a provider's words goes into an error, in runes.
	maxDetail = 200
	// defaultRetry is when to come back if the provider says no time.
	defaultRetry = time.Minute
	// maxRetry bounds the time a provider asks for: an alarm does not wait longer.
	maxRetry = time.Hour
)

// Options are what every channel may be given beside its settings.
type Options struct {
	Timeout time.Duration    // of one exchange; 0 is 10 s
	TLS     *tls.Config      // certificates to trust; nil is the system's
	Now     func() time.Time // nil is time.Now
}

func (o Options) now() func() time.Time {
	if o.Now == nil {
		return time.Now
	}
	return o.Now
}

func (o Options) timeout() time.Duration {
	if o.Timeout <= 0 {
		return defaultTimeout
	}
	return o.Timeout
}

// poster sends HTTP requests with bounds on everything, follows no redirect and
// puts no address into an error.
type poster struct {
	client *http.Client
	now    func() time.Time
}

func newPoster(o Options) *poster {
	return &poster{
		now: o.now(),
		client: &http.Client{
			Timeout: o.timeout(),
			// A redirect would take the message, and its signature, elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport: &http.Transport{
				Proxy:                  http.ProxyFromEnvironment,
				DialContext:            (&net.Dialer{Timeout: o.timeout()}).DialContext,
				TLSClientConfig:        o.TLS,
				TLSHandshakeTimeout:    o.timeout(),
				ResponseHeaderTimeout:  o.timeout(),
				MaxResponseHeaderBytes: maxAnswer,
				MaxConnsPerHost:        8,
				MaxIdleConnsPerHost:    2,
				IdleConnTimeout:        time.Minute,
				ForceAttemptHTTP2:      true,
			},
		},
	}
}

// answer is what a provider answered.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// do sends the request. Its error is one of the way there and back, and taken
// for temporary; what the answer says is for the channel to judge.
func (p *poster) do(req *http.Request) (answer, error) {
	req.Header.Set("User-Agent", "shouwang")
	resp, err := p.client.Do(req)
	if err != nil {
		// The client's own error holds the whole address.
		if withURL, ok := errors.AsType[*url.Error](err); ok {
			err = withURL.Err
		}
		return answer{}, fmt.Errorf("send: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return answer{}, fmt.Errorf("read answer: %w", err)
	}
	if len(body) > maxAnswer {
		return answer{}, fmt.Errorf("answer of status %d is longer than %d bytes", resp.StatusCode, maxAnswer)
	}
	return answer{status: resp.StatusCode, header: resp.Header, body: body}, nil
}

// request makes a POST of JSON.
func jsonRequest(ctx context.Context, address string, body []byte) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(string(body)))
	if err != nil {
		return nil, &notify.RefusedError{Detail: "the address is not one"} // err holds it
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	return req, nil
}

// judge says what a status other than 2xx means.
func (p *poster) judge(a answer, detail string) error {
	words := strings.TrimSpace(fmt.Sprintf("status %d %s", a.status, detail))
	after, said := retryAfter(a.header.Get("Retry-After"), p.now())
	switch {
	case a.status >= 200 && a.status < 300:
		return nil
	case a.status == http.StatusTooManyRequests, a.status == http.StatusServiceUnavailable && said:
		if !said {
			after = defaultRetry
		}
		return &notify.RateError{RetryAfter: after, Detail: words}
	case a.status >= 300 && a.status < 400:
		return &notify.RefusedError{Detail: fmt.Sprintf("status %d: redirects are not followed", a.status)}
	case a.status == http.StatusRequestTimeout, a.status == http.StatusTooEarly, a.status >= 500:
		return errors.New(words)
	default:
		return &notify.RefusedError{Detail: words}
	}
}

// retryAfter reads the header of that name: seconds, or a date (RFC 9110, 10.2.3).
func retryAfter(value string, now time.Time) (time.Duration, bool) {
	if value == "" {
		return 0, false
	}
	var after time.Duration
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		after = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		after = at.Sub(now)
	} else {
		return 0, false
	}
	return min(max(after, time.Second), maxRetry), true
}

// words makes a provider's text fit for an error and a log: one short line in
// which none of the secrets stands.
func words(text string, secrets ...string) string {
	for _, s := range secrets {
		if len(s) >= 4 { // shorter ones would make holes everywhere
			text = strings.ReplaceAll(text, s, "***")
		}
	}
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > maxDetail {
		text = string(runes[:maxDetail]) + "…"
	}
	return text
}

// checkURL says what is wrong with an address to send to.
func checkURL(field, address string) error {
	u, err := url.Parse(address)
	switch {
	case address == "":
		return &devices.InputError{Field: field, Rule: "missing"}
	case err != nil: // url.Parse's error holds the address
		return &devices.InputError{Field: field, Value: "(hidden)", Rule: "must be an address"}
	case u.Scheme != "https" && u.Scheme != "http":
		return &devices.InputError{Field: field, Value: words(u.Scheme, address), Rule: "must begin with https:// or http://"}
	case u.Hostname() == "":
		return &devices.InputError{Field: field, Value: "(hidden)", Rule: "must name a host"}
	case u.User != nil:
		return &devices.InputError{Field: field, Value: u.Host, Rule: "must hold no user name or password"}
	case u.Fragment != "":
		return &devices.InputError{Field: field, Value: u.Host, Rule: "must hold no #"}
	}
	return nil
}

// cut shortens text to at most n bytes of UTF-8, whole runes only.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	const more = "…"
	n = max(n-len(more), 0)
	for n > 0 && text[n]&0xC0 == 0x80 {
		n--
	}
	return text[:n] + more
}

// fit joins the title, the text and the link to at most n bytes. The link stays
// whole: half of one leads nowhere. What does not fit is the text's end.
func fit(title, text, link string, n int) string {
	if link != "" {
		link = "\n" + link
	}
	head := title
	if text != "" {
		head += "\n" + text
	}
	return cut(head, n-len(link)) + link
}
