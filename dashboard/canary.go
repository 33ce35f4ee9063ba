package dashboard

import (
	"context"
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"

	"shouwang/alerting"
	"shouwang/dashboard/access"
)

// Canary lets the service look at its own live view as a client does, over HTTP
// and a websocket, without an account that people could see or use: it sees no
// alert and no visit, but the beats of the service's own devices.
type Canary struct {
	// Token is the bearer token of the one client, new with each start.
	Token string
	// Beats are the newest that alerting has written.
	Beats func(ctx context.Context) ([]alerting.Beat, error)
}

// canaryUser is the caller of the canary's connection; no account can have this
// name.
const canaryUser = "canary:"

// liveCanary is a beat, or the entry of the event log that one has made.
type liveCanary struct {
	Type string `json:"type" enum:"canary"`
	alerting.Beat
}

// isCanary says whether the request is the canary's own for the live view.
func (d *Dashboard) isCanary(route access.Route, r *http.Request) bool {
	c := d.opts.Canary
	if c == nil || c.Token == "" || route.Operation != "live" {
		return false
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return ok && subtle.ConstantTimeCompare([]byte(token), []byte(c.Token)) == 1
}

// fillBeats takes over what alerting has written since, and wakes the clients.
func (h *hub) fillBeats(ctx context.Context) error {
	if h.readBeats == nil {
		return nil
	}
	beats, err := h.readBeats(ctx)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !slices.Equal(beats, h.beats) {
		h.beats = beats
		close(h.wake)
		h.wake = make(chan struct{})
	}
	return nil
}

func (h *hub) newestBeats() []alerting.Beat {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.beats
}

func (c *client) isCanary() bool { return c.caller.User == canaryUser }

// sendBeats sends the canary's client the beats it has not seen. It is asked for
// wake before, so that none is missed.
func (c *client) sendBeats(sent map[string]int64) error {
	if !c.isCanary() {
		return nil
	}
	for _, b := range c.d.hub.newestBeats() {
		if mark, ok := sent[b.Lane]; ok && mark == b.Mark {
			continue
		}
		if err := c.send(liveCanary{"canary", b}); err != nil {
			return err
		}
		sent[b.Lane] = b.Mark
	}
	return nil
}
