package channels

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail"

	"shouwang/alerting/notify"
	"shouwang/devices"
)

// EmailSettings are one mailbox to send from.
type EmailSettings struct {
	Host string
	Port int // 0 is 465 with tls, 587 with starttls, 25 with none
	// Security is tls (from the first byte), starttls (never without it), or
	// none, which is for a relay on this machine only.
	Security string
	User     string // empty: the server asks for none
	Password string
	From     string // address, or name and address: 守望 <notice@example.org>
}

// Check says what is wrong with the settings.
func (s EmailSettings) Check() error {
	switch {
	case s.Host == "":
		return &devices.InputError{Field: "host", Rule: "missing"}
	case strings.ContainsAny(s.Host, " /@\r\n") || strings.Count(s.Host, ":") == 1:
		return &devices.InputError{Field: "host", Value: s.Host, Rule: "must be a host's name without port"}
	case s.Port < 0 || s.Port > 65535:
		return &devices.InputError{Field: "port", Value: strconv.Itoa(s.Port), Rule: "must lie between 0 and 65535"}
	case s.Security != "tls" && s.Security != "starttls" && s.Security != "none":
		return &devices.InputError{Field: "security", Value: s.Security, Rule: "must be tls, starttls or none"}
	case s.Security == "none" && !loopback(s.Host):
		return &devices.InputError{Field: "security", Value: s.Security, Rule: "is for a relay on this machine only: the message would cross the network in clear"}
	case (s.User == "") != (s.Password == ""):
		return &devices.InputError{Field: "user", Value: s.User, Rule: "user and password must be given together"}
	}
	if _, err := netmail.ParseAddress(s.From); err != nil {
		return &devices.InputError{Field: "from", Value: s.From, Rule: "must be an e-mail address"}
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Email sends messages over SMTP.
type Email struct {
	settings EmailSettings
	options  Options
	tls      *tls.Config
	domain   string // of the sender, for message ids
}

var _ notify.Sender = (*Email)(nil)

// NewEmail makes the channel.
func NewEmail(s EmailSettings, o Options) (*Email, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if s.Port == 0 {
		s.Port = map[string]int{"tls": 465, "starttls": 587, "none": 25}[s.Security]
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.TLS != nil {
		conf = o.TLS.Clone()
	}
	if conf.ServerName == "" {
		conf.ServerName = s.Host
	}
	from, err := netmail.ParseAddress(s.From)
	if err != nil {
		return nil, err
	}
	return &Email{settings: s, options: o, tls: conf, domain: from.Address[strings.LastIndexByte(from.Address, '@')+1:]}, nil
}

// Send delivers the message to the mail server, which is what the receipt says.
func (e *Email) Send(ctx context.Context, to notify.Address, m notify.Message) (notify.Receipt, error) {
	if _, err := netmail.ParseAddress(to.To); err != nil {
		return notify.Receipt{}, &notify.RefusedError{Detail: "the person's e-mail address is not one"}
	}
	msg, id, err := e.message(to.To, m)
	if err != nil {
		return notify.Receipt{}, &notify.RefusedError{Detail: e.words(err.Error(), to.To)}
	}
	ctx, cancel := context.WithTimeout(ctx, e.options.timeout())
	defer cancel()
	client, err := e.client(ctx)
	if err != nil {
		return notify.Receipt{}, &notify.RefusedError{Detail: e.words(err.Error(), to.To)}
	}
	if err := client.DialAndSendWithContext(ctx, msg); err != nil && !e.taken(err) {
		return notify.Receipt{}, e.judge(ctx, err, to.To)
	}
	return notify.Receipt{ID: id}, nil
}

// client makes the connection of one message. It is closed when ctx ends, so
// that a server that dawdles does not hold us.
func (e *Email) client(ctx context.Context) (*mail.Client, error) {
	s := &e.settings
	options := []mail.Option{
		mail.WithPort(s.Port), mail.WithTimeout(e.options.timeout()), mail.WithTLSConfig(e.tls), mail.WithoutNoop(),
		mail.WithDialContextFunc(func(dialing context.Context, network, address string) (net.Conn, error) {
			var conn net.Conn
			var err error
			if s.Security == "tls" {
				conn, err = (&tls.Dialer{Config: e.tls}).DialContext(dialing, network, address)
			} else {
				conn, err = (&net.Dialer{}).DialContext(dialing, network, address)
			}
			if err == nil {
				context.AfterFunc(ctx, func() { _ = conn.Close() })
			}
			return conn, err
		}),
	}
	switch s.Security {
	case "tls":
		options = append(options, mail.WithSSL())
	case "starttls":
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	default:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	}
	if s.User != "" {
		options = append(options, mail.WithUsername(s.User), mail.WithPassword(s.Password),
			mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthPlain, mail.SMTPAuthLogin))
	}
	return mail.NewClient(s.Host, options...)
}

// message writes the mail; its id is the same whenever the message is sent again.
func (e *Email) message(to string, m notify.Message) (*mail.Msg, string, error) {
	msg := mail.NewMsg()
	if err := msg.From(e.settings.From); err != nil {
		return nil, "", err
	}
	if err := msg.To(to); err != nil {
		return nil, "", err
	}
	id := messageID(m.Key) + "@" + e.domain
	msg.SetMessageIDWithValue(id)
	msg.Subject(strings.Join(strings.Fields(m.Title), " "))
	msg.SetDateWithValue(e.options.now()())
	// RFC 3834: nobody's absence note shall answer.
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	if m.Severity == "red" {
		msg.SetImportance(mail.ImportanceHigh)
	}
	text := m.Text
	if m.URL != "" {
		text += "\n\n" + m.URL
	}
	msg.SetBodyString(mail.TypeTextPlain, text+"\n")
	return msg, id, nil
}

// taken says whether the error came after the server had taken the message:
// what goes wrong in parting is no reason to send it twice.
func (e *Email) taken(err error) bool {
	var sending *mail.SendError
	return errors.As(err, &sending) && sending.Reason == mail.ErrSMTPReset
}

// slowDown are the enhanced codes 4.7.x, by which servers hold back whom they do
// not know or who sends too much (RFC 3463, and greylisting in RFC 6647).
var slowDown = regexp.MustCompile(`^4\.7\.`)

// judge sorts what SMTP says: 4xx is for later, 5xx for good (RFC 5321, 4.2.1).
func (e *Email) judge(ctx context.Context, err error, to string) error {
	detail := e.words(err.Error(), to)
	if ctx.Err() != nil { // closed by us, whatever the connection says of it
		return fmt.Errorf("send mail: %w", ctx.Err())
	}
	code, enhanced := 0, ""
	var protocol *textproto.Error
	var sending *mail.SendError
	switch {
	case errors.As(err, &sending) && sending.ErrorCode() != 0:
		code, enhanced = sending.ErrorCode(), sending.EnhancedStatusCode()
	case errors.As(err, &protocol):
		code = protocol.Code
		enhanced, _, _ = strings.Cut(protocol.Msg, " ")
	}
	switch {
	case code >= 500:
		return &notify.RefusedError{Detail: detail}
	case code >= 400 && slowDown.MatchString(enhanced):
		return &notify.RateError{RetryAfter: defaultRetry, Detail: detail}
	}
	return errors.New("send mail: " + detail)
}

func (e *Email) words(text, to string) string {
	return words(text, e.settings.Password, to)
}
