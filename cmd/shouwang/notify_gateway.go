package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.yaml.in/yaml/v4"

	"shouwang/alerting/notify"
	"shouwang/alerting/notify/channels"
)

// gatewayFile is the file that says how a provider of SMS or voice calls is
// asked: aliyun or tencent by their recipes, http by templates of one's own.
type gatewayFile struct {
	Provider string `yaml:"provider"`
	URL      string `yaml:"url"`

	// The recipes.
	KeyID    string            `yaml:"key_id"`
	KeyFile  string            `yaml:"key_secret_file"`
	Sign     string            `yaml:"sign_name"`
	Template string            `yaml:"template"`
	Params   map[string]string `yaml:"template_params"` // aliyun: name to template
	Values   []string          `yaml:"template_values"` // tencent: in their order
	Show     string            `yaml:"show_number"`
	App      string            `yaml:"app"`
	Region   string            `yaml:"region"`

	// http.
	Method      string            `yaml:"method"`
	Query       map[string]string `yaml:"query"`
	Headers     map[string]string `yaml:"headers"`
	Form        map[string]string `yaml:"form"`
	Body        string            `yaml:"body"`
	ContentType string            `yaml:"content_type"`
	Fixed       map[string]string `yaml:"params"`
	SecretFiles map[string]string `yaml:"secret_files"`
	Answer      struct {
		OK    string   `yaml:"ok"`
		Is    string   `yaml:"is"`
		ID    string   `yaml:"id"`
		Codes []string `yaml:"codes"`
		Words []string `yaml:"words"`
		Rate  []string `yaml:"rate"`
		Again []string `yaml:"again"`
	} `yaml:"answer"`
}

// gateway adds the channel of that name if it has a file.
func (b *channelBuilder) gateway(name string, k *gatewayKeys) {
	if k.File == "" {
		return
	}
	g, err := readGateway(name, k.File)
	if err != nil {
		b.wrong("notify."+name+".file", k.File, err.Error())
		return
	}
	limits := notify.Limits{Address: []notify.Rate{
		b.rate(name+".per_minute", k.PerMinute, 60, time.Minute), b.rate(name+".per_hour", k.PerHour, 1000, time.Hour),
	}}
	b.add(notify.Channel{Name: name, Kind: name, Limits: limits}, func() (notify.Sender, error) {
		return channels.NewGateway(g, channels.Options{})
	})
}

// readGateway reads the file; secrets it names are read beside it.
func readGateway(channel, file string) (channels.GatewaySettings, error) {
	var none channels.GatewaySettings
	f, err := os.Open(file)
	if err != nil {
		return none, err
	}
	defer f.Close() //nolint:errcheck // only read
	decode := yaml.NewDecoder(f)
	decode.KnownFields(true)
	var g gatewayFile
	if err := decode.Decode(&g); err != nil {
		return none, fmt.Errorf("read: %w", err)
	}
	beside := func(key, name string) (string, error) {
		if name != "" && !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(file), name)
		}
		value, err := secret(name)
		if err != nil {
			return "", fmt.Errorf("%s: %w", key, err)
		}
		return value, nil
	}
	key, err := beside("key_secret_file", g.KeyFile)
	if err != nil {
		return none, err
	}
	aliyun := channels.AliyunSettings{KeyID: g.KeyID, KeySecret: key, Sign: g.Sign, Template: g.Template, Values: g.Params, Show: g.Show, URL: g.URL}
	tencent := channels.TencentSettings{SecretID: g.KeyID, SecretKey: key, App: g.App, Sign: g.Sign, Template: g.Template, Values: g.Values, Region: g.Region, URL: g.URL}
	switch voice := channel == "voice"; {
	case g.Provider == "aliyun" && voice:
		return channels.AliyunVoice(aliyun), nil
	case g.Provider == "aliyun":
		return channels.AliyunSMS(aliyun), nil
	case g.Provider == "tencent" && voice:
		return channels.TencentVoice(tencent), nil
	case g.Provider == "tencent":
		return channels.TencentSMS(tencent), nil
	case g.Provider != "http":
		return none, fmt.Errorf("provider: %q: must be one of aliyun, tencent, http", g.Provider)
	}
	secrets := map[string]string{}
	for name, f := range g.SecretFiles {
		if secrets[name], err = beside("secret_files."+name, f); err != nil {
			return none, err
		}
	}
	return channels.GatewaySettings{
		URL: g.URL, Method: g.Method, Query: g.Query, Headers: g.Headers, Form: g.Form, Body: g.Body, ContentType: g.ContentType,
		Values: g.Params, Params: g.Fixed, Secrets: secrets,
		Answer: channels.AnswerRule{OK: g.Answer.OK, Is: g.Answer.Is, ID: g.Answer.ID, Codes: g.Answer.Codes, Words: g.Answer.Words, Rate: g.Answer.Rate, Again: g.Answer.Again},
	}, nil
}
