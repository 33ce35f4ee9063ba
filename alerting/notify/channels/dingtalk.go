package channels

import (
	"context"
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

// Limits of DingTalk's custom robot:
// https://open.dingtalk.com/document/orgapp/custom-robot-access
const (
	// DingTalkPerMinute is messages of one robot; who sends more is held back
	// for DingTalkPenalty.
	DingTalkPerMinute = 20
	DingTalkPenalty   = 10 * time.Minute
	// DingTalkMaxBytes is of a whole message ("message too long, exceed 20000 bytes").
	DingTalkMaxBytes = 20000
	// dingTalkMaxText leaves room for JSON around and within the text.
	dingTalkMaxText = 6000
)

// DingTalk's codes:
// https://open.dingtalk.com/document/orgapp/custom-robots-send-group-messages
const (
	dingTalkBusy    = -1
	dingTalkRate    = 130101 // "send too fast, exceed 20 times per minute"
	dingTalkRateNew = 410100 // the same, as later documents have it
	dingTalkOver    = 90030  // "webhook over limit"
	// dingTalkDeny is the status of the gate before the robot when it is
	// stormed: {"status":1111,"wait":5,"punish":"deny"}.
	dingTalkDeny = 1111
)

// DingTalkSettings are one custom robot of DingTalk (钉钉).
type DingTalkSettings struct {
	// URL is what the robot's page shows, with ?access_token=…; it is a secret.
	URL string
	// Secret is that of "加签", beginning with SEC; empty when the robot is
	// secured by keyword or address instead.
	Secret string
	// Keyword is put before every text if the robot asks for one.
	Keyword string
}

// Check says what is wrong with the settings.
func (s DingTalkSettings) Check() error {
	if err := checkURL("url", s.URL); err != nil {
		return err
	}
	u, _ := url.Parse(s.URL)
	if u.Query().Get("access_token") == "" {
		return &devices.InputError{Field: "url", Value: u.Host, Rule: "must be the robot's whole address, with ?access_token="}
	}
	if u.Query().Has("sign") || u.Query().Has("timestamp") {
		return &devices.InputError{Field: "url", Value: u.Host, Rule: "must hold no timestamp and sign: they are made for each message"}
	}
	if s.Secret != "" && !strings.HasPrefix(s.Secret, "SEC") {
		return &devices.InputError{Field: "secret", Value: "(hidden)", Rule: "must begin with SEC, as the robot's page shows it"}
	}
	return nil
}

// DingTalk posts to one custom robot of DingTalk.
type DingTalk struct {
	robot
	settings DingTalkSettings
}

var _ notify.Sender = (*DingTalk)(nil)

// NewDingTalk makes the channel.
func NewDingTalk(s DingTalkSettings, o Options) (*DingTalk, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	u, _ := url.Parse(s.URL)
	hide := []string{s.URL, u.Query().Get("access_token"), s.Secret}
	return &DingTalk{robot: robot{post: newPoster(o), hide: hide}, settings: s}, nil
}

// Limit is how many messages the robot takes in which time.
func (*DingTalk) Limit() (int, time.Duration) { return DingTalkPerMinute, time.Minute }

type dingTalkAt struct {
	Mobiles []string `json:"atMobiles,omitempty"`
	Users   []string `json:"atUserIds,omitempty"`
	All     bool     `json:"isAtAll"`
}

type dingTalkBody struct {
	Type     string            `json:"msgtype"`
	Markdown map[string]string `json:"markdown"`
	At       dingTalkAt        `json:"at"`
}

// Send posts the message and mentions the member that the address names, by
// mobile number or user id.
func (d *DingTalk) Send(ctx context.Context, to notify.Address, m notify.Message) (notify.Receipt, error) {
	var wait struct {
		Status int `json:"status"`
		Wait   int `json:"wait"`
	}
	said, err := d.send(ctx, d.address(), to.To, d.body(to.To, m), func(b []byte) (reply, bool) {
		if r, ok := readErrcode(b); ok {
			return r, true
		}
		if json.Unmarshal(b, &wait) == nil && wait.Status == dingTalkDeny {
			return reply{dingTalkDeny, "held back by the gate"}, true
		}
		return reply{}, false
	})
	if err != nil {
		return notify.Receipt{}, err
	}
	switch said.code {
	case 0:
		return notify.Receipt{Delivered: true}, nil
	case dingTalkRate, dingTalkRateNew:
		return notify.Receipt{}, &notify.RateError{RetryAfter: DingTalkPenalty, Detail: said.String()}
	case dingTalkOver:
		return notify.Receipt{}, &notify.RateError{RetryAfter: maxRetry, Detail: said.String()}
	case dingTalkDeny:
		after := min(max(time.Duration(wait.Wait)*time.Second, time.Second), maxRetry)
		return notify.Receipt{}, &notify.RateError{RetryAfter: after, Detail: said.String()}
	case dingTalkBusy:
		return notify.Receipt{}, fmt.Errorf("dingtalk: %s", said)
	default:
		// 310000 too: a wrong signature, an old timestamp, a missing keyword or a
		// foreign address, which the words tell.
		return notify.Receipt{}, said.refuse()
	}
}

// address is the robot's, with the signature of this moment.
func (d *DingTalk) address() string {
	if d.settings.Secret == "" {
		return d.settings.URL
	}
	millis := strconv.FormatInt(d.post.now().UnixMilli(), 10)
	return d.settings.URL + "&timestamp=" + millis + "&sign=" + url.QueryEscape(signDingTalk(d.settings.Secret, millis))
}

// signDingTalk signs the moment in milliseconds; DingTalk takes it for an hour.
func signDingTalk(secret, millis string) string {
	return base64.StdEncoding.EncodeToString(hmacSHA256([]byte(secret), millis+"\n"+secret))
}

func (d *DingTalk) body(to string, m notify.Message) dingTalkBody {
	b := dingTalkBody{Type: "markdown"}
	title, link := plain(m.Title), ""
	if k := d.settings.Keyword; k != "" && !strings.Contains(title, k) {
		title = k + " " + title
	}
	if m.URL != "" {
		link = "\n[" + m.URL + "](" + m.URL + ")"
	}
	switch {
	case isMobile(to):
		b.At.Mobiles = []string{to}
	case to != "":
		b.At.Users = []string{to}
	}
	if to != "" { // Markdown mentions only who stands in the text too
		link += "\n\n@" + plain(to)
	}
	// A single line break is none in Markdown.
	text := strings.ReplaceAll(plain(m.Text), "\n", "\n\n")
	b.Markdown = map[string]string{
		"title": cut(title, 200),
		"text":  fit("### "+title, "\n"+text, link, dingTalkMaxText),
	}
	return b
}
