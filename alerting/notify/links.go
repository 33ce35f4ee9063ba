package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"shouwang/alerting"
)

// Links are signed addresses that let one person acknowledge one alert for a
// time without signing in. They serve that one purpose.
type Links struct {
	Key []byte
	// Base is the address people reach the board at, https://host without a
	// slash at its end; "" makes no links.
	Base string
	// Lasts is how long a link is good for.
	Lasts time.Duration
}

// Link is what a link says.
type Link struct {
	Alert   string
	Person  string
	Expires time.Time
	ID      string // stands for the token where it must not be kept
}

// The errors of Read.
var (
	ErrLinkWrong   = errors.New("this link was not made by us, or was changed")
	ErrLinkExpired = errors.New("this link is too old")
)

const (
	// linkPath is where the page answers.
	linkPath = "/a/"
	// macSize is in bytes: 128 bits, of which nobody guesses one.
	macSize = 16
	// longestToken is what is looked at at all.
	longestToken = 400
	purpose      = "shouwang acknowledge 1\x00"
)

// Make is the link for the person; "" without a base.
func (l *Links) Make(alert, person string, now time.Time) string {
	if l.Base == "" {
		return ""
	}
	return l.Base + linkPath + l.Token(alert, person, now)
}

// Token is the last part of the link.
func (l *Links) Token(alert, person string, now time.Time) string {
	b := binary.BigEndian.AppendUint32(nil, uint32(now.Add(l.Lasts).Unix()/60)) //nolint:gosec // good for some thousand years
	b = append(b, byte(len(alert)))                                             //nolint:gosec // ids have some tens of bytes
	b = append(b, alert...)
	b = append(b, person...)
	return base64.RawURLEncoding.EncodeToString(append(b, l.mac(b)...))
}

func (l *Links) mac(b []byte) []byte {
	h := hmac.New(sha256.New, l.Key)
	h.Write([]byte(purpose))
	h.Write(b)
	return h.Sum(nil)[:macSize]
}

// Read checks a token. The link is returned with ErrLinkExpired as well.
func (l *Links) Read(token string, now time.Time) (Link, error) {
	if len(token) > longestToken || len(l.Key) == 0 {
		return Link{}, ErrLinkWrong
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) < 5+macSize || strings.ContainsAny(token, "\r\n") {
		return Link{}, ErrLinkWrong
	}
	said, mac := b[:len(b)-macSize], b[len(b)-macSize:]
	if !hmac.Equal(mac, l.mac(said)) {
		return Link{}, ErrLinkWrong
	}
	n := int(said[4])
	if len(said) < 5+n {
		return Link{}, ErrLinkWrong
	}
	sum := sha256.Sum256(b)
	link := Link{
		Alert: string(said[5 : 5+n]), Person: string(said[5+n:]),
		Expires: time.Unix(int64(binary.BigEndian.Uint32(said))*60, 0).UTC(), ID: hex.EncodeToString(sum[:]),
	}
	if !link.Expires.After(now) {
		return link, ErrLinkExpired
	}
	return link, nil
}

// For is the link of an entry's message: to acknowledge, where it asks for that
// and only its person reads it; else to the board, where one signs in.
func (l *Links) For(now func() time.Time) func(*Entry, bool) string {
	return func(e *Entry, shared bool) string {
		switch {
		case l.Base == "":
			return ""
		case e != nil && e.Reason == alerting.NoticeVisit:
			return l.Base + "/visits"
		case e == nil || e.Alert == "":
			return l.Base + "/"
		case shared || !e.asks():
			return l.Base + "/alerts/" + e.Alert
		}
		return l.Make(e.Alert, e.Person, now())
	}
}
