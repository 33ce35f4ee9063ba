package dashboard

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"shouwang/alerting"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

// client is one live connection. Its writer goroutine does all the work; the
// reader only notices that the client is alive.
type client struct {
	d      *Dashboard
	conn   *websocket.Conn
	caller *access.Caller
	after  int64 // as asked for
	given  bool
	// sent is up to which event everything was sent, tail where a connection
	// began that did not say what it had; seen, the reader's, is what was kept.
	sent, tail atomic.Int64
	seen       int64
	// accounts is which state of the accounts the caller was last found in.
	accounts int64
}

func (c *client) read(ctx context.Context) {
	live := c.d.opts.Live
	c.conn.SetReadLimit(maxClientFrame)
	alive := func() error { return c.conn.SetReadDeadline(time.Now().Add(live.Read)) }
	c.conn.SetPongHandler(func(string) error { return alive() })
	if alive() != nil {
		return
	}
	frames := allowance{most: c.d.opts.Live.Frames, within: clientFrameTime}
	for {
		kind, data, err := c.conn.ReadMessage()
		if err != nil || alive() != nil || !frames.take(time.Now()) {
			return
		}
		var seen liveSeen
		if kind == websocket.TextMessage && json.Unmarshal(data, &seen) == nil && seen.Type == "seen" {
			c.saw(ctx, seen.Event)
		}
	}
}

// saw takes from a board of a desk that somebody is there, and has been shown
// everything up to an event. Who asked for the tail alone has seen that alone.
func (c *client) saw(ctx context.Context, event int64) {
	if c.d.opts.Duty == nil || !isDesk(c.caller.Role) {
		return
	}
	now := time.Now()
	c.d.opts.Presence.note(c.caller.User, now)
	event = min(event, c.sent.Load())
	if event <= c.seen {
		return
	}
	_, err := c.d.opts.Duty.Seen(ctx, c.caller.User, c.caller.Scope, c.tail.Load(), event, now)
	if err != nil {
		if ctx.Err() == nil {
			c.d.log.Error().Err(err).Msg("live view: not kept what was seen")
		}
		return
	}
	c.seen = event
}

// write sends frames until the connection must end, and says with which code.
func (c *client) write(ctx context.Context) (code int, reason string) {
	h, live := c.d.hub, c.d.opts.Live
	newest := h.newestEvent()
	hello := liveHello{Type: "hello", Event: newest}
	if c.d.opts.Duty != nil && isDesk(c.caller.Role) {
		hello.IdleMin = c.d.opts.Duty.Roster().Settings().IdleMin
	}
	if !c.given {
		c.tail.Store(newest)
	}
	if c.send(hello) != nil {
		return 0, ""
	}
	looked := newest // everything up to here was sent or is not for this client
	if c.given {
		looked = c.after
		lost, err := c.tooOld(ctx, newest)
		if err != nil {
			return c.failed(ctx, err)
		}
		if lost {
			looked = newest
			c.tail.Store(newest)
			if c.send(liveReset{"reset"}) != nil {
				return 0, ""
			}
		}
	}
	c.sent.Store(looked)
	stands := looked // where the client stands: prev of the next frame
	again := make(chan struct{})
	close(again)
	beats := time.NewTicker(live.Beat)
	defer beats.Stop()
	beat := func() error { return c.send(liveBeat{"beat", looked, orNil(c.d.opts.State().AsOf)}) }
	caughtUp, sentBeats := false, map[string]int64{}
	for {
		events, wake, err := h.after(ctx, looked)
		if err != nil {
			return c.failed(ctx, err)
		}
		if code, reason := c.changed(ctx); code != 0 {
			return code, reason
		}
		for _, e := range events {
			if code, reason := c.changed(ctx); code != 0 {
				return code, reason
			}
			looked = e.Number
			f, ok := c.frame(e)
			if !ok {
				c.sent.Store(looked)
				continue
			}
			f.Prev = stands
			if c.send(f) != nil {
				return 0, ""
			}
			stands = e.Number
			c.sent.Store(looked)
		}
		if c.sendBeats(sentBeats) != nil {
			return 0, ""
		}
		if len(events) > 0 {
			wake = again // look again at once, but still answer the others
		} else if !caughtUp {
			caughtUp = true
			if beat() != nil { // a page that has just opened should not wait for its clock
				return 0, ""
			}
		}
		select {
		case <-h.done:
			return websocket.CloseGoingAway, "the service is stopping"
		case <-ctx.Done():
			return 0, ""
		case <-beats.C:
			if code, reason := c.stillAllowed(ctx); code != 0 {
				return code, reason
			}
			if beat() != nil {
				return 0, ""
			}
			if c.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(live.Write)) != nil {
				return 0, ""
			}
		case <-wake:
		}
	}
}

// tooOld says whether events after the client's number are no longer in the
// log, or the number is of another log (a restored backup).
func (c *client) tooOld(ctx context.Context, newest int64) (bool, error) {
	if c.after > newest {
		return true, nil
	}
	oldest, err := c.d.opts.Alerts.OldestEvent(ctx)
	if err != nil {
		return false, err
	}
	return c.after < oldest-1, nil
}

func (c *client) failed(ctx context.Context, err error) (int, string) {
	if ctx.Err() != nil {
		return 0, ""
	}
	c.d.log.Error().Err(err).Msg("live view: event log not read")
	return websocket.CloseInternalServerErr, "the event log could not be read"
}

// changed is stillAllowed when an account was changed here since it was last
// asked, so that nothing goes out to somebody who may no longer see it.
func (c *client) changed(ctx context.Context) (int, string) {
	now := c.d.hub.accounts.Load()
	if now == c.accounts {
		return 0, ""
	}
	c.accounts = now
	return c.stillAllowed(ctx)
}

// stillAllowed looks the caller up again: a session ends, an account is
// disabled or gets another role while the connection is open.
func (c *client) stillAllowed(ctx context.Context) (int, string) {
	if c.isCanary() {
		return 0, ""
	}
	now, err := c.d.opts.Access.Again(ctx, c.caller)
	switch {
	case errors.Is(err, access.ErrNoSession):
		return websocket.ClosePolicyViolation, "the session has ended"
	case err != nil:
		return c.failed(ctx, err)
	case !now.Same(c.caller):
		return websocket.ClosePolicyViolation, "the account has changed"
	}
	return 0, ""
}

// alertGone is the type of the last frame about an alert that was handed to
// another provider: it names the alert and shows nothing more of it.
const alertGone = "alert.gone"

// frame is what the client may see of an event, by the same test that lists and
// objects are held to; Prev is left open.
func (c *client) frame(e alerting.Event) (liveFrame, bool) {
	sees := func(provider string) bool {
		return c.caller.Sees(e.Area, func(devices.AreaPath) string { return provider })
	}
	f := liveFrame{Event: e.Number, Type: string(e.Type), At: e.At}
	if e.Type == alerting.LogErased {
		return f, false // about the log itself: nothing that a board shows
	}
	switch {
	case sees(e.Provider):
		f.Alert, f.Visit, f.Visits = c.alert(e.Alert), c.visit(e.Visit), plannedBy(e)
	case e.Visit != nil && e.Visit.Provider != nil && sees(*e.Visit.Provider):
		f.Visit = c.visit(e.Visit) // its own, for an alert that another has by now
	case e.Alert != nil && e.ProviderBefore != "" && sees(e.ProviderBefore):
		f.Type, f.Gone = alertGone, e.Alert.ID
	default:
		return f, false
	}
	return f, true
}

// plannedBy are the visits that an event says were planned.
func plannedBy(e alerting.Event) (ids []string) {
	list, _ := e.Data["visits"].([]any)
	for _, id := range list {
		if id, ok := id.(string); ok && e.Type == alerting.VisitsPlanned {
			ids = append(ids, id)
		}
	}
	return ids
}

// alert and visit are what a frame shows of one, as a list would.
func (c *client) alert(a *alerting.Alert) *alerting.Alert {
	if a == nil {
		return nil
	}
	shown := c.d.showAlert(c.caller, *a, true)
	return &shown
}

func (c *client) visit(v *alerting.Visit) *alerting.Visit {
	if v == nil {
		return nil
	}
	shown := c.d.showVisit(c.caller, *v, true)
	return &shown
}

// send writes one frame. A client that does not take it in time is closed and
// comes back by number.
func (c *client) send(f any) error {
	data, err := json.Marshal(f)
	if err != nil {
		c.d.log.Error().Err(err).Msg("live frame not encoded")
		return err
	}
	if err := c.conn.SetWriteDeadline(time.Now().Add(c.d.opts.Live.Write)); err != nil {
		return err
	}
	err = c.conn.WriteMessage(websocket.TextMessage, data)
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		c.d.hub.slow.Inc()
	}
	return err
}
