package channels

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"

	"strconv"
	"strings"
	"time"

	"shouwang/alerting/notify"
	"shouwang/devices"
)

// Limits of Feishu's custom bot:
// https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
const (
	FeishuPerMinute = 100 // messages of one bot, and
	FeishuPerSecond = 5   // of these in a second
	FeishuMaxBytes  = 20 << 10
	// feishuMaxText leaves room for JSON around and within the text.
	feishuMaxText = 6000
)

// Feishu's codes, from the same page.
const (
	feishuBadRequest = 9499  // a wrong body; "too many request" when it is the rate
	feishuRate       = 11232 // "frequency limited"
)

// FeishuSettings are one custom bot of Feishu (飞书).
type FeishuSettings struct {
	// URL is what the bot's page shows; its last part is a secret.
	URL string
	// Secret is that of "签名校验"; empty when the bot is secured by keyword or
	// address instead.
	Secret string
	// Keyword is put before every title if the bot asks for one.
	Keyword string
}

// Check says what is wrong with the settings.
func (s FeishuSettings) Check() error {
	if err := checkURL("url", s.URL); err != nil {
		return err
	}
	u, _ := url.Parse(s.URL)
	if !strings.Contains(u.Path, "/hook/") || lastPart(u.Path) == "hook" {
		return &devices.InputError{Field: "url", Value: u.Host, Rule: "must be the bot's whole address, with /open-apis/bot/v2/hook/ and its key"}
	}
	return nil
}

// Feishu posts to one custom bot of Feishu.
type Feishu struct {
	robot
	settings FeishuSettings
}

var _ notify.Sender = (*Feishu)(nil)

// NewFeishu makes the channel.
func NewFeishu(s FeishuSettings, o Options) (*Feishu, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	u, _ := url.Parse(s.URL)
	hide := []string{s.URL, lastPart(u.Path), s.Secret}
	return &Feishu{robot: robot{post: newPoster(o), hide: hide}, settings: s}, nil
}

// Limit is how many messages the bot takes in which time.
func (*Feishu) Limit() (int, time.Duration) { return FeishuPerMinute, time.Minute }

// feishuTag is one piece of a line; the post form needs no escaping.
type feishuTag struct {
	Tag  string `json:"tag"`
	Text string `json:"text,omitempty"`
	Href string `json:"href,omitempty"`
	User string `json:"user_id,omitempty"`
}

type feishuPost struct {
	Title   string        `json:"title"`
	Content [][]feishuTag `json:"content"`
}

type feishuBody struct {
	Timestamp string `json:"timestamp,omitempty"`
	Sign      string `json:"sign,omitempty"`
	Type      string `json:"msg_type"`
	Content   struct {
		Post map[string]feishuPost `json:"post"`
	} `json:"content"`
}

// Send posts the message and mentions the member that the address names, by
// open_id or user_id.
func (f *Feishu) Send(ctx context.Context, to notify.Address, m notify.Message) (notify.Receipt, error) {
	said, err := f.send(ctx, f.settings.URL, to.To, f.body(to.To, m), func(b []byte) (reply, bool) {
		var r struct {
			Code   *int   `json:"code"`
			Detail string `json:"msg"`
			// Older answers have these.
			Status *int   `json:"StatusCode"`
			Words  string `json:"StatusMessage"`
		}
		switch {
		case json.Unmarshal(b, &r) != nil:
			return reply{}, false
		case r.Code != nil:
			return reply{*r.Code, r.Detail}, true
		case r.Status != nil:
			return reply{*r.Status, r.Words}, true
		}
		return reply{}, false
	})
	if err != nil {
		return notify.Receipt{}, err
	}
	switch {
	case said.code == 0:
		return notify.Receipt{Delivered: true}, nil
	case said.code == feishuRate, said.code == feishuBadRequest && strings.Contains(strings.ToLower(said.detail), "too many"):
		return notify.Receipt{}, &notify.RateError{RetryAfter: defaultRetry, Detail: said.String()}
	case said.code < 0:
		return notify.Receipt{}, fmt.Errorf("feishu: %s", said)
	default: // among them 19021 signature, 19022 address, 19024 keyword
		return notify.Receipt{}, said.refuse()
	}
}

// signFeishu signs the moment in seconds; Feishu takes it for an hour. The text
// that others would sign is the key here, and nothing is what is signed.
func signFeishu(secret, seconds string) string {
	return base64.StdEncoding.EncodeToString(hmac.New(sha256.New, []byte(seconds+"\n"+secret)).Sum(nil))
}

func (f *Feishu) body(to string, m notify.Message) feishuBody {
	b := feishuBody{Type: "post"}
	if f.settings.Secret != "" {
		b.Timestamp = strconv.FormatInt(f.post.now().Unix(), 10)
		b.Sign = signFeishu(f.settings.Secret, b.Timestamp)
	}
	p := feishuPost{Title: cut(m.Title, 500)}
	if k := f.settings.Keyword; k != "" && !strings.Contains(p.Title, k) {
		p.Title = k + " " + p.Title
	}
	for line := range strings.SplitSeq(cut(m.Text, feishuMaxText), "\n") {
		p.Content = append(p.Content, []feishuTag{{Tag: "text", Text: line}})
	}
	if m.URL != "" {
		p.Content = append(p.Content, []feishuTag{{Tag: "a", Text: m.URL, Href: m.URL}})
	}
	if to != "" {
		p.Content = append(p.Content, []feishuTag{{Tag: "at", User: to}})
	}
	language := "zh_cn"
	if m.Language == "en" {
		language = "en_us"
	}
	b.Content.Post = map[string]feishuPost{language: p}
	return b
}

// lastPart is what follows the last stroke of a path.
func lastPart(p string) string {
	p = strings.TrimRight(p, "/")
	return p[strings.LastIndexByte(p, '/')+1:]
}
