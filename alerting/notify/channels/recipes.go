package channels

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Limits of SMS to one number, which the providers enforce and an account may
// have raised or lowered. They answer a code of AnswerRule.Rate then.
const (
	// AliyunSMSPerDay is of one template under one signature:
	// https://help.aliyun.com/zh/sms/user-guide/overview-of-sms-sending-limits
	AliyunSMSPerDay = 50
	// TencentSMSPerDay is beside one in 30 s and five in an hour:
	// https://cloud.tencent.com/document/product/382/3784
	TencentSMSPerDay = 10
)

// AliyunSettings are what an account at Alibaba Cloud needs for SMS
// (短信服务, SendSms) or voice (语音服务, SingleCallByTts).
type AliyunSettings struct {
	KeyID, KeySecret string // AccessKey of a RAM user who may do just this
	Sign             string // SMS: the approved signature (签名), without brackets
	Template         string // SMS_…, or TTS_… for voice
	// Values fill the template's variables: name to a template of ours, such as
	// {{cut 20 .Title}}. Approved templates bound their length.
	Values map[string]string
	Show   string // voice: the number to call from; empty for the shared pool
	URL    string // empty for the provider's own
}

// AliyunSMS is SendSms of 2017-05-25:
// https://help.aliyun.com/zh/sms/developer-reference/api-dysmsapi-2017-05-25-sendsms
func AliyunSMS(s AliyunSettings) GatewaySettings {
	return GatewaySettings{
		URL: or(s.URL, "https://dysmsapi.aliyuncs.com/"),
		Query: map[string]string{
			"PhoneNumbers": "{{.National}}", "SignName": "{{.Params.sign}}", "TemplateCode": "{{.Params.template}}",
			"TemplateParam": object(s.Values), "OutId": "{{.ID}}",
		},
		Values: s.Values,
		Params: map[string]string{"sign": s.Sign, "template": s.Template},
		Sign:   Signature{Scheme: "acs3", ID: s.KeyID, Secret: s.KeySecret, Action: "SendSms", Version: "2017-05-25"},
		Answer: aliyunAnswer("BizId"),
	}
}

// AliyunVoice is SingleCallByTts of 2017-05-25:
// https://help.aliyun.com/zh/vms/developer-reference/api-dyvmsapi-2017-05-25-singlecallbytts
func AliyunVoice(s AliyunSettings) GatewaySettings {
	g := GatewaySettings{
		URL: or(s.URL, "https://dyvmsapi.aliyuncs.com/"),
		Query: map[string]string{
			"CalledNumber": "{{.National}}", "TtsCode": "{{.Params.template}}", "TtsParam": object(s.Values),
			"PlayTimes": "2", "OutId": "{{cut 15 .ID}}", // of voice at most 15 characters
		},
		Values: s.Values,
		Params: map[string]string{"template": s.Template},
		Sign:   Signature{Scheme: "acs3", ID: s.KeyID, Secret: s.KeySecret, Action: "SingleCallByTts", Version: "2017-05-25"},
		Answer: aliyunAnswer("CallId"),
	}
	if s.Show != "" {
		g.Query["CalledShowNumber"], g.Params["show"] = "{{.Params.show}}", s.Show
	}
	return g
}

func aliyunAnswer(id string) AnswerRule {
	return AnswerRule{
		OK: "Code", Is: "OK", ID: id, Codes: []string{"Code"}, Words: []string{"Message"},
		Rate:  []string{"isv.BUSINESS_LIMIT_CONTROL", "isv.DAY_LIMIT_CONTROL", "isv.MONTH_LIMIT_CONTROL", "Throttling*"},
		Again: []string{"isp.SYSTEM_ERROR", "ServiceUnavailable*", "InternalError*"},
	}
}

// TencentSettings are what an account at Tencent Cloud needs for SMS (SendSms)
// or voice (语音消息, SendTtsVoice).
type TencentSettings struct {
	SecretID, SecretKey string   // of a sub-user who may do just this
	App                 string   // SmsSdkAppId, or VoiceSdkAppid
	Sign                string   // SMS: the approved signature, without brackets
	Template            string   // its number
	Values              []string // templates of ours, in the order of {1}, {2} …
	Region              string   // empty for ap-guangzhou
	URL                 string   // empty for the provider's own
}

// TencentSMS is SendSms of 2021-01-11:
// https://cloud.tencent.com/document/product/382/55981
func TencentSMS(s TencentSettings) GatewaySettings {
	set, values := array(s.Values)
	return GatewaySettings{
		URL:    or(s.URL, "https://sms.tencentcloudapi.com/"),
		Values: values,
		Body: `{"PhoneNumberSet":[{{json .E164}}],"SmsSdkAppId":{{json .Params.app}},"SignName":{{json .Params.sign}},` +
			`"TemplateId":{{json .Params.template}},"TemplateParamSet":` + set + `,"SessionContext":{{json .ID}}}`,
		Params: map[string]string{"app": s.App, "sign": s.Sign, "template": s.Template},
		Sign:   s.signature("SendSms", "2021-01-11", "sms"),
		Answer: tencentAnswer("Response.SendStatusSet.0.Code", "Ok", "Response.SendStatusSet.0.SerialNo"),
	}
}

// TencentVoice is SendTtsVoice of 2020-09-02:
// https://cloud.tencent.com/document/product/1128/51558
func TencentVoice(s TencentSettings) GatewaySettings {
	// It answers no code when all is well, but always the call's id.
	answer := tencentAnswer("Response.SendStatus.CallId", "", "Response.SendStatus.CallId")
	set, values := array(s.Values)
	return GatewaySettings{
		URL:    or(s.URL, "https://vms.tencentcloudapi.com/"),
		Values: values,
		Body: `{"CalledNumber":{{json .E164}},"VoiceSdkAppid":{{json .Params.app}},"TemplateId":{{json .Params.template}},` +
			`"TemplateParamSet":` + set + `,"PlayTimes":2,"SessionContext":{{json .ID}}}`,
		Params: map[string]string{"app": s.App, "template": s.Template},
		Sign:   s.signature("SendTtsVoice", "2020-09-02", "vms"),
		Answer: answer,
	}
}

func (s TencentSettings) signature(action, version, service string) Signature {
	return Signature{
		Scheme: "tc3", ID: s.SecretID, Secret: s.SecretKey,
		Action: action, Version: version, Service: service, Region: or(s.Region, "ap-guangzhou"),
	}
}

func tencentAnswer(ok, is, id string) AnswerRule {
	return AnswerRule{
		OK: ok, Is: is, ID: id,
		Codes: []string{"Response.Error.Code", "Response.SendStatusSet.0.Code"},
		Words: []string{"Response.Error.Message", "Response.SendStatusSet.0.Message"},
		Rate:  []string{"RequestLimitExceeded*", "LimitExceeded.*"},
		Again: []string{"InternalError*", "ResourceUnavailable*"},
	}
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// object writes a template that makes a JSON object of the named values.
func object(values map[string]string) string {
	pairs := make([]string, 0, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		quoted, _ := json.Marshal(name) // a string always is JSON
		pairs = append(pairs, fmt.Sprintf("%s:{{json (index .Values %q)}}", quoted, name))
	}
	return "{" + strings.Join(pairs, ",") + "}"
}

// array names values by their place, and writes a template that makes a JSON
// array of them.
func array(values []string) (string, map[string]string) {
	named, items := map[string]string{}, make([]string, len(values))
	for i, v := range values {
		name := strconv.Itoa(i + 1)
		named[name] = v
		items[i] = fmt.Sprintf("{{json (index .Values %q)}}", name)
	}
	return "[" + strings.Join(items, ",") + "]", named
}
