package main

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"shouwang/alerting"
	"shouwang/devices"
)

// cable stands between a browser and the service and can be cut: what is under
// way is then neither delivered nor refused, as with a line that is dead.
type cable struct {
	address, to string

	mu   sync.Mutex
	cut  chan struct{} // closed when the line is whole again; nil while it is
	ends []net.Conn
}

func plugIn(t *testing.T, to string) *cable {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{address: listener.Addr().String(), to: to}
	t.Cleanup(func() {
		_ = listener.Close()
		c.mend()
	})
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go c.carry(conn)
		}
	}()
	return c
}

// whole waits while the line is cut.
func (c *cable) whole() {
	c.mu.Lock()
	cut := c.cut
	c.mu.Unlock()
	if cut != nil {
		<-cut
	}
}

func (c *cable) carry(near net.Conn) {
	c.whole()
	far, err := net.Dial("tcp", c.to)
	if err != nil {
		_ = near.Close()
		return
	}
	c.mu.Lock()
	c.ends = append(c.ends, near, far)
	c.mu.Unlock()
	one := func(to, from net.Conn) {
		defer to.Close()
		defer from.Close()
		buf := make([]byte, 32<<10)
		for {
			n, err := from.Read(buf)
			c.whole()
			if n > 0 {
				if _, err := to.Write(buf[:n]); err != nil {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}
	go one(near, far)
	one(far, near)
}

func (c *cable) sever() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = make(chan struct{})
}

// mend makes the line whole; the connections of before are lost.
func (c *cable) mend() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.ends {
		_ = conn.Close()
	}
	c.ends = nil
	if c.cut != nil {
		close(c.cut)
		c.cut = nil
	}
}

// seesThatItIsStale is what a person sees of a board that must not be trusted: it says so,
// and it is grey.
func (p *person) seesThatItIsStale(within time.Duration) {
	p.t.Helper()
	p.expect(within, "that the connection is gone", byTestID("connection")+`.dataset.state === "stale"`)
	p.expect(time.Second, "the banner", byTestID("stale-banner")+`?.innerText.includes("画面已停止更新")`)
	p.expect(2*time.Second, "a grey board", `getComputedStyle(document.querySelector(".board")).filter.includes("grayscale(1)")`)
}

func (p *person) seesThatItIsLive(within time.Duration) {
	p.t.Helper()
	p.expect(within, "that the connection is live", byTestID("connection")+`.dataset.state === "live"`)
	p.expect(time.Second, "no banner", "!"+byTestID("stale-banner"))
}

func TestTheBoardSaysWhenItIsBlind(t *testing.T) {
	t.Parallel() // it waits more than it works
	room := emptyRoom(t, 4, 0)
	line := plugIn(t, strings.TrimPrefix(room.http, "http://"))
	duty := room.signIn("http://"+line.address+"/", "duty", chromedp.EmulateViewport(1440, 900))
	first, missed := room.Device(devices.Wristband), room.Device(devices.Wristband)
	pressed := first.PublishSOS()
	before := room.as("duty").expectAlert("sos", first)
	duty.Sees(before, pressed)
	duty.Opens(before)

	// The line is dead: nothing says so but the silence.
	line.sever()
	blind := time.Now()
	missed.PublishSOS()
	unseen := room.as("duty").expectAlert("sos", missed)
	room.as("duty").must(http.StatusOK, "POST", "/api/v1/alerts/"+before.ID+"/ack", nil, nil)
	duty.seesThatItIsStale(12 * time.Second)
	t.Logf("the board said after %v that it is blind", time.Since(blind).Round(100*time.Millisecond))
	if after := time.Since(blind); after < 6*time.Second {
		t.Errorf("the board gave up after %v; a beat comes every 3 s, one may be late", after)
	}
	if duty.sees(byTestID("alert-row", ofAlert(unseen))) {
		t.Error("the line was not dead")
	}
	duty.show("stale")
	line.mend()
	duty.seesThatItIsLive(10 * time.Second)
	t.Logf("live again %v after the cut", time.Since(blind).Round(100*time.Millisecond))
	duty.Sees(unseen, blind)
	duty.SeesState(before, alerting.Acknowledged)

	// The service dies and comes back at the same address.
	room.proc.kill()
	duty.expect(5*time.Second, "that the connection is not live", byTestID("connection")+`.dataset.state !== "live"`)
	room.proc = room.restart()
	duty.seesThatItIsLive(10 * time.Second)
	later := room.Device(devices.Wristband)
	pressed = later.PublishSOS()
	alert := room.as("duty").expectAlert("sos", later)
	t.Logf("after the restart an alert took %v", duty.Sees(alert, pressed))
	if n := ask[int](duty, `document.querySelectorAll('[data-testid="alert-row"]').length`); n != 3 {
		t.Errorf("the list has %d alerts, want 3", n)
	}

	// The service hangs: its connections stay open and nothing comes.
	room.proc.signal(t, syscall.SIGSTOP)
	duty.seesThatItIsStale(12 * time.Second)
	room.proc.signal(t, syscall.SIGCONT)
	duty.seesThatItIsLive(10 * time.Second)
	duty.Undisturbed()
}

func TestEscalation(t *testing.T) {
	room := emptyRoom(t, 2, 0)
	admin, duty := room.as("administrator"), room.SignIn("duty")
	var rules map[string]any
	admin.must(http.StatusOK, "GET", "/api/v1/rules", nil, &rules)
	rules["escalation"].(map[string]any)["red"] = []string{"2s", "4s"}
	admin.must(http.StatusOK, "PUT", "/api/v1/rules", map[string]any{"rules": rules, "reason": "a test cannot wait a minute"}, nil)

	left, answered := room.Device(devices.Wristband, "shen/yanta/v01"), room.Device(devices.Wristband)
	pressed := left.PublishSOS()
	answered.PublishSOS()
	alone, taken := admin.expectAlert("sos", left), admin.expectAlert("sos", answered)
	if alone.Rule.Version == 1 || alone.EscalateAt == nil {
		t.Fatalf("the alert does not know of the change: %+v", alone)
	}
	duty.Opens(taken)
	duty.Acknowledges(taken)
	for step, level := range []string{"镇", "县"} {
		within := time.Duration(step+1)*2*time.Second + 3*time.Second
		duty.expect(within, "escalated to "+level, fmt.Sprintf(`%s.innerText.includes("已升级至%s")`, byTestID("alert-row", ofAlert(alone)), level))
		took := time.Since(pressed)
		t.Logf("escalated to %s after %v", level, took.Round(10*time.Millisecond))
		if took < time.Duration(step+1)*2*time.Second {
			t.Errorf("escalated to %s too early", level)
		}
	}
	if now := admin.alert(alone.ID); now.Escalation != 2 || now.State != alerting.Open {
		t.Errorf("unacknowledged it is %+v", now)
	}
	if now := admin.alert(taken.ID); now.Escalation != 0 {
		t.Errorf("acknowledged it went up %d steps", now.Escalation)
	}
	duty.show("escalated")
	duty.Undisturbed()
}
