package channels

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"shouwang/alerting/notify"
	"shouwang/devices"
)

// Limits of WeCom's group robot (消息推送, formerly 群机器人):
// https://developer.work.weixin.qq.com/document/path/91770
const (
	WeComPerMinute   = 20   // messages of one robot
	WeComMaxText     = 2048 // bytes of a text
	WeComMaxMarkdown = 4096 // bytes of a Markdown text
)

// WeCom's codes, https://developer.work.weixin.qq.com/document/path/90313
const (
	wecomBusy = -1    // "try again later"
	wecomRate = 45009 // "api freq out of limit"
	wecomPar  = 45033 // too many calls at once
)

// WeComSettings are one group robot of WeCom (企业微信).
type WeComSettings struct {
	// URL is what the robot's page shows, with ?key=…; it is a secret.
	URL string
	// Markdown sends Markdown instead of text. Markdown has colours, but WeChat's
	// own app does not show it and it mentions nobody by mentioned_list.
	Markdown bool
}

// Check says what is wrong with the settings.
func (s WeComSettings) Check() error {
	if err := checkURL("url", s.URL); err != nil {
		return err
	}
	u, _ := url.Parse(s.URL)
	if u.Query().Get("key") == "" {
		return &devices.InputError{Field: "url", Value: u.Host, Rule: "must be the robot's whole address, with ?key="}
	}
	return nil
}

// WeCom posts to one group robot of WeCom.
type WeCom struct {
	robot
	settings WeComSettings
}

var _ notify.Sender = (*WeCom)(nil)

// NewWeCom makes the channel.
func NewWeCom(s WeComSettings, o Options) (*WeCom, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	u, _ := url.Parse(s.URL)
	return &WeCom{robot: robot{post: newPoster(o), hide: []string{s.URL, u.Query().Get("key")}}, settings: s}, nil
}

// Limit is how many messages the robot takes in which time.
func (*WeCom) Limit() (int, time.Duration) { return WeComPerMinute, time.Minute }

type wecomText struct {
	Content   string   `json:"content"`
	Mentioned []string `json:"mentioned_list,omitempty"`
	Mobiles   []string `json:"mentioned_mobile_list,omitempty"`
}

type wecomBody struct {
	Type     string     `json:"msgtype"`
	Text     *wecomText `json:"text,omitempty"`
	Markdown *wecomText `json:"markdown,omitempty"`
}

// Send posts the message and mentions the member that the address names, by
// user id or by mobile number.
func (w *WeCom) Send(ctx context.Context, to notify.Address, m notify.Message) (notify.Receipt, error) {
	said, err := w.send(ctx, w.settings.URL, to.To, w.body(to.To, m), readErrcode)
	if err != nil {
		return notify.Receipt{}, err
	}
	switch said.code {
	case 0:
		return notify.Receipt{Delivered: true}, nil
	case wecomRate, wecomPar:
		return notify.Receipt{}, &notify.RateError{RetryAfter: defaultRetry, Detail: said.String()}
	case wecomBusy:
		return notify.Receipt{}, fmt.Errorf("wecom: %s", said)
	default:
		return notify.Receipt{}, said.refuse()
	}
}

func (w *WeCom) body(to string, m notify.Message) wecomBody {
	if w.settings.Markdown {
		title := "**" + plain(m.Title) + "**"
		if m.Severity == "red" || m.Severity == "orange" {
			title = `<font color="warning">` + title + `</font>`
		}
		text, link := plain(m.Text), m.URL
		if link != "" {
			link = "[" + link + "](" + link + ")"
		}
		if to != "" && !isMobile(to) {
			link += "\n<@" + plain(to) + ">"
		}
		return wecomBody{Type: "markdown", Markdown: &wecomText{Content: fit(title, text, strings.TrimPrefix(link, "\n"), WeComMaxMarkdown)}}
	}
	t := &wecomText{Content: fit(m.Title, m.Text, m.URL, WeComMaxText)}
	switch {
	case isMobile(to):
		t.Mobiles = []string{to}
	case to != "":
		t.Mentioned = []string{to}
	}
	return wecomBody{Type: "text", Text: t}
}

// plain takes the meaning out of Markdown's signs. The robots know no common
// way to escape them, so their full-width forms stand in.
func plain(text string) string {
	return strings.NewReplacer(
		"<", "＜", ">", "＞", "[", "［", "]", "］", "*", "＊", "`", "｀", "#", "＃", "_", "＿", "!", "！", "@", "＠", `\`, "＼", "~", "～",
	).Replace(text)
}

// isMobile says whether it is a mobile number of the mainland.
func isMobile(to string) bool {
	return len(to) == 11 && to[0] == '1' && strings.Trim(to, "0123456789") == ""
}
