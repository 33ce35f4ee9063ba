package channels

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"shouwang/alerting"
	"shouwang/alerting/notify"
	"shouwang/devices"
)

// secretPrefix marks a signing secret (standardwebhooks.com, "Signature scheme").
const secretPrefix = "whsec_"

// WebhookSettings are a receiver of one's own.
type WebhookSettings struct {
	URL string
	// Secret signs each request: "whsec_" and 24 to 64 bytes in base64.
	Secret string
}

// Check says what is wrong with the settings.
func (s WebhookSettings) Check() error {
	if err := checkURL("url", s.URL); err != nil {
		return err
	}
	_, err := webhookKey(s.Secret)
	return err
}

func webhookKey(secret string) ([]byte, error) {
	if secret == "" {
		return nil, &devices.InputError{Field: "secret", Rule: "missing"}
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
	if err != nil || len(key) < 24 || len(key) > 64 {
		return nil, &devices.InputError{Field: "secret", Value: "(hidden)", Rule: "must be whsec_ and 24 to 64 bytes in base64"}
	}
	return key, nil
}

// Webhook posts messages as JSON, signed as https://www.standardwebhooks.com
// has it, for which receivers find a library in most languages.
type Webhook struct {
	url  string
	key  []byte
	post *poster
	hide []string
}

var _ notify.Sender = (*Webhook)(nil)

// NewWebhook makes the channel.
func NewWebhook(s WebhookSettings, o Options) (*Webhook, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	key, err := webhookKey(s.Secret)
	if err != nil {
		return nil, err
	}
	return &Webhook{url: s.URL, key: key, post: newPoster(o), hide: []string{s.URL, s.Secret}}, nil
}

// webhookBody is the contract with receivers, version 1; fields may be added.
type webhookBody struct {
	Type      string         `json:"type"` // notice.<reason>
	Timestamp time.Time      `json:"timestamp"`
	Data      webhookMessage `json:"data"`
}

type webhookMessage struct {
	Key      string                `json:"key"`
	Notices  []string              `json:"notices"`
	Reason   alerting.NoticeReason `json:"reason"`
	Severity alerting.Severity     `json:"severity"`
	Title    string                `json:"title"`
	Text     string                `json:"text"`
	URL      string                `json:"url,omitempty"`
	To       string                `json:"to,omitempty"`
	Language string                `json:"language"`
}

// Send posts the message. Any 2xx is the receipt.
func (w *Webhook) Send(ctx context.Context, to notify.Address, m notify.Message) (notify.Receipt, error) {
	notices := m.Notices
	if notices == nil {
		notices = []string{}
	}
	body, err := json.Marshal(webhookBody{
		Type: "notice." + string(m.Reason), Timestamp: m.At.UTC(),
		Data: webhookMessage{
			Key: m.Key, Notices: notices, Reason: m.Reason, Severity: m.Severity,
			Title: m.Title, Text: m.Text, URL: m.URL, To: to.To, Language: m.Language,
		},
	})
	if err != nil {
		return notify.Receipt{}, &notify.RefusedError{Detail: fmt.Sprintf("write body: %v", err)}
	}
	req, err := jsonRequest(ctx, w.url, body)
	if err != nil {
		return notify.Receipt{}, err
	}
	id := messageID(m.Key)
	now := w.post.now()
	req.Header.Set("Webhook-Id", id)
	req.Header.Set("Idempotency-Key", id)
	req.Header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	req.Header.Set("Webhook-Signature", signWebhook(w.key, id, now, body))
	a, err := w.post.do(req)
	if err != nil {
		return notify.Receipt{}, err
	}
	if err := w.post.judge(a, words(string(a.body), append(w.hide, to.To)...)); err != nil {
		return notify.Receipt{}, err
	}
	return notify.Receipt{ID: id, Delivered: true}, nil
}

// messageID is the same for the same key. It holds no full stop, which parts
// the fields of the signature.
func messageID(key string) string {
	sum := sha256.Sum256([]byte(key))
	return "msg_" + hex.EncodeToString(sum[:16])
}

// signWebhook is the symmetric signature v1 of Standard Webhooks.
func signWebhook(key []byte, id string, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, key)
	_, _ = fmt.Fprintf(mac, "%s.%d.", id, at.Unix())
	_, _ = mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
