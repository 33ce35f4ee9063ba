package channels

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"shouwang/alerting/notify"
	"shouwang/devices"
)

// GatewaySettings say how a provider of SMS or voice calls is asked over HTTP.
// Values, Query, Headers, Form and Body are templates (docs/channels.md).
type GatewaySettings struct {
	URL     string            // no template: nothing of a message decides where it goes
	Method  string            // POST if empty; GET, PUT
	Values  map[string]string // templates that the others use by {{index .Values "name"}}
	Query   map[string]string
	Headers map[string]string
	Form    map[string]string // sent as application/x-www-form-urlencoded
	Body    string            // sent as ContentType; not with Form
	// ContentType of Body; application/json; charset=utf-8 if empty.
	ContentType string
	Sign        Signature
	Params      map[string]string // fixed values: a sender's name, a template's id
	Secrets     map[string]string // the same, but never shown
	Answer      AnswerRule
}

// AnswerRule says what an answer means. A path names a field of its JSON, such
// as Response.SendStatusSet.0.Code. Codes match whole, or by their beginning
// when they end in *.
type AnswerRule struct {
	// OK is the path of the field that says whether it was taken, and Is what it
	// then holds; without Is it is enough that the field is there and not empty.
	// Without OK any status 2xx will do.
	OK, Is string
	ID     string   // path of the provider's id of the message
	Codes  []string // paths of the provider's code; the first that is there counts
	Words  []string // paths of the provider's words, likewise
	Rate   []string // codes that mean: not so many
	// Again are codes that a later try may mend; with any other code, or
	// without, what is not OK is refused for good.
	Again []string
}

// Check says what is wrong with the settings.
func (s GatewaySettings) Check() error {
	_, err := newGateway(s, Options{})
	return err
}

// Gateway sends SMS or makes voice calls by a provider's HTTP interface.
type Gateway struct {
	settings GatewaySettings
	post     *poster
	values   map[string]*template.Template
	query    map[string]*template.Template
	headers  map[string]*template.Template
	form     map[string]*template.Template
	body     *template.Template
	hide     []string
}

var _ notify.Sender = (*Gateway)(nil)

// NewGateway makes the channel.
func NewGateway(s GatewaySettings, o Options) (*Gateway, error) { return newGateway(s, o) }

func newGateway(s GatewaySettings, o Options) (*Gateway, error) {
	if s.Method == "" {
		s.Method = http.MethodPost
	}
	if s.ContentType == "" {
		s.ContentType = "application/json; charset=utf-8"
	}
	if err := checkURL("url", s.URL); err != nil {
		return nil, err
	}
	if !slices.Contains([]string{http.MethodGet, http.MethodPost, http.MethodPut}, s.Method) {
		return nil, &devices.InputError{Field: "method", Value: s.Method, Rule: "must be GET, POST or PUT"}
	}
	if s.Body != "" && len(s.Form) > 0 {
		return nil, &devices.InputError{Field: "body", Rule: "must be missing when form is there"}
	}
	if s.Method == http.MethodGet && (s.Body != "" || len(s.Form) > 0) {
		return nil, &devices.InputError{Field: "method", Value: s.Method, Rule: "must be POST or PUT when there is a body or form"}
	}
	if err := s.Sign.Check(); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(s.Params)) {
		if s.Params[name] == "" {
			return nil, &devices.InputError{Field: name, Rule: "missing"}
		}
	}
	if s.Answer.OK == "" && s.Answer.Is != "" {
		return nil, &devices.InputError{Field: "answer.is", Value: s.Answer.Is, Rule: "needs answer.ok, the field to look at"}
	}
	g := &Gateway{settings: s, post: newPoster(o), hide: append(s.Sign.secrets(), s.URL)}
	for _, secret := range s.Secrets {
		g.hide = append(g.hide, secret)
	}
	var err error
	if g.values, err = parseAll("values", s.Values); err != nil {
		return nil, err
	}
	if g.query, err = parseAll("query", s.Query); err != nil {
		return nil, err
	}
	if g.headers, err = parseAll("headers", s.Headers); err != nil {
		return nil, err
	}
	for name := range s.Headers {
		if strings.EqualFold(name, "host") || strings.EqualFold(name, "content-length") {
			return nil, &devices.InputError{Field: "headers." + name, Rule: "must not be set"}
		}
	}
	if g.form, err = parseAll("form", s.Form); err != nil {
		return nil, err
	}
	if g.body, err = parseTemplate("body", s.Body); err != nil {
		return nil, templateError("body", s.Body, err)
	}
	// A template with a wrong field is found here and not in the night.
	_, err = g.request(context.Background(), notify.Address{To: "13800138000"}, notify.Message{
		Key: "check", Title: `"check"`, Text: "check\ncheck", URL: "https://example.org/a?b=c", Voice: "check", At: o.now()(),
	})
	if err != nil {
		return nil, err
	}
	return g, nil
}

func parseAll(field string, texts map[string]string) (map[string]*template.Template, error) {
	parsed := make(map[string]*template.Template, len(texts))
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		t, err := parseTemplate(field+"."+name, texts[name])
		if err != nil {
			return nil, templateError(field+"."+name, texts[name], err)
		}
		parsed[name] = t
	}
	return parsed, nil
}

func templateError(field, text string, err error) error {
	return &devices.InputError{Field: field, Value: words(text), Rule: "must be a template: " + err.Error()}
}

// request makes the signed request.
func (g *Gateway) request(ctx context.Context, to notify.Address, m notify.Message) (*http.Request, error) {
	s := &g.settings
	now := g.post.now()
	f := fields{
		To: to.To, Title: m.Title, Text: m.Text, Voice: m.Voice, URL: m.URL, Key: m.Key, ID: messageID(m.Key)[4:],
		Severity: string(m.Severity), Reason: string(m.Reason), Language: m.Language, At: m.At, Now: now,
		Params: s.Params, Secrets: s.Secrets,
	}
	f.National, f.E164 = phone(to.To)
	values, err := fillAll("values", g.values, f)
	if err != nil {
		return nil, err
	}
	f.Values = values
	query, err := fillAll("query", g.query, f)
	if err != nil {
		return nil, err
	}
	headers, err := fillAll("headers", g.headers, f)
	if err != nil {
		return nil, err
	}
	form, err := fillAll("form", g.form, f)
	if err != nil {
		return nil, err
	}
	body, err := fill(g.body, f)
	if err != nil {
		return nil, templateError("body", s.Body, err)
	}
	contentType := s.ContentType
	if len(form) > 0 {
		body, contentType = encode(form), "application/x-www-form-urlencoded"
	} else if body != "" && strings.HasPrefix(contentType, "application/json") && !json.Valid([]byte(body)) {
		return nil, &devices.InputError{Field: "body", Value: words(s.Body), Rule: "must make JSON: quote values by {{json .Text}}"}
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		return nil, checkURL("url", s.URL)
	}
	for name, values := range u.Query() {
		if _, ok := query[name]; !ok && len(values) > 0 {
			query[name] = values[0]
		}
	}
	u.RawQuery = encode(query)
	req, err := http.NewRequestWithContext(ctx, s.Method, u.String(), strings.NewReader(body))
	if err != nil {
		return nil, checkURL("url", s.URL)
	}
	if body != "" {
		req.Header.Set("Content-Type", contentType)
	}
	for name, value := range headers {
		if strings.ContainsAny(value, "\r\n") {
			return nil, &devices.InputError{Field: "headers." + name, Rule: "must make one line"}
		}
		req.Header.Set(name, value)
	}
	s.Sign.sign(req, []byte(body), now)
	return req, nil
}

func fillAll(field string, templates map[string]*template.Template, f fields) (map[string]string, error) {
	made := make(map[string]string, len(templates))
	for name, t := range templates {
		v, err := fill(t, f)
		if err != nil {
			return nil, templateError(field+"."+name, "", err)
		}
		made[name] = v
	}
	return made, nil
}

// Send asks the provider to send the SMS or make the call.
func (g *Gateway) Send(ctx context.Context, to notify.Address, m notify.Message) (notify.Receipt, error) {
	if to.To == "" {
		return notify.Receipt{}, &notify.RefusedError{Detail: "the person has no number"}
	}
	req, err := g.request(ctx, to, m)
	if err != nil {
		return notify.Receipt{}, &notify.RefusedError{Detail: words(err.Error(), g.secrets(to)...)}
	}
	a, err := g.post.do(req)
	if err != nil {
		return notify.Receipt{}, err
	}
	return g.read(a, to)
}

// secrets are what must stand in no error: the number too is nobody's to read.
func (g *Gateway) secrets(to notify.Address) []string {
	national, e164 := phone(to.To)
	return append(slices.Clone(g.hide), to.To, e164, national)
}

// read says what the answer means.
func (g *Gateway) read(a answer, to notify.Address) (notify.Receipt, error) {
	rule := &g.settings.Answer
	var doc any
	isJSON := json.Unmarshal(a.body, &doc) == nil
	code := first(doc, rule.Codes)
	detail := first(doc, rule.Words)
	if !isJSON || detail == "" && code == "" {
		detail = string(a.body)
	}
	detail = words(strings.TrimSpace(code+" "+detail), g.secrets(to)...)
	switch {
	case matches(rule.Rate, code):
		return notify.Receipt{}, &notify.RateError{RetryAfter: defaultRetry, Detail: detail}
	case matches(rule.Again, code):
		return notify.Receipt{}, errors.New("gateway: " + detail)
	}
	if err := g.post.judge(a, detail); err != nil {
		return notify.Receipt{}, err
	}
	if rule.OK == "" {
		return notify.Receipt{ID: words(at(doc, rule.ID))}, nil
	}
	switch said, found := lookup(doc, rule.OK); {
	case found && (said == rule.Is || rule.Is == "" && said != ""):
		return notify.Receipt{ID: words(at(doc, rule.ID))}, nil
	case !isJSON, !found && code == "":
		return notify.Receipt{}, fmt.Errorf("gateway: status %d, but the answer has no %s", a.status, rule.OK)
	}
	return notify.Receipt{}, &notify.RefusedError{Detail: detail}
}

// lookup finds the value at a path of names and numbers.
func lookup(doc any, path string) (string, bool) {
	if path == "" {
		return "", false
	}
	for part := range strings.SplitSeq(path, ".") {
		switch v := doc.(type) {
		case map[string]any:
			next, ok := v[part]
			if !ok {
				return "", false
			}
			doc = next
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(v) {
				return "", false
			}
			doc = v[i]
		default:
			return "", false
		}
	}
	switch v := doc.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	}
	return "", false
}

func at(doc any, path string) string {
	v, _ := lookup(doc, path)
	return v
}

func first(doc any, paths []string) string {
	for _, p := range paths {
		if v, ok := lookup(doc, p); ok && v != "" {
			return v
		}
	}
	return ""
}

func matches(codes []string, code string) bool {
	return code != "" && slices.ContainsFunc(codes, func(c string) bool {
		if begin, ok := strings.CutSuffix(c, "*"); ok {
			return strings.HasPrefix(code, begin)
		}
		return c == code
	})
}

// encode writes names and values in order, as RFC 3986 has it: a space is %20,
// as the signatures of the clouds want it too.
func encode(values map[string]string) string {
	var b strings.Builder
	for i, name := range slices.Sorted(maps.Keys(values)) {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(percent(name) + "=" + percent(values[name]))
	}
	return b.String()
}

// percent is url.QueryEscape but for the space; ~ it leaves alone, and * not.
func percent(v string) string { return strings.ReplaceAll(url.QueryEscape(v), "+", "%20") }
