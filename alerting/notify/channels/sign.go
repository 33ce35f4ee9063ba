package channels

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"shouwang/devices"
)

// Signature says how a gateway's request is signed.
type Signature struct {
	// Scheme is empty for none (a token then stands in a header or the query),
	// acs3 for Alibaba Cloud, tc3 for Tencent Cloud.
	Scheme string
	ID     string // AccessKeyId or SecretId
	Secret string // AccessKeySecret or SecretKey

	Action  string // SendSms, say
	Version string // of the interface, a date
	Region  string // tc3 only
	Service string // tc3 only: sms, vms
	// Nonce makes the nonce of acs3; nil is a random one.
	Nonce func() string
}

// Check says what is wrong with the settings.
func (s Signature) Check() error {
	need := map[string]string{}
	switch s.Scheme {
	case "":
		return nil
	case "acs3":
	case "tc3":
		need["sign.service"] = s.Service
	default:
		return &devices.InputError{Field: "sign.scheme", Value: s.Scheme, Rule: "must be acs3, tc3 or empty"}
	}
	need["sign.id"], need["sign.secret"], need["sign.action"], need["sign.version"] = s.ID, s.Secret, s.Action, s.Version
	for _, field := range slices.Sorted(maps.Keys(need)) {
		if need[field] == "" {
			return &devices.InputError{Field: field, Rule: "missing: " + s.Scheme + " needs it"}
		}
	}
	return nil
}

func (s Signature) secrets() []string { return []string{s.Secret, s.ID} }

func (s Signature) sign(req *http.Request, body []byte, now time.Time) {
	switch s.Scheme {
	case "acs3":
		s.acs3(req, body, now)
	case "tc3":
		s.tc3(req, body, now)
	}
}

// acs3 is Alibaba Cloud's signature, version 3:
// https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature
func (s Signature) acs3(req *http.Request, body []byte, now time.Time) {
	nonce := s.Nonce
	if nonce == nil {
		nonce = randomNonce
	}
	hashed := hexSHA256(body)
	signed := map[string]string{
		"host":                  req.URL.Host,
		"x-acs-action":          s.Action,
		"x-acs-content-sha256":  hashed,
		"x-acs-date":            now.UTC().Format("2006-01-02T15:04:05Z"),
		"x-acs-signature-nonce": nonce(),
		"x-acs-version":         s.Version,
	}
	for name, value := range signed {
		if name != "host" {
			req.Header.Set(name, value)
		}
	}
	if t := req.Header.Get("Content-Type"); t != "" {
		signed["content-type"] = t
	}
	names, lines := canonical(signed)
	request := strings.Join([]string{req.Method, path(req), req.URL.RawQuery, lines, names, hashed}, "\n")
	signature := hex.EncodeToString(hmacSHA256([]byte(s.Secret), "ACS3-HMAC-SHA256\n"+hexSHA256([]byte(request))))
	req.Header.Set("Authorization", fmt.Sprintf("ACS3-HMAC-SHA256 Credential=%s,SignedHeaders=%s,Signature=%s", s.ID, names, signature))
}

// tc3 is Tencent Cloud's signature, version 3:
// https://cloud.tencent.com/document/api/213/30654
func (s Signature) tc3(req *http.Request, body []byte, now time.Time) {
	seconds, day := strconv.FormatInt(now.Unix(), 10), now.UTC().Format(time.DateOnly)
	req.Header.Set("X-TC-Action", s.Action)
	req.Header.Set("X-TC-Version", s.Version)
	req.Header.Set("X-TC-Timestamp", seconds)
	if s.Region != "" {
		req.Header.Set("X-TC-Region", s.Region)
	}
	names, lines := canonical(map[string]string{
		"content-type": req.Header.Get("Content-Type"),
		"host":         req.URL.Host,
		"x-tc-action":  strings.ToLower(s.Action),
	})
	request := strings.Join([]string{req.Method, path(req), req.URL.RawQuery, lines, names, hexSHA256(body)}, "\n")
	scope := day + "/" + s.Service + "/tc3_request"
	key := []byte("TC3" + s.Secret)
	for _, part := range []string{day, s.Service, "tc3_request"} {
		key = hmacSHA256(key, part)
	}
	signature := hex.EncodeToString(hmacSHA256(key, strings.Join([]string{"TC3-HMAC-SHA256", seconds, scope, hexSHA256([]byte(request))}, "\n")))
	req.Header.Set("Authorization", fmt.Sprintf("TC3-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s", s.ID, scope, names, signature))
}

// canonical writes headers as both signatures want them: a list of names, and
// lines of name and value, each ended by a line break.
func canonical(headers map[string]string) (names, lines string) {
	sorted := slices.Sorted(maps.Keys(headers))
	var b strings.Builder
	for _, name := range sorted {
		b.WriteString(name + ":" + strings.TrimSpace(headers[name]) + "\n")
	}
	return strings.Join(sorted, ";"), b.String()
}

func path(req *http.Request) string {
	if p := req.URL.EscapedPath(); p != "" {
		return p
	}
	return "/"
}

func randomNonce() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

func hexSHA256(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func hmacSHA256(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	_, _ = m.Write([]byte(text))
	return m.Sum(nil)
}
