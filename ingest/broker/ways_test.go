package broker

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/rs/zerolog"
)

// childDir is set in the process that TestKill starts and kills.
const childDir = "SHOUWANG_TEST_BROKER_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		child(dir)
		return
	}
	os.Exit(m.Run())
}

func killOptions(dir string) Options {
	return Options{
		Dir: dir, MQTTAddr: "127.0.0.1:0", Service: Service{Password: "for the test"}, Log: zerolog.Nop(),
		Auth: registry(deviceLogin("acme", "b1")),
	}
}

func child(dir string) {
	b, err := New(killOptions(dir))
	if err != nil {
		fmt.Println("error", err)
		return
	}
	go func() {
		<-b.Ready()
		fmt.Println(b.MQTTAddr())
	}()
	fmt.Println("error", b.Run(context.Background()))
}

// TestKill: what a broker has acknowledged is there after its process was
// killed.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || strings.HasPrefix(addr, "error") {
		t.Fatal(addr, err)
	}
	ready := make(chan struct{})
	close(ready)
	b := &running{Broker: &Broker{addr: strings.TrimSpace(addr), ready: ready, service: Service{"shouwang", "for the test"}}, t: t}
	b.reader().Disconnect(100)
	dev := b.device("acme/b1", "b1", func(o *mqtt.ClientOptions) { o.SetWriteTimeout(time.Second) })
	type sent struct {
		payload string
		token   mqtt.Token
	}
	published := make(chan []sent)
	halfway := make(chan mqtt.Token, 1)
	go func() {
		var all []sent
		for i := 0; dev.IsConnectionOpen() && i < 100_000; i++ {
			payload := fmt.Sprint(i)
			all = append(all, sent{payload, dev.Publish("homecare/v1/acme/b1/event", 1, false, payload)})
			if i == 300 {
				halfway <- all[i].token
			}
		}
		published <- all
	}()
	if !(<-halfway).WaitTimeout(10 * time.Second) {
		t.Fatal("no PUBACK")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	dev.closed()
	all := <-published
	acked := map[string]bool{}
	for _, s := range all {
		select {
		case <-s.token.Done():
			if s.token.Error() == nil {
				acked[s.payload] = true
			}
		default:
		}
	}
	t.Logf("%d of %d acknowledged when killed", len(acked), len(all))

	if len(acked) == 0 || len(acked) == len(all) {
		t.Error("the process was not killed in the middle")
	}
	after := start(t, killOptions(dir))
	service := after.serve("shouwang~all", persistent)
	for deadline := time.After(time.Minute); len(acked) > 0; {
		select {
		case m := <-service.got:
			delete(acked, m.payload)
		case <-deadline:
			t.Fatalf("%d acknowledged messages are lost", len(acked))
		}
	}
}

func TestTLS(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	o := open(registry(device(t, "acme", "b1")))
	o.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	b := start(t, o)
	over := func(opts *mqtt.ClientOptions) {
		opts.Servers = nil
		opts.AddBroker("ssl://" + b.MQTTAddr()).SetTLSConfig(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12})
	}
	if !b.device("acme/b1", "", over).publish("homecare/v1/acme/b1/event", 1, "x") {
		t.Error("no PUBACK over TLS")
	}
	if _, err := b.dial("acme/b1", devicePassword, ""); err == nil {
		t.Error("the TLS port takes a plain connection")
	}
}

// TestOtherWays: what vendors' firmware does besides QoS 1.
func TestOtherWays(t *testing.T) {
	b := start(t, Options{Auth: registry(device(t, "acme", "b1")), SyncInterval: time.Minute})
	service := b.reader()
	const topic = "homecare/v1/acme/b1/"
	dev := b.device("acme/b1", "", func(o *mqtt.ClientOptions) {
		o.SetWill(topic+"status", `{"online":false}`, 1, true)
	})
	dev.publish(topic+"telemetry", 2, "twice sure")
	service.want(topic+"telemetry", "twice sure")
	dev.publish(topic+"telemetry", 0, "not sure")
	service.want(topic+"telemetry", "not sure")
	if code := dev.subscribe(topic+"command", 2); code != 1 {
		t.Errorf("QoS 2 subscription answered with %#x, want QoS 1", code)
	}
	if token := dev.Publish(topic+"status", 1, true, `{"online":true}`); !token.WaitTimeout(5*time.Second) || token.Error() != nil {
		t.Error("no PUBACK for a retained message")
	}
	service.want(topic+"status", `{"online":true}`)
	if err := b.Disconnect("acme/b1"); err != nil {
		t.Fatal(err)
	}
	service.want(topic+"status", `{"online":false}`)
	late := b.serve("shouwang~late")
	late.subscribe(topic+"status", 1)
	if m := late.next(); !m.msg.Retained() || m.payload != `{"online":false}` {
		t.Errorf("retained %v: %s", m.msg.Retained(), m.payload)
	}
}

// TestSessionKey holds our copy of the server's naming to what it stores.
func TestSessionKey(t *testing.T) {
	b := start(t, open(registry(device(t, "acme", "b1"))))
	b.device("acme/b1", "acme/b1~手环", persistent).Disconnect(100)
	b.device("acme/b1", "b1").Disconnect(100)
	js := b.admin()
	if stored, err := storedSession(t.Context(), js, "acme/b1~手环"); err != nil || !stored {
		t.Errorf("the stored session is not seen: %v", err)
	}
	for _, id := range []string{"b1", "never"} {
		if stored, err := storedSession(t.Context(), js, id); err != nil || stored {
			t.Errorf("%s: a stored session is seen: %v", id, err)
		}
	}
}

func BenchmarkPublish(b *testing.B) {
	for _, mode := range []struct {
		name string
		sync time.Duration
	}{{"SyncAlways", 0}, {"SyncEverySecond", time.Second}} {
		for _, window := range []int{1, 16} {
			b.Run(fmt.Sprintf("%s/inflight=%d", mode.name, window), func(b *testing.B) {
				r := start(b, Options{Auth: registry(deviceLogin("acme", "b1")), SyncInterval: mode.sync, Log: zerolog.Nop()})
				service := r.reader()
				go func() {
					for range service.got {
						continue
					}
				}()
				dev := r.device("acme/b1", "b1")
				payload := strings.Repeat("x", 200)
				tokens := make([]mqtt.Token, 0, window)
				b.ResetTimer()
				for range b.N {
					if len(tokens) == window {
						tokens[0].Wait()
						tokens = append(tokens[:0], tokens[1:]...)
					}
					tokens = append(tokens, dev.Publish("homecare/v1/acme/b1/telemetry", 1, false, payload))
				}
				for _, token := range tokens {
					token.Wait()
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
			})
		}
	}
}

func BenchmarkConnect(b *testing.B) {
	auth := registry()
	const n = 2000
	for i := range n {
		l := deviceLogin("acme", fmt.Sprint("d", i))
		auth.logins[l.User] = l
	}
	r := start(b, open(auth))
	connect := func(i int) net.Conn {
		conn, err := net.Dial("tcp", r.MQTTAddr())
		if err != nil {
			b.Fatal(err)
		}
		id := fmt.Sprint("d", i%n)
		if _, err := conn.Write(connectPacket(id, "acme/"+id, devicePassword)); err != nil {
			b.Fatal(err)
		}
		var answer [4]byte
		if _, err := conn.Read(answer[:]); err != nil || answer[3] != 0 {
			b.Fatal(answer, err)
		}
		return conn
	}
	b.Cleanup(func() { r.stop() })
	for i := range n {
		conn := connect(i)
		b.Cleanup(func() { _ = conn.Close() })
	}
	for i := 0; b.Loop(); i++ {
		_ = connect(i).Close()
	}
}

func connectPacket(id, user, password string) []byte {
	body := []byte{0, 4, 'M', 'Q', 'T', 'T', 4, 0xC2, 0, 60} // user, password, clean session
	for _, s := range []string{id, user, password} {
		body = append(append(body, byte(len(s)>>8), byte(len(s))), s...)
	}
	return append([]byte{0x10, byte(len(body))}, body...)
}
