package peer

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// MosquittoOptions configure a broker; zero values are Mosquitto's defaults.
type MosquittoOptions struct {
	// Users maps names to passwords. Without users anybody may connect.
	Users map[string]string
	// MaxInflight is how many QoS 1 messages a client may leave
	// unacknowledged, MaxQueued how many more wait for it.
	MaxInflight, MaxQueued int
	// Extra lines of the configuration file.
	Extra []string
}

// Mosquitto is a real broker in a process of its own on a loopback port, with
// its store in a folder of the test. It can be stopped, killed and started
// again with the same port and store.
type Mosquitto struct {
	Addr string // host:port

	tb     testing.TB
	binary string
	dir    string
	opts   MosquittoOptions
	port   int
	cmd    *exec.Cmd
	exited chan struct{}
}

// StartMosquitto starts a broker and stops it when the test ends. Where
// Mosquitto is not installed the test is skipped; with CI=true it fails.
func StartMosquitto(tb testing.TB, opts MosquittoOptions) *Mosquitto {
	tb.Helper()
	m := &Mosquitto{tb: tb, binary: mosquittoBinary(), dir: tb.TempDir(), opts: opts}
	if m.binary == "" {
		const hint = "mosquitto is not installed (Debian and Ubuntu: apt-get install mosquitto)"
		if os.Getenv("CI") == "true" {
			tb.Fatal(hint)
		}
		tb.Skip(hint)
	}
	tb.Cleanup(m.Stop)
	var err error
	for range 5 { // a free port may be taken before the broker listens on it
		ports, portErr := freePorts(1)
		if err = portErr; err != nil {
			continue
		}
		m.port = ports[0]
		if err = m.start(); err == nil {
			return m
		}
	}
	tb.Fatalf("start mosquitto: %v", err)
	return nil
}

// Start starts the broker again after Stop or Kill.
func (m *Mosquitto) Start() {
	m.tb.Helper()
	if err := m.start(); err != nil {
		m.tb.Fatalf("start mosquitto: %v", err)
	}
}

// Stop ends the broker orderly: it saves its store.
func (m *Mosquitto) Stop() { m.end(syscall.SIGTERM) }

// Kill ends the broker at once.
func (m *Mosquitto) Kill() { m.end(syscall.SIGKILL) }

// SetUsers changes the users of the running broker.
func (m *Mosquitto) SetUsers(users map[string]string) {
	m.tb.Helper()
	m.opts.Users = users
	if err := m.writePasswords(); err != nil {
		m.tb.Fatal(err)
	}
	if m.cmd != nil {
		if err := m.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			m.tb.Fatalf("reload mosquitto: %v", err)
		}
	}
}

func (m *Mosquitto) start() error {
	if err := m.writeConfig(); err != nil {
		return err
	}
	if err := m.writePasswords(); err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(m.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(m.binary, "-c", filepath.Join(m.dir, "mosquitto.conf")) //nolint:noctx // ends by Stop
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(exited)
	}()
	m.cmd, m.exited = cmd, exited
	m.Addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(m.port))
	dialer := net.Dialer{Timeout: time.Second}
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		select {
		case <-exited:
			m.cmd = nil
			text, _ := os.ReadFile(filepath.Join(m.dir, "log"))
			return fmt.Errorf("it ended at once: %s", text)
		default:
		}
		if conn, err := dialer.DialContext(m.tb.Context(), "tcp", m.Addr); err == nil {
			return conn.Close()
		}
		time.Sleep(10 * time.Millisecond)
	}
	m.Kill()
	return fmt.Errorf("nobody listens on %s", m.Addr)
}

func (m *Mosquitto) end(signal os.Signal) {
	if m.cmd == nil {
		return
	}
	_ = m.cmd.Process.Signal(signal)
	select {
	case <-m.exited:
	case <-time.After(5 * time.Second):
		_ = m.cmd.Process.Kill()
		<-m.exited
	}
	m.cmd = nil
}

func (m *Mosquitto) writeConfig() error {
	lines := []string{
		fmt.Sprintf("listener %d 127.0.0.1", m.port),
		"persistence true",
		"persistence_location " + m.dir + "/",
		"autosave_interval 1",
		"log_dest stderr",
		"set_tcp_nodelay true",
	}
	if os.Getuid() == 0 {
		lines = append(lines, "user root") // else it gives up the right to its own folder
	}
	if len(m.opts.Users) > 0 {
		lines = append(lines, "allow_anonymous false", "password_file "+m.passwordFile())
	} else {
		lines = append(lines, "allow_anonymous true")
	}
	if m.opts.MaxInflight > 0 {
		lines = append(lines, "max_inflight_messages "+strconv.Itoa(m.opts.MaxInflight))
	}
	if m.opts.MaxQueued > 0 {
		lines = append(lines, "max_queued_messages "+strconv.Itoa(m.opts.MaxQueued))
	}
	lines = append(lines, m.opts.Extra...)
	return os.WriteFile(filepath.Join(m.dir, "mosquitto.conf"), []byte(strings.Join(lines, "\n")+"\n"), 0o600)
}

func (m *Mosquitto) passwordFile() string { return filepath.Join(m.dir, "passwords") }

func (m *Mosquitto) writePasswords() error {
	if len(m.opts.Users) == 0 {
		return nil
	}
	var text strings.Builder
	for user, password := range m.opts.Users {
		fmt.Fprintf(&text, "%s:%s\n", user, password)
	}
	fresh := m.passwordFile() + ".new"
	if err := os.WriteFile(fresh, []byte(text.String()), 0o600); err != nil {
		return err
	}
	if out, err := exec.CommandContext(m.tb.Context(), "mosquitto_passwd", "-U", fresh).CombinedOutput(); err != nil {
		return fmt.Errorf("mosquitto_passwd: %w: %s", err, out)
	}
	return os.Rename(fresh, m.passwordFile())
}

// mosquittoBinary looks where Debian puts it too: /usr/sbin is not in every
// user's PATH.
func mosquittoBinary() string {
	for _, name := range []string{"mosquitto", "/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}
