package channels_test

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"shouwang/alerting/notify"
	"shouwang/alerting/notify/channels"
)

const (
	cloudID     = "LTAI5tExampleKeyId"
	cloudSecret = "ExampleKeySecretOf30Characters"
)

func sum(b []byte) string { s := sha256.Sum256(b); return hex.EncodeToString(s[:]) }

func mac(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

// aliyunSigned verifies ACS3-HMAC-SHA256 from what came over the wire, by the
// document and not by our code.
func aliyunSigned(r *http.Request, body string) error {
	auth, ok := strings.CutPrefix(r.Header.Get("Authorization"), "ACS3-HMAC-SHA256 ")
	if !ok {
		return errors.New("MissingAuthorization")
	}
	part := map[string]string{}
	for p := range strings.SplitSeq(auth, ",") {
		name, value, _ := strings.Cut(p, "=")
		part[name] = value
	}
	at, err := time.Parse(time.RFC3339, r.Header.Get("X-Acs-Date"))
	if err != nil || night.Sub(at).Abs() > 15*time.Minute {
		return errors.New("InvalidTimeStamp.Expired")
	}
	if len(r.Header.Get("X-Acs-Signature-Nonce")) < 16 || r.Header.Get("X-Acs-Content-Sha256") != sum([]byte(body)) {
		return errors.New("IncompleteSignature")
	}
	var pairs []string
	for p := range strings.SplitSeq(r.URL.RawQuery, "&") {
		if strings.ContainsAny(p, "+*") {
			return errors.New("query not encoded as RFC 3986")
		}
		pairs = append(pairs, p)
	}
	slices.Sort(pairs)
	signed := strings.Split(part["SignedHeaders"], ";")
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Acs-") && !slices.Contains(signed, strings.ToLower(name)) {
			return fmt.Errorf("%s is not signed", name)
		}
	}
	lines := ""
	for _, name := range signed {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		lines += name + ":" + value + "\n"
	}
	request := r.Method + "\n" + r.URL.Path + "\n" + strings.Join(pairs, "&") + "\n" + lines + "\n" + part["SignedHeaders"] + "\n" + sum([]byte(body))
	if want := hex.EncodeToString(mac([]byte(cloudSecret), "ACS3-HMAC-SHA256\n"+sum([]byte(request)))); part["Credential"] != cloudID || part["Signature"] != want {
		return errors.New("SignatureDoesNotMatch")
	}
	return nil
}

func aliyunSettings(url string) channels.AliyunSettings {
	return channels.AliyunSettings{
		KeyID: cloudID, KeySecret: cloudSecret, Sign: "莘县民政 守望*", Template: "SMS_154950909",
		Values: map[string]string{"what": "{{cut 20 .Title}}", "who": `a "quoted" ~`}, URL: url + "/",
	}
}

func TestAliyunSMS(t *testing.T) {
	p := newProvider(t, func(_ int, w http.ResponseWriter, r *http.Request, body string) {
		q := r.URL.Query()
		var values map[string]string
		switch err := aliyunSigned(r, body); {
		case err != nil:
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprintf(w, `{"RequestId":"1","Code":"SignatureDoesNotMatch","Message":"%v %s"}`, err, cloudSecret)
		case r.Header.Get("X-Acs-Action") != "SendSms" || r.Header.Get("X-Acs-Version") != "2017-05-25":
			w.WriteHeader(http.StatusNotFound)
		case q.Get("PhoneNumbers") != "13800138000" || json.Unmarshal([]byte(q.Get("TemplateParam")), &values) != nil:
			_, _ = fmt.Fprintf(w, `{"Code":"isv.MOBILE_NUMBER_ILLEGAL","Message":"%s illegal"}`, q.Get("PhoneNumbers"))
		case q.Get("SignName") != "莘县民政 守望*" || q.Get("TemplateCode") != "SMS_154950909" || len(q.Get("OutId")) != 32 ||
			values["what"] != "红色：紧急呼叫（莘县/十八里铺）" || values["who"] != `a "quoted" ~`:
			_, _ = fmt.Fprint(w, `{"Code":"isv.SMS_SIGNATURE_ILLEGAL","Message":"signature"}`)
		default:
			_, _ = fmt.Fprint(w, `{"Code":"OK","Message":"OK","BizId":"9006197469364984^0","RequestId":"F655A8D5"}`)
		}
	})
	sms := must[*channels.Gateway](t)(channels.NewGateway(channels.AliyunSMS(aliyunSettings(p.URL)), options()))
	for _, to := range []string{"13800138000", "+86 138 0013 8000"} {
		receipt, err := send(t, sms, to)
		if err != nil {
			t.Fatal(err)
		}
		if receipt.ID != "9006197469364984^0" || receipt.Delivered {
			t.Errorf("receipt %+v: taken by the provider, not yet on the phone", receipt)
		}
	}
	if _, err := send(t, sms, "13900139000", "13900139000", cloudSecret); outcome(err) != refused || !strings.Contains(err.Error(), "isv.MOBILE_NUMBER_ILLEGAL") {
		t.Errorf("a wrong number: %v", err)
	}
	s := aliyunSettings(p.URL)
	s.KeySecret = "another"
	wrong := must[*channels.Gateway](t)(channels.NewGateway(channels.AliyunSMS(s), options()))
	if _, err := send(t, wrong, "13800138000", "another"); outcome(err) != refused || !strings.Contains(err.Error(), "SignatureDoesNotMatch") {
		t.Errorf("a wrong secret: %v", err)
	}
	before := p.count()
	if _, err := send(t, sms, ""); outcome(err) != refused || p.count() != before {
		t.Errorf("without number: %v, %d requests", err, p.count()-before)
	}
}

func TestAliyunVoice(t *testing.T) {
	p := newProvider(t, func(_ int, w http.ResponseWriter, r *http.Request, body string) {
		q := r.URL.Query()
		if err := aliyunSigned(r, body); err != nil || r.Header.Get("X-Acs-Action") != "SingleCallByTts" || q.Get("CalledNumber") != "13800138000" ||
			q.Get("CalledShowNumber") != "05710000" || q.Get("TtsCode") != "TTS_100" || len(q.Get("OutId")) != 15 {
			_, _ = fmt.Fprintf(w, `{"Code":"isv.INVALID_PARAMETERS","Message":"%v %s"}`, err, r.URL)
			return
		}
		_, _ = fmt.Fprint(w, `{"Code":"OK","Message":"OK","CallId":"116012354148^102813140000","RequestId":"D9CB3933"}`)
	})
	s := aliyunSettings(p.URL)
	s.Template, s.Show, s.Values = "TTS_100", "05710000", map[string]string{"text": "{{.Voice}}"}
	call := must[*channels.Gateway](t)(channels.NewGateway(channels.AliyunVoice(s), options()))
	if receipt, err := send(t, call, "13800138000"); err != nil || receipt.ID != "116012354148^102813140000" {
		t.Errorf("%+v %v", receipt, err)
	}
}

// tencentSigned verifies TC3-HMAC-SHA256 in the same way.
func tencentSigned(r *http.Request, body, service string) error {
	day := night.Format(time.DateOnly)
	if r.Header.Get("X-Tc-Timestamp") != fmt.Sprint(night.Unix()) {
		return errors.New("AuthFailure.SignatureExpire")
	}
	request := "POST\n/\n\ncontent-type:" + r.Header.Get("Content-Type") + "\nhost:" + r.Host + "\nx-tc-action:" +
		strings.ToLower(r.Header.Get("X-Tc-Action")) + "\n\ncontent-type;host;x-tc-action\n" + sum([]byte(body))
	scope := day + "/" + service + "/tc3_request"
	key := mac(mac(mac([]byte("TC3"+cloudSecret), day), service), "tc3_request")
	signature := hex.EncodeToString(mac(key, "TC3-HMAC-SHA256\n"+r.Header.Get("X-Tc-Timestamp")+"\n"+scope+"\n"+sum([]byte(request))))
	if r.Header.Get("Authorization") != "TC3-HMAC-SHA256 Credential="+cloudID+"/"+scope+", SignedHeaders=content-type;host;x-tc-action, Signature="+signature {
		return errors.New("AuthFailure.SignatureFailure")
	}
	return nil
}

func tencentSettings(url string) channels.TencentSettings {
	return channels.TencentSettings{
		SecretID: cloudID, SecretKey: cloudSecret, App: "1400006666", Sign: "守望", Template: "449739",
		Values: []string{"{{cut 12 .Title}}", `{{.Severity}} "x"`}, URL: url + "/",
	}
}

func TestTencentSMS(t *testing.T) {
	p := newProvider(t, func(_ int, w http.ResponseWriter, r *http.Request, body string) {
		var got struct {
			PhoneNumberSet, TemplateParamSet  []string
			SmsSdkAppId, SignName, TemplateId string //nolint:revive // as the provider has it
			SessionContext                    string
		}
		err := tencentSigned(r, body, "sms")
		if bad := json.Unmarshal([]byte(body), &got); bad != nil {
			err = bad
		}
		switch {
		case err != nil:
			_, _ = fmt.Fprintf(w, `{"Response":{"Error":{"Code":"%v","Message":"for %s"},"RequestId":"1"}}`, err, cloudID)
		case r.Header.Get("X-Tc-Action") != "SendSms" || r.Header.Get("X-Tc-Version") != "2021-01-11" || r.Header.Get("X-Tc-Region") != "ap-guangzhou":
			_, _ = fmt.Fprint(w, `{"Response":{"Error":{"Code":"InvalidAction","Message":"?"},"RequestId":"1"}}`)
		case got.PhoneNumberSet[0] == "+8613900139000":
			_, _ = fmt.Fprint(w, `{"Response":{"SendStatusSet":[{"SerialNo":"","Code":"LimitExceeded.PhoneNumberDailyLimit","Message":"+8613900139000 daily limit"}],"RequestId":"1"}}`)
		case got.SmsSdkAppId != "1400006666" || got.SignName != "守望" || got.TemplateId != "449739" || len(got.SessionContext) != 32 ||
			!slices.Equal(got.TemplateParamSet, []string{"红色：紧急呼叫（莘县/十", `red "x"`}):
			_, _ = fmt.Fprintf(w, `{"Response":{"Error":{"Code":"InvalidParameter","Message":%q},"RequestId":"1"}}`, body)
		default:
			_, _ = fmt.Fprint(w, `{"Response":{"SendStatusSet":[{"SerialNo":"5000:1045710669157053657849499619","PhoneNumber":"+8613800138000","Fee":1,"Code":"Ok","Message":"send success","IsoCode":"CN"}],"RequestId":"a0aabda6"}}`)
		}
	})
	sms := must[*channels.Gateway](t)(channels.NewGateway(channels.TencentSMS(tencentSettings(p.URL)), options()))
	if receipt, err := send(t, sms, "13800138000"); err != nil || receipt.ID != "5000:1045710669157053657849499619" || receipt.Delivered {
		t.Errorf("%+v %v", receipt, err)
	}
	if _, err := send(t, sms, "13900139000", "13900139000"); outcome(err) != rate {
		t.Errorf("too many to one number: %v", err)
	}
	s := tencentSettings(p.URL)
	s.SecretKey = "another"
	wrong := must[*channels.Gateway](t)(channels.NewGateway(channels.TencentSMS(s), options()))
	if _, err := send(t, wrong, "13800138000", cloudID); outcome(err) != refused || !strings.Contains(err.Error(), "AuthFailure.SignatureFailure") {
		t.Errorf("a wrong secret: %v", err)
	}
}

func TestTencentVoice(t *testing.T) {
	answer := `{"Response":{"SendStatus":{"CallId":"12582bce-403c-11eb-96b8-525400476c37","SessionContext":""},"RequestId":"91260bb8"}}`
	p := newProvider(t, func(_ int, w http.ResponseWriter, r *http.Request, body string) {
		var got struct {
			CalledNumber, VoiceSdkAppid string
			PlayTimes                   int
		}
		if err := errors.Join(tencentSigned(r, body, "vms"), json.Unmarshal([]byte(body), &got)); err != nil || r.Header.Get("X-Tc-Action") != "SendTtsVoice" ||
			r.Header.Get("X-Tc-Version") != "2020-09-02" || got.CalledNumber != "+8613800138000" || got.VoiceSdkAppid != "1400006666" || got.PlayTimes != 2 {
			_, _ = fmt.Fprint(w, `{"Response":{"Error":{"Code":"InvalidParameter","Message":"?"},"RequestId":"1"}}`)
			return
		}
		_, _ = fmt.Fprint(w, answer)
	})
	call := must[*channels.Gateway](t)(channels.NewGateway(channels.TencentVoice(tencentSettings(p.URL)), options()))
	if receipt, err := send(t, call, "13800138000"); err != nil || receipt.ID != "12582bce-403c-11eb-96b8-525400476c37" {
		t.Errorf("%+v %v", receipt, err)
	}
	answer = `{"Response":{"Error":{"Code":"RequestLimitExceeded","Message":"slow down"},"RequestId":"1"}}`
	if _, err := send(t, call, "13800138000"); outcome(err) != rate {
		t.Errorf("over the limit: %v", err)
	}
}

func TestCloudAnswers(t *testing.T) {
	checkAnswers(t, []said{
		{200, `{"Code":"OK","Message":"OK","BizId":"1"}`, taken, 0},
		{200, `{"Code":"isv.BUSINESS_LIMIT_CONTROL","Message":"触发小时级流控Permits:5"}`, rate, time.Minute},
		{400, `{"Code":"Throttling.User","Message":"Request was denied due to user flow control."}`, rate, time.Minute},
		{200, `{"Code":"isp.SYSTEM_ERROR","Message":"?"}`, later, 0},
		{503, `{"Code":"ServiceUnavailable","Message":"?"}`, later, 0},
		{200, `{"Code":"isv.AMOUNT_NOT_ENOUGH","Message":"账户余额不足"}`, refused, 0},
		{403, `{"Code":"Forbidden.RAM","Message":"?"}`, refused, 0},
		{200, `busy`, later, 0}, {200, `{}`, later, 0}, {200, ``, later, 0},
	}, func(url string) notify.Sender {
		return must[*channels.Gateway](t)(channels.NewGateway(channels.AliyunSMS(aliyunSettings(url)), options()))
	}, cloudID, cloudSecret)
}

// A gateway of the older kind: a form, a password hashed with the time, and an
// answer in numbers.
func TestGatewayByTemplate(t *testing.T) {
	p := newProvider(t, func(_ int, w http.ResponseWriter, r *http.Request, body string) {
		form, _ := url.ParseQuery(body)
		hash := md5.Sum([]byte("n0tice-passw0rd" + "20261124023015"))
		switch {
		case r.Header.Get("X-Token") != "t0ken-of-ours" || form.Get("sign") != hex.EncodeToString(hash[:]):
			_, _ = fmt.Fprintf(w, `{"result":[{"state":3,"why":"password %s"}]}`, "n0tice-passw0rd")
		case form.Get("mobile") == "13900139000":
			_, _ = fmt.Fprint(w, `{"result":[{"state":7,"why":"busy"}]}`)
		default:
			_, _ = fmt.Fprint(w, `{"result":[{"state":0,"id":4711}]}`)
		}
	})
	s := channels.GatewaySettings{
		URL:     p.URL + "/send.do?v=2",
		Headers: map[string]string{"X-Token": "{{.Secrets.token}}"},
		Form: map[string]string{
			"mobile": "{{.National}}", "text": "【{{.Params.name}}】{{.Title}}{{if .URL}} {{.URL}}{{end}}",
			"sign": `{{md5 (join .Secrets.password (date "20060102150405" .Now))}}`,
		},
		Params:  map[string]string{"name": "守望"},
		Secrets: map[string]string{"token": "t0ken-of-ours", "password": "n0tice-passw0rd"},
		Answer:  channels.AnswerRule{OK: "result.0.state", Is: "0", ID: "result.0.id", Codes: []string{"result.0.state"}, Words: []string{"result.0.why"}, Again: []string{"7"}},
	}
	g := must[*channels.Gateway](t)(channels.NewGateway(s, options()))
	if receipt, err := send(t, g, "13800138000"); err != nil || receipt.ID != "4711" {
		t.Fatalf("%+v %v", receipt, err)
	}
	r, body := p.last()
	if form, _ := url.ParseQuery(body); form.Get("text") != "【守望】"+message().Title+" "+message().URL || r.URL.Query().Get("v") != "2" {
		t.Errorf("%s %s", r.URL, body)
	}
	if _, err := send(t, g, "13900139000"); outcome(err) != later {
		t.Errorf("a busy gateway: %v", err)
	}
	s.Secrets = map[string]string{"token": "wr0ng-token", "password": "n0tice-passw0rd"}
	g = must[*channels.Gateway](t)(channels.NewGateway(s, options()))
	if _, err := send(t, g, "13800138000", "wr0ng-token", "n0tice-passw0rd"); outcome(err) != refused {
		t.Errorf("a wrong token: %v", err)
	}
}

func TestGatewaySettings(t *testing.T) {
	base := func() channels.GatewaySettings { return channels.GatewaySettings{URL: "https://sms.example.org/"} }
	for _, c := range []struct {
		name string
		set  func(*channels.GatewaySettings)
		want string
	}{
		{"method", func(s *channels.GatewaySettings) { s.Method = "DELETE" }, `method: "DELETE"`},
		{"both", func(s *channels.GatewaySettings) { s.Body, s.Form = "{}", map[string]string{"a": "b"} }, "body: must be missing"},
		{"get", func(s *channels.GatewaySettings) { s.Method, s.Body = "GET", "{}" }, "must be POST or PUT"},
		{"broken", func(s *channels.GatewaySettings) { s.Body = "{{.Text" }, "body: "},
		{"unknown field", func(s *channels.GatewaySettings) { s.Body = "{{.Resident}}" }, "Resident"},
		{"unknown secret", func(s *channels.GatewaySettings) { s.Body = "{{.Secrets.key}}" }, "key"},
		{"printf", func(s *channels.GatewaySettings) { s.Body = `{{printf "%999999999d" 1}}` }, "function printf is not allowed"},
		{"range", func(s *channels.GatewaySettings) { s.Body = `{{range 1000000000}}x{{end}}` }, "only values, functions and if"},
		{"define", func(s *channels.GatewaySettings) { s.Body = `{{define "x"}}{{template "x"}}{{end}}{{template "x"}}` }, "no further templates"},
		{"call in if", func(s *channels.GatewaySettings) { s.Body = `{{if (html .Text)}}x{{end}}` }, "function html is not allowed"},
		{"no JSON", func(s *channels.GatewaySettings) { s.Body = `{"text":"{{.Text}}"}` }, "must make JSON"},
		{"two lines", func(s *channels.GatewaySettings) { s.Headers = map[string]string{"X-Text": "{{.Text}}"} }, "headers.X-Text: must make one line"},
		{"host", func(s *channels.GatewaySettings) { s.Headers = map[string]string{"Host": "x"} }, "headers.Host: must not be set"},
		{"scheme", func(s *channels.GatewaySettings) { s.Sign.Scheme = "rsa" }, `sign.scheme: "rsa"`},
		{"tc3", func(s *channels.GatewaySettings) {
			s.Sign = channels.Signature{Scheme: "tc3", ID: "x", Secret: "y", Action: "z", Version: "1"}
		}, "sign.service: missing"},
		{"no template", func(s *channels.GatewaySettings) {
			*s = channels.AliyunSMS(channels.AliyunSettings{KeyID: "x", KeySecret: "y", Sign: "z"})
		}, "template: missing"},
		{"no app", func(s *channels.GatewaySettings) {
			*s = channels.TencentSMS(channels.TencentSettings{SecretID: "x", SecretKey: "y", Sign: "z", Template: "1"})
		}, "app: missing"},
		{"no key", func(s *channels.GatewaySettings) {
			*s = channels.TencentVoice(channels.TencentSettings{App: "x", Template: "1"})
		}, "sign.id: missing"},
		{"is", func(s *channels.GatewaySettings) { s.Answer.Is = "0" }, "answer.is"},
		{"url", func(s *channels.GatewaySettings) { s.URL = "sms.example.org" }, "url: "},
	} {
		s := base()
		c.set(&s)
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	s := base()
	s.Body = `{"text":{{json .Text}},"to":{{json .E164}}}`
	if err := s.Check(); err != nil {
		t.Error(err)
	}
}
