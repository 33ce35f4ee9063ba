package channels_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"shouwang/alerting/notify"
	"shouwang/alerting/notify/channels"
)

// said is a row of a table of answers.
type said struct {
	status int
	body   string
	want   string
	after  time.Duration
}

func checkAnswers(t *testing.T, rows []said, sender func(url string) notify.Sender, secrets ...string) {
	t.Helper()
	for _, c := range rows {
		p := newProvider(t, says(c.status, c.body))
		_, err := send(t, sender(p.URL), "13800138000", append(secrets, "13800138000")...)
		if got := outcome(err); got != c.want {
			t.Errorf("%d %s: %s (%v), want %s", c.status, c.body, got, err, c.want)
		}
		var limited *notify.RateError
		if errors.As(err, &limited) && limited.RetryAfter != c.after {
			t.Errorf("%s: again after %v, want %v", c.body, limited.RetryAfter, c.after)
		}
	}
}

// common are answers that no robot gives.
var common = []said{
	{200, ``, later, 0}, {200, `<html>maintenance</html>`, later, 0}, {200, `{"hello":"world"}`, later, 0}, {200, `[]`, later, 0},
	{500, `{"errcode":0,"code":0}`, later, 0}, {502, `bad gateway`, later, 0}, {404, `not found`, refused, 0},
	{429, `{"errcode":0,"code":0}`, rate, time.Minute}, {429, `{"errcode":7,"code":7}`, rate, time.Minute},
	{503, `{"errcode":7,"code":7}`, later, 0},
}

const wecomKey = "693axxx6-7aoc-4bc4-97a0-0ec2sifa5aaa"

func wecom(t *testing.T, url string, markdown bool) *channels.WeCom {
	t.Helper()
	return must[*channels.WeCom](t)(channels.NewWeCom(channels.WeComSettings{URL: url + "/cgi-bin/webhook/send?key=" + wecomKey, Markdown: markdown}, options()))
}

func TestWeComTextMentionsTheMember(t *testing.T) {
	p := newProvider(t, func(_ int, w http.ResponseWriter, r *http.Request, _ string) {
		if r.URL.Query().Get("key") != wecomKey || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
			w.WriteHeader(http.StatusForbidden)
		}
		_, _ = fmt.Fprint(w, `{"errcode":0,"errmsg":"ok"}`)
	})
	for _, c := range []struct{ to, member, mobile string }{
		{"wangqing", "wangqing", ""}, {"13800138000", "", "13800138000"}, {"@all", "@all", ""}, {"", "", ""},
	} {
		receipt, err := send(t, wecom(t, p.URL, false), c.to)
		if err != nil || !receipt.Delivered {
			t.Fatalf("%+v %v", receipt, err)
		}
		var got struct {
			Type string `json:"msgtype"`
			Text struct {
				Content   string
				Mentioned []string `json:"mentioned_list"`
				Mobiles   []string `json:"mentioned_mobile_list"`
			}
		}
		_, body := p.last()
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatal(err)
		}
		m := message()
		if got.Type != "text" || got.Text.Content != m.Title+"\n"+m.Text+"\n"+m.URL {
			t.Errorf("body %s", body)
		}
		if strings.Join(got.Text.Mentioned, ",") != c.member || strings.Join(got.Text.Mobiles, ",") != c.mobile {
			t.Errorf("%q mentions %v %v", c.to, got.Text.Mentioned, got.Text.Mobiles)
		}
	}
}

func TestWeComMarkdownTakesNothingForMarkup(t *testing.T) {
	p := newProvider(t, says(200, `{"errcode":0,"errmsg":"ok"}`))
	m := message()
	m.Title, m.Text = "[点我](http://evil) <@all>", strings.Repeat("长 * ", 2000)
	if _, err := wecom(t, p.URL, true).Send(t.Context(), notify.Address{To: "wangqing"}, m); err != nil {
		t.Fatal(err)
	}
	_, body := p.last()
	var got struct{ Markdown struct{ Content string } }
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	text := got.Markdown.Content
	if len(text) > channels.WeComMaxMarkdown || strings.Contains(text, "[点我]") || strings.Contains(text, "<@all>") || !strings.HasSuffix(text, "]("+m.URL+")\n<@wangqing>") {
		t.Errorf("%d bytes: %s … %s", len(text), text[:80], text[len(text)-100:])
	}
}

func TestWeComAnswers(t *testing.T) {
	checkAnswers(t, append([]said{
		{200, `{"errcode":0,"errmsg":"ok"}`, taken, 0},
		{200, `{"errcode":45009,"errmsg":"api freq out of limit"}`, rate, time.Minute},
		{200, `{"errcode":45033,"errmsg":"api concurrent out of limit"}`, rate, time.Minute},
		{200, `{"errcode":-1,"errmsg":"system busy"}`, later, 0},
		{200, `{"errcode":93000,"errmsg":"invalid webhook url, key ` + wecomKey + `"}`, refused, 0},
		{200, `{"errcode":40058,"errmsg":"invalid Request Parameter 13800138000"}`, refused, 0},
	}, common...), func(url string) notify.Sender { return wecom(t, url, false) }, wecomKey)
}

const (
	dingToken  = "566cc69da782ec33a3f2"
	dingSecret = "SECf6c9c2d91e5f4c7a"
)

func dingtalk(t *testing.T, url, keyword string) *channels.DingTalk {
	t.Helper()
	return must[*channels.DingTalk](t)(channels.NewDingTalk(channels.DingTalkSettings{
		URL: url + "/robot/send?access_token=" + dingToken, Secret: dingSecret, Keyword: keyword,
	}, options()))
}

// dingServer does what DingTalk's robot does: token, signature, keyword, rate.
func dingServer(t *testing.T) *provider {
	return newProvider(t, func(n int, w http.ResponseWriter, r *http.Request, body string) {
		q := r.URL.Query()
		mac := hmac.New(sha256.New, []byte(dingSecret))
		mac.Write([]byte(q.Get("timestamp") + "\n" + dingSecret))
		millis, _ := strconv.ParseInt(q.Get("timestamp"), 10, 64)
		age := night.Sub(time.UnixMilli(millis)).Abs()
		var got struct{ Markdown struct{ Title, Text string } }
		switch err := json.Unmarshal([]byte(body), &got); {
		case err != nil:
			_, _ = fmt.Fprint(w, `{"errcode":40035,"errmsg":"bad json"}`)
		case q.Get("access_token") != dingToken:
			_, _ = fmt.Fprint(w, `{"errcode":300001,"errmsg":"token is not exist"}`)
		case age > time.Hour:
			_, _ = fmt.Fprint(w, `{"errcode":310000,"errmsg":"invalid timestamp"}`)
		case q.Get("sign") != base64.StdEncoding.EncodeToString(mac.Sum(nil)):
			_, _ = fmt.Fprint(w, `{"errcode":310000,"errmsg":"sign not match"}`)
		case !strings.Contains(got.Markdown.Text, "守望"):
			_, _ = fmt.Fprint(w, `{"errcode":310000,"errmsg":"keywords not in content"}`)
		case n >= channels.DingTalkPerMinute:
			_, _ = fmt.Fprint(w, `{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}`)
		default:
			_, _ = fmt.Fprint(w, `{"errcode":0,"errmsg":"ok"}`)
		}
	})
}

func TestDingTalkSignsAndHoldsItsLimit(t *testing.T) {
	p := dingServer(t)
	robot := dingtalk(t, p.URL, "守望")
	for i := range channels.DingTalkPerMinute {
		if receipt, err := send(t, robot, "13800138000"); err != nil || !receipt.Delivered {
			t.Fatalf("message %d: %+v %v", i, receipt, err)
		}
	}
	_, err := send(t, robot, "13800138000", dingToken, dingSecret)
	var limited *notify.RateError
	if !errors.As(err, &limited) || limited.RetryAfter != channels.DingTalkPenalty {
		t.Errorf("one too many: %v", err)
	}
	_, body := p.last()
	var got struct {
		Markdown struct{ Title, Text string }
		At       struct{ AtMobiles []string }
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.At.AtMobiles) != 1 || got.At.AtMobiles[0] != "13800138000" || !strings.Contains(got.Markdown.Text, "@13800138000") ||
		!strings.Contains(got.Markdown.Text, "]("+message().URL+")") || !strings.HasPrefix(got.Markdown.Title, "守望 ") {
		t.Errorf("body %s", body)
	}
}

func TestDingTalkRefusals(t *testing.T) {
	p := dingServer(t)
	if _, err := send(t, dingtalk(t, p.URL, ""), "", dingToken, dingSecret); outcome(err) != refused || !strings.Contains(err.Error(), "keywords not in content") {
		t.Errorf("without keyword: %v", err)
	}
	other := must[*channels.DingTalk](t)(channels.NewDingTalk(channels.DingTalkSettings{
		URL: p.URL + "/robot/send?access_token=" + dingToken, Secret: "SECother", Keyword: "守望",
	}, options()))
	if _, err := send(t, other, "", "SECother"); outcome(err) != refused || !strings.Contains(err.Error(), "sign not match") {
		t.Errorf("with a wrong secret: %v", err)
	}
	o := options()
	o.Now = func() time.Time { return night.Add(-2 * time.Hour) }
	slow := must[*channels.DingTalk](t)(channels.NewDingTalk(channels.DingTalkSettings{
		URL: p.URL + "/robot/send?access_token=" + dingToken, Secret: dingSecret, Keyword: "守望",
	}, o))
	if _, err := send(t, slow, ""); outcome(err) != refused || !strings.Contains(err.Error(), "invalid timestamp") {
		t.Errorf("with a clock that is slow: %v", err)
	}
}

func TestDingTalkAnswers(t *testing.T) {
	checkAnswers(t, append([]said{
		{200, `{"errcode":0,"errmsg":"ok"}`, taken, 0},
		{200, `{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}`, rate, 10 * time.Minute},
		{200, `{"errcode":410100,"errmsg":"send too fast"}`, rate, 10 * time.Minute},
		{200, `{"errcode":90030,"errmsg":"webhook over limit"}`, rate, time.Hour},
		{200, `{"status":1111,"wait":5,"source":"x5","punish":"deny"}`, rate, 5 * time.Second},
		{200, `{"errcode":-1,"errmsg":"system busy"}`, later, 0},
		{200, `{"errcode":310000,"errmsg":"sign not match"}`, refused, 0},
		{200, `{"errcode":400101,"errmsg":"no such token ` + dingToken + `"}`, refused, 0},
	}, common...), func(url string) notify.Sender { return dingtalk(t, url, "") }, dingToken, dingSecret)
}

const (
	feishuKey    = "8f5d1f3e-25d1-4a8e-9a0a-000000000001"
	feishuSecret = "Gx3kTfLqWnTq9tZb"
)

func feishu(t *testing.T, url string) *channels.Feishu {
	t.Helper()
	return must[*channels.Feishu](t)(channels.NewFeishu(channels.FeishuSettings{URL: url + "/open-apis/bot/v2/hook/" + feishuKey, Secret: feishuSecret}, options()))
}

func TestFeishuSigns(t *testing.T) {
	p := newProvider(t, func(_ int, w http.ResponseWriter, r *http.Request, body string) {
		var got struct{ Timestamp, Sign string }
		if json.Unmarshal([]byte(body), &got) != nil || !strings.HasSuffix(r.URL.Path, feishuKey) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprint(w, `{"code":9499,"msg":"Bad Request"}`)
			return
		}
		want := hmac.New(sha256.New, []byte(got.Timestamp+"\n"+feishuSecret))
		if got.Timestamp != strconv.FormatInt(night.Unix(), 10) || got.Sign != base64.StdEncoding.EncodeToString(want.Sum(nil)) {
			_, _ = fmt.Fprint(w, `{"code":19021,"msg":"sign match fail or timestamp is not within one hour from current time"}`)
			return
		}
		_, _ = fmt.Fprint(w, `{"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}`)
	})
	receipt, err := send(t, feishu(t, p.URL), "ou_18eac8")
	if err != nil || !receipt.Delivered {
		t.Fatalf("%+v %v", receipt, err)
	}
	_, body := p.last()
	var got struct {
		Content struct {
			Post struct {
				ZhCN struct {
					Title   string
					Content [][]map[string]string
				} `json:"zh_cn"`
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	post, m := got.Content.Post.ZhCN, message()
	n := len(post.Content)
	if post.Title != m.Title || n != 4 || post.Content[n-2][0]["href"] != m.URL || post.Content[n-1][0]["user_id"] != "ou_18eac8" {
		t.Errorf("body %s", body)
	}
	wrong := must[*channels.Feishu](t)(channels.NewFeishu(channels.FeishuSettings{URL: p.URL + "/open-apis/bot/v2/hook/" + feishuKey, Secret: "wr0ngsecret"}, options()))
	if _, err := send(t, wrong, "", "wr0ngsecret", feishuKey); outcome(err) != refused || !strings.Contains(err.Error(), "19021") {
		t.Errorf("with a wrong secret: %v", err)
	}
}

func TestFeishuAnswers(t *testing.T) {
	checkAnswers(t, append([]said{
		{200, `{"code":0,"msg":"success"}`, taken, 0},
		{200, `{"StatusCode":0,"StatusMessage":"success"}`, taken, 0},
		{200, `{"code":11232,"data":{},"msg":"frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]"}`, rate, time.Minute},
		{400, `{"code":9499,"msg":"too many request"}`, rate, time.Minute},
		{400, `{"code":9499,"msg":"Bad Request","data":{}}`, refused, 0},
		{200, `{"code":19022,"msg":"Ip Not Allowed"}`, refused, 0},
		{200, `{"code":19024,"msg":"Key Words Not Found"}`, refused, 0},
		{200, `{"code":19001,"msg":"param invalid: incoming webhook access token invalid ` + feishuKey + `"}`, refused, 0},
	}, common...), func(url string) notify.Sender { return feishu(t, url) }, feishuKey, feishuSecret)
}

func TestRobotSettings(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{channels.WeComSettings{URL: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send"}.Check(), "?key="},
		{channels.WeComSettings{}.Check(), "url: missing"},
		{channels.DingTalkSettings{URL: "https://oapi.dingtalk.com/robot/send"}.Check(), "?access_token="},
		{channels.DingTalkSettings{URL: "https://oapi.dingtalk.com/robot/send?access_token=s3cret&sign=x"}.Check(), "no timestamp and sign"},
		{channels.DingTalkSettings{URL: "https://oapi.dingtalk.com/robot/send?access_token=s3cret", Secret: "s3cret"}.Check(), "must begin with SEC"},
		{channels.FeishuSettings{URL: "https://open.feishu.cn/open-apis/bot/v2/hook/"}.Check(), "/hook/ and its key"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) || strings.Contains(c.err.Error(), "s3cret") {
			t.Errorf("%v, want %q", c.err, c.want)
		}
	}
}
