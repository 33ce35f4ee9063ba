package channels

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"shouwang/alerting/notify"
)

// The vector of the Standard Webhooks specification's own tests.
func TestStandardWebhooksVector(t *testing.T) {
	key, err := webhookKey("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	got := signWebhook(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
}

// The example of https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature
func TestAliyunVector(t *testing.T) {
	query := encode(map[string]string{"RegionId": "cn-shanghai", "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"})
	req, err := http.NewRequest(http.MethodPost, "https://ecs.cn-shanghai.aliyuncs.com/?"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := Signature{
		Scheme: "acs3", ID: "YourAccessKeyId", Secret: "YourAccessKeySecret", Action: "RunInstances", Version: "2014-05-26",
		Nonce: func() string { return "3156853299f313e23d1673dc12e1703d" },
	}
	s.sign(req, nil, time.Date(2023, 10, 26, 10, 22, 32, 0, time.UTC))
	want := "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
	if got := req.Header.Get("Authorization"); got != want {
		t.Errorf("authorization\n%s, want\n%s", got, want)
	}
}

// The example of https://cloud.tencent.com/document/api/213/30654, whose key is
// printed as 32 asterisks and was signed as such.
func TestTencentVector(t *testing.T) {
	body := `{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}`
	req, err := http.NewRequest(http.MethodPost, "https://cvm.tencentcloudapi.com", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	stars := strings.Repeat("*", 32)
	s := Signature{
		Scheme: "tc3", ID: "AKID" + stars, Secret: stars, Action: "DescribeInstances", Version: "2017-03-12", Region: "ap-guangzhou", Service: "cvm",
	}
	s.sign(req, []byte(body), time.Unix(1551113065, 0))
	want := "TC3-HMAC-SHA256 Credential=AKID" + stars + "/2019-02-25/cvm/tc3_request, SignedHeaders=content-type;host;x-tc-action, Signature=10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f"
	if got := req.Header.Get("Authorization"); got != want {
		t.Errorf("authorization\n%s, want\n%s", got, want)
	}
	if req.Header.Get("X-TC-Timestamp") != "1551113065" || req.Header.Get("X-TC-Region") != "ap-guangzhou" {
		t.Errorf("headers %v", req.Header)
	}
}

func TestPhone(t *testing.T) {
	for to, want := range map[string][2]string{
		"13800138000":       {"13800138000", "+8613800138000"},
		"138 0013-8000":     {"13800138000", "+8613800138000"},
		"+86 138 0013 8000": {"13800138000", "+8613800138000"},
		"008613800138000":   {"13800138000", "+8613800138000"},
		"+852 6123 4567":    {"85261234567", "+85261234567"},
		"0635-7321234":      {"06357321234", "+8606357321234"},
	} {
		if national, e164 := phone(to); national != want[0] || e164 != want[1] {
			t.Errorf("%s: %s %s, want %v", to, national, e164, want)
		}
	}
}

func TestCutKeepsRunesWhole(t *testing.T) {
	for n := range 20 {
		got := cut("守望a守望a守望", n)
		if len(got) > max(n, len("…")) || strings.ContainsRune(got, '\uFFFD') {
			t.Errorf("%d: %q", n, got)
		}
	}
	if got := fit("标题", strings.Repeat("长", 1000), "https://x/y", 100); len(got) > 100 || !strings.HasSuffix(got, "…\nhttps://x/y") {
		t.Errorf("%d bytes: %q", len(got), got)
	}
}

func FuzzLookup(f *testing.F) {
	f.Add(`{"a":[{"b":1}]}`, "a.0.b")
	f.Add(`[]`, "0")
	f.Fuzz(func(_ *testing.T, body, path string) {
		g := Gateway{post: newPoster(Options{}), settings: GatewaySettings{Answer: AnswerRule{OK: path, Is: "x", ID: path, Codes: []string{path}, Rate: []string{"*"}}}}
		_, _ = g.read(answer{status: 200, body: []byte(body)}, notifyAddress)
	})
}

var notifyAddress = notify.Address{To: "13800138000"}
