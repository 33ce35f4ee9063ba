package channels_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"shouwang/alerting/notify"
	"shouwang/alerting/notify/channels"
)

const mailPassword = "m4il-passw0rd"

// postOffice is a real SMTP server that checks who signs in and answers what it is told.
type postOffice struct {
	addr  *net.TCPAddr
	roots *x509.CertPool
	mu    sync.Mutex
	mails []string
	clear bool // a password came in clear
	rcpt  func(to string) error
	data  func() error
}

type session struct {
	office *postOffice
	conn   *smtp.Conn
	signed bool
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if _, encrypted := s.conn.TLSConnectionState(); !encrypted {
			s.office.mu.Lock()
			s.office.clear = true
			s.office.mu.Unlock()
			return errors.New("the password came in clear")
		}
		if user != "notice@example.org" || password != mailPassword {
			return smtp.ErrAuthFailed
		}
		s.signed = true
		return nil
	}), nil
}

func (s *session) Mail(string, *smtp.MailOptions) error {
	if !s.signed {
		return smtp.ErrAuthRequired
	}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.office.rcpt != nil {
		return s.office.rcpt(to)
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.office.data != nil {
		if err := s.office.data(); err != nil {
			return err
		}
	}
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	s.office.mails = append(s.office.mails, string(b))
	return nil
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

func newPostOffice(t *testing.T, security string) *postOffice {
	t.Helper()
	certified := httptest.NewTLSServer(nil) // for its certificate of 127.0.0.1
	certified.Close()
	o := &postOffice{roots: x509.NewCertPool()}
	o.roots.AddCert(certified.Certificate())
	conf := &tls.Config{Certificates: certified.TLS.Certificates, MinVersion: tls.VersionTLS12}
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{office: o, conn: c}, nil
	}))
	server.Domain, server.ErrorLog, server.AllowInsecureAuth = "mail.example.org", quiet{}, true
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.addr = l.Addr().(*net.TCPAddr)
	switch security {
	case "tls":
		l = tls.NewListener(l, conf)
	case "starttls":
		server.TLSConfig = conf
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	return o
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

func (o *postOffice) settings(security string) channels.EmailSettings {
	return channels.EmailSettings{
		Host: "127.0.0.1", Port: o.addr.Port, Security: security,
		User: "notice@example.org", Password: mailPassword, From: "守望 <notice@example.org>",
	}
}

func (o *postOffice) sender(t *testing.T, s channels.EmailSettings) *channels.Email {
	t.Helper()
	with := options()
	with.TLS = &tls.Config{RootCAs: o.roots, MinVersion: tls.VersionTLS12}
	return must[*channels.Email](t)(channels.NewEmail(s, with))
}

func TestMailArrives(t *testing.T) {
	for _, security := range []string{"tls", "starttls"} {
		o := newPostOffice(t, security)
		sender := o.sender(t, o.settings(security))
		receipt, err := send(t, sender, "张 <zhang@example.com>")
		if err != nil {
			t.Fatalf("%s: %v", security, err)
		}
		if _, err := send(t, sender, "zhang@example.com"); err != nil {
			t.Fatalf("%s: %v", security, err)
		}
		if len(o.mails) != 2 {
			t.Fatalf("%s: %d mails", security, len(o.mails))
		}
		first, second := read(t, o.mails[0]), read(t, o.mails[1])
		subject, err := new(mime.WordDecoder).DecodeHeader(first.Header.Get("Subject"))
		if err != nil || subject != message().Title {
			t.Errorf("subject %q %v", subject, err)
		}
		for i := range len(o.mails[0]) {
			if head, _, _ := strings.Cut(o.mails[0], "\r\n\r\n"); i < len(head) && head[i] >= 0x80 {
				t.Fatalf("the head is not ASCII: %q", head)
			}
		}
		id := first.Header.Get("Message-Id")
		if receipt.ID == "" || id != "<"+receipt.ID+">" || id != second.Header.Get("Message-Id") || receipt.Delivered {
			t.Errorf("receipt %+v, message id %s, again %s", receipt, id, second.Header.Get("Message-Id"))
		}
		if first.Header.Get("Auto-Submitted") != "auto-generated" || first.Header.Get("Importance") != "high" {
			t.Errorf("head %v", first.Header)
		}
		body := decoded(t, first)
		if want := message().Text + "\n\n" + message().URL; strings.TrimSpace(strings.ReplaceAll(body, "\r\n", "\n")) != want {
			t.Errorf("text %q, want %q", body, want)
		}
	}
}

func TestMailIsRefusedOrPutOff(t *testing.T) {
	say := func(code int, enhanced smtp.EnhancedCode, text string) error {
		return &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: text}
	}
	for _, c := range []struct {
		name string
		rcpt error
		data error
		want string
	}{
		{"no such box", say(550, smtp.EnhancedCode{5, 1, 1}, "zhang@example.com unknown"), nil, refused},
		{"greylisted", say(450, smtp.EnhancedCode{4, 7, 1}, "try again in 5 minutes"), nil, rate},
		{"box full for now", say(452, smtp.EnhancedCode{4, 2, 2}, "full"), nil, later},
		{"going down", nil, say(421, smtp.EnhancedCode{4, 3, 2}, "shutting down"), later},
		{"spam", nil, say(554, smtp.EnhancedCode{5, 7, 1}, "looks like spam"), refused},
		{"later", nil, say(451, smtp.EnhancedCode{4, 3, 0}, "later"), later},
	} {
		o := newPostOffice(t, "starttls")
		o.rcpt, o.data = func(string) error { return c.rcpt }, func() error { return c.data }
		_, err := send(t, o.sender(t, o.settings("starttls")), "zhang@example.com", mailPassword, "zhang@example.com")
		if got := outcome(err); got != c.want {
			t.Errorf("%s: %s (%v), want %s", c.name, got, err, c.want)
		}
	}
}

func TestMailSignsInOverTLSOnly(t *testing.T) {
	o := newPostOffice(t, "starttls")
	s := o.settings("starttls")
	s.Password = "wr0ng-passw0rd"
	if _, err := send(t, o.sender(t, s), "zhang@example.com", "wr0ng-passw0rd"); outcome(err) != refused {
		t.Errorf("a wrong password: %v", err)
	}
	plain := newPostOffice(t, "none")
	if _, err := send(t, plain.sender(t, plain.settings("starttls")), "zhang@example.com", mailPassword); outcome(err) != later {
		t.Errorf("a server that lost its certificate: %v", err)
	}
	with := options() // without the server's certificate
	stranger := must[*channels.Email](t)(channels.NewEmail(o.settings("starttls"), with))
	if _, err := send(t, stranger, "zhang@example.com", mailPassword); outcome(err) != later {
		t.Errorf("a certificate nobody knows: %v", err)
	}
	if len(o.mails)+len(plain.mails) != 0 || plain.clear {
		t.Errorf("mail went out, or the password in clear (%v)", plain.clear)
	}
	if _, err := send(t, o.sender(t, o.settings("starttls")), "zhang@example.com\r\nBcc: all@example.com"); outcome(err) != refused {
		t.Errorf("an address of two lines: %v", err)
	}
}

func TestMailServerThatDawdles(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { // a line every 20 ms, for ever
				for {
					if _, err := io.WriteString(conn, "220-welcome\r\n"); err != nil {
						return
					}
					time.Sleep(20 * time.Millisecond)
				}
			}()
		}
	}()
	s := channels.EmailSettings{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, Security: "none", From: "notice@example.org"}
	for name, c := range map[string]struct{ timeout, deadline time.Duration }{
		"our own bound": {200 * time.Millisecond, time.Minute}, "the caller's": {time.Minute, 200 * time.Millisecond},
	} {
		with := options()
		with.Timeout = c.timeout
		sender := must[*channels.Email](t)(channels.NewEmail(s, with))
		ctx, cancel := context.WithTimeout(context.Background(), c.deadline)
		start := time.Now()
		_, err = sender.Send(ctx, notify.Address{To: "zhang@example.com"}, message())
		if took := time.Since(start); outcome(err) != later || took > 2*time.Second {
			t.Errorf("%s: after %v: %v", name, took, err)
		}
		cancel()
	}
}

func TestEmailSettings(t *testing.T) {
	good := channels.EmailSettings{Host: "mail.example.org", Security: "tls", User: "a", Password: "b", From: "a@example.org"}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for want, set := range map[string]func(*channels.EmailSettings){
		"host: missing":          func(s *channels.EmailSettings) { s.Host = "" },
		"without port":           func(s *channels.EmailSettings) { s.Host = "mail.example.org:25" },
		"port: \"70000\"":        func(s *channels.EmailSettings) { s.Port = 70000 },
		"security: \"ssl\"":      func(s *channels.EmailSettings) { s.Security = "ssl" },
		"network in clear":       func(s *channels.EmailSettings) { s.Security = "none" },
		"must be given together": func(s *channels.EmailSettings) { s.Password = "" },
		"from: \"守望\"":           func(s *channels.EmailSettings) { s.From = "守望" },
	} {
		s := good
		set(&s)
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func read(t *testing.T, text string) *netmail.Message {
	t.Helper()
	m, err := netmail.ReadMessage(bytes.NewBufferString(text))
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return m
}

func decoded(t *testing.T, m *netmail.Message) string {
	t.Helper()
	r := m.Body
	if m.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
		r = quotedprintable.NewReader(r)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
