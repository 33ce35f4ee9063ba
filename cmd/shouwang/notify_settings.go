package main

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"shouwang/alerting/notify"
	"shouwang/alerting/notify/channels"
	"shouwang/devices"
)

// notifySettings are the channels by which people are told, and their times. A
// channel is there once its first key is set. What is an address and a secret at
// once, such as a robot's, stands in a file of its own.
type notifySettings struct {
	BaseURL       string        `help:"Address at which people reach the board, for links in messages: https://host[:port]. Without it messages carry no link." placeholder:"URL" name:"base-url"`
	LinkLasts     time.Duration `help:"How long the link to acknowledge without signing in is good for." default:"12h"`
	MaxAge        time.Duration `help:"Notices older than this are not sent any more." default:"24h"`
	ReceiptWithin time.Duration `help:"How long a red notice waits for a proof that it arrived before the person's next channel is asked." default:"1m"`
	Patience      time.Duration `help:"How long a red notice waits for a channel that is slow, down or at its limit before the next is asked." default:"15s"`

	Webhook struct {
		URL        string `help:"Receiver of your own, gets signed JSON." placeholder:"URL"`
		SecretFile string `help:"File with the signing secret (whsec_ and base64)." type:"path"`
	} `embed:"" prefix:"webhook-"`
	WeCom struct {
		URLFile   string `help:"File with the address of a WeCom (企业微信) group robot." type:"path" name:"url-file"`
		Markdown  bool   `help:"Send Markdown instead of text."`
		PerMinute int    `help:"Messages the robot may send in a minute." default:"20"`
	} `embed:"" prefix:"wecom-"`
	DingTalk struct {
		URLFile    string `help:"File with the address of a DingTalk (钉钉) group robot." type:"path" name:"url-file"`
		SecretFile string `help:"File with its signing secret (加签)." type:"path"`
		Keyword    string `help:"Keyword the robot asks for."`
		PerMinute  int    `help:"Messages the robot may send in a minute." default:"20"`
	} `embed:"" prefix:"dingtalk-"`
	Feishu struct {
		URLFile    string `help:"File with the address of a Feishu (飞书) group robot." type:"path" name:"url-file"`
		SecretFile string `help:"File with its signing secret (签名校验)." type:"path"`
		Keyword    string `help:"Keyword the robot asks for."`
		PerMinute  int    `help:"Messages the robot may send in a minute; of these five in a second." default:"100"`
	} `embed:"" prefix:"feishu-"`
	SMS   gatewayKeys `embed:"" prefix:"sms-"`
	Voice gatewayKeys `embed:"" prefix:"voice-"`
	SMTP  struct {
		Host         string `help:"Server for e-mail."`
		Port         int    `help:"Its port; 0 is the usual one."`
		Security     string `help:"One of ${enum}." enum:"tls,starttls,none" default:"tls"`
		User         string `help:"User name at the server."`
		PasswordFile string `help:"File with the password." type:"path"`
		From         string `help:"Sender: address, or name and address."`
	} `embed:"" prefix:"smtp-"`
}

type gatewayKeys struct {
	File      string `help:"YAML file that says how the provider's gateway is asked (docs/notify.md)." type:"path"`
	PerMinute int    `help:"Messages to one number in a minute." default:"2"`
	PerHour   int    `help:"Messages to one number in an hour." default:"12"`
}

// channels makes what is configured. Errors name the key, the value and the
// rule; a secret's value is never among them.
func (s *notifySettings) channels() ([]notify.Channel, error) {
	b := &channelBuilder{}
	w := &s.Webhook
	if b.wanted("webhook", w.URL != "", w.SecretFile != "", "url") {
		secret := b.secret("webhook.secret_file", w.SecretFile)
		b.add(notify.Channel{Name: "webhook", Kind: "webhook"}, func() (notify.Sender, error) {
			return channels.NewWebhook(channels.WebhookSettings{URL: w.URL, Secret: secret}, channels.Options{})
		})
	}
	c := &s.WeCom
	if b.wanted("wecom", c.URLFile != "", c.Markdown, "url_file") {
		address := b.secret("wecom.url_file", c.URLFile)
		b.add(robot("wecom", b.rate("wecom.per_minute", c.PerMinute, channels.WeComPerMinute, time.Minute)), func() (notify.Sender, error) {
			return channels.NewWeCom(channels.WeComSettings{URL: address, Markdown: c.Markdown}, channels.Options{})
		})
	}
	t := &s.DingTalk
	if b.wanted("dingtalk", t.URLFile != "", t.SecretFile != "" || t.Keyword != "", "url_file") {
		address, secret := b.secret("dingtalk.url_file", t.URLFile), b.secret("dingtalk.secret_file", t.SecretFile)
		b.add(robot("dingtalk", b.rate("dingtalk.per_minute", t.PerMinute, channels.DingTalkPerMinute, time.Minute)), func() (notify.Sender, error) {
			return channels.NewDingTalk(channels.DingTalkSettings{URL: address, Secret: secret, Keyword: t.Keyword}, channels.Options{})
		})
	}
	f := &s.Feishu
	if b.wanted("feishu", f.URLFile != "", f.SecretFile != "" || f.Keyword != "", "url_file") {
		address, secret := b.secret("feishu.url_file", f.URLFile), b.secret("feishu.secret_file", f.SecretFile)
		b.add(robot("feishu", b.rate("feishu.per_minute", f.PerMinute, channels.FeishuPerMinute, time.Minute),
			notify.Rate{Count: channels.FeishuPerSecond, Per: time.Second}), func() (notify.Sender, error) {
			return channels.NewFeishu(channels.FeishuSettings{URL: address, Secret: secret, Keyword: f.Keyword}, channels.Options{})
		})
	}
	b.gateway("sms", &s.SMS)
	b.gateway("voice", &s.Voice)
	m := &s.SMTP
	if b.wanted("smtp", m.Host != "", m.User != "" || m.PasswordFile != "" || m.From != "", "host") {
		password := b.secret("smtp.password_file", m.PasswordFile)
		b.add(notify.Channel{Name: "email", Kind: "email", Limits: notify.Limits{Address: []notify.Rate{{Count: 10, Per: time.Minute}}}}, func() (notify.Sender, error) {
			return channels.NewEmail(channels.EmailSettings{
				Host: m.Host, Port: m.Port, Security: m.Security, User: m.User, Password: password, From: m.From,
			}, channels.Options{})
		})
		b.rename("email", "smtp")
	}
	return b.list, errors.Join(b.errs...)
}

// check adds what is wrong to bad, which wants key and text apart.
func (s *notifySettings) check(bad func(key, format string, args ...any)) {
	if _, err := s.channels(); err != nil {
		joined, ok := err.(interface{ Unwrap() []error }) //nolint:errorlint // as errors.Join made it
		if !ok {
			bad("notify", "%v", err)
			return
		}
		for _, err := range joined.Unwrap() {
			if in, ok := errors.AsType[*devices.InputError](err); ok {
				bad(in.Field, "%s", valueAndRule(in))
			} else {
				bad("notify", "%v", err)
			}
		}
	}
	if s.BaseURL != "" {
		u, err := url.Parse(s.BaseURL)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil {
			bad("notify.base_url", "%q: must be https://host[:port], without a path", s.BaseURL)
		}
	}
	for key, d := range map[string]time.Duration{
		"link_lasts": s.LinkLasts, "max_age": s.MaxAge, "receipt_within": s.ReceiptWithin, "patience": s.Patience,
	} {
		if d < 0 || d > 7*24*time.Hour {
			bad("notify."+key, "%v: must lie between 0 and 168h", d)
		}
	}
	if s.LinkLasts > 0 && s.LinkLasts < 10*time.Minute { // its end is a whole minute
		bad("notify.link_lasts", "%v: must be at least 10m", s.LinkLasts)
	}
}

func valueAndRule(e *devices.InputError) string {
	if e.Value == "" {
		return e.Rule
	}
	return fmt.Sprintf("%q: %s", e.Value, e.Rule)
}

// timing are the times, the usual ones where nothing is set.
func (s *notifySettings) timing(zone *time.Location) notify.Timing {
	t := notify.DefaultTiming()
	t.Zone = zone
	for _, of := range []struct {
		to  *time.Duration
		set time.Duration
	}{{&t.MaxAge, s.MaxAge}, {&t.ReceiptWithin, s.ReceiptWithin}, {&t.Patience, s.Patience}} {
		if of.set > 0 {
			*of.to = of.set
		}
	}
	return t
}

func robot(kind string, rates ...notify.Rate) notify.Channel {
	return notify.Channel{Name: kind, Kind: kind, Shared: true, Limits: notify.Limits{Channel: rates}}
}

// channelBuilder collects channels and what is wrong with them.
type channelBuilder struct {
	list []notify.Channel
	errs []error
}

// wanted says whether the channel is set; more without the first key is wrong.
func (b *channelBuilder) wanted(name string, first, more bool, key string) bool {
	if !first && more {
		b.wrong("notify."+name+"."+key, "", "missing: without it the channel's other keys mean nothing")
	}
	return first
}

func (b *channelBuilder) wrong(field, value, rule string) {
	b.errs = append(b.errs, &devices.InputError{Field: field, Value: value, Rule: rule})
}

func (b *channelBuilder) secret(key, file string) string {
	value, err := secret(file)
	if err != nil {
		b.wrong("notify."+key, file, err.Error())
	}
	return strings.TrimSpace(value)
}

// rate is so many in that time; more than the provider takes gets a robot shut
// out.
func (b *channelBuilder) rate(key string, count, most int, per time.Duration) notify.Rate {
	if count < 1 || count > most {
		b.wrong("notify."+key, fmt.Sprint(count), fmt.Sprintf("must lie between 1 and %d, which is what the provider takes", most))
		count = most
	}
	return notify.Rate{Count: count, Per: per}
}

func (b *channelBuilder) add(c notify.Channel, sender func() (notify.Sender, error)) {
	broken := len(b.errs) > 0 && slices.ContainsFunc(b.errs, func(err error) bool {
		in, ok := errors.AsType[*devices.InputError](err)
		return ok && strings.HasPrefix(in.Field, "notify."+c.Name+".")
	})
	if broken {
		return // its secret could not be read, which is said already
	}
	s, err := sender()
	if err != nil {
		if in, ok := errors.AsType[*devices.InputError](err); ok {
			named := *in
			named.Field = "notify." + c.Name + "." + in.Field
			// What stands in a file is a secret, its key has another name.
			if c.Shared && in.Field == "url" {
				named.Field += "_file"
			}
			if in.Field == "secret" {
				named.Field, named.Value = named.Field+"_file", ""
			}
			err = &named
		}
		b.errs = append(b.errs, err)
		return
	}
	c.Sender = s
	b.list = append(b.list, c)
}

// rename lets errors of a channel name its section, where that is another word.
func (b *channelBuilder) rename(channel, section string) {
	for _, err := range b.errs {
		if in, ok := errors.AsType[*devices.InputError](err); ok {
			in.Field = strings.Replace(in.Field, "notify."+channel+".", "notify."+section+".", 1)
		}
	}
}
