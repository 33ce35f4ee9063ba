package dashboard

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"shouwang/alerting"
)

// The frames of the live view. A client keeps one number: where it stands. It
// begins with the `after` it asked for or, without one, with the hello's event,
// and moves to the event of every frame. `prev` of a frame is where the client
// stands when nothing was lost: the event of the frame before it on this
// connection, and on the first frame where the connection began. Events of
// other areas are left out of the chain, so numbers have gaps but prev has
// none. A beat's event says how far the service has looked: everything up to
// it that the client may see has been sent, so it too is a good `after` for the
// next connection. After a reset the chain begins anew at the hello's event:
// the client fetches the list again and ignores frames up to its as_of_event.
//
// An alert keeps its area but may be handed to another provider when a visit is
// sent. The one that had it gets a last frame, alert.gone, with nothing but the
// alert's id. Visits by plan come as one frame for each village, visit.planned, with
// their ids alone: most of them are weeks ahead.
type liveFrame struct {
	Event int64           `json:"event"`
	Prev  int64           `json:"prev"`
	Type  string          `json:"type"`
	At    time.Time       `json:"at"`
	Alert *alerting.Alert `json:"alert,omitempty"`
	Visit *alerting.Visit `json:"visit,omitempty"`
	// Visits are those that were planned; they are fetched where they are shown.
	Visits []string `json:"visits,omitempty" doc:"On visit.planned: ids of the visits that the service has planned in a village."`
	Gone   string   `json:"gone,omitempty" doc:"On alert.gone: the id of an alert that is no longer this client's to see."`
}

type liveHello struct {
	Type  string `json:"type" enum:"hello"`
	Event int64  `json:"event" doc:"The newest event there is."`
	// IdleMin is of a desk's board.
	IdleMin int `json:"idle_min,omitempty" doc:"Minutes without input after which the board asks whether somebody is there, and sends no more seen frames until that is answered."`
}

type liveBeat struct {
	Type     string     `json:"type"`
	Event    int64      `json:"event"`
	DataAsOf *time.Time `json:"data_as_of"` // null before the first record
}

type liveReset struct {
	Type string `json:"type" enum:"reset"`
}

// liveSeen is all a client ever sends: that it has shown everything up to an
// event to somebody who is there. A board of a desk sends it when it has shown
// something new, and every 15 s while it is in view and somebody has touched it
// within the idle time; an alert that was shown so counts as delivered.
type liveSeen struct {
	Type  string `json:"type"`
	Event int64  `json:"event"`
}

// maxClientFrame is the largest frame taken from a client, in bytes.
const maxClientFrame = 1 << 10

// clientFrameTime is the time in which a client may send LiveOptions.Frames; who
// sends more is cut off.
const clientFrameTime = 10 * time.Second

// allowance counts what comes within a time.
type allowance struct {
	most   int
	within time.Duration
	since  time.Time
	taken  int
}

func (a *allowance) take(now time.Time) bool {
	if now.Sub(a.since) >= a.within {
		a.since, a.taken = now, 0
	}
	a.taken++
	return a.taken <= a.most
}

// startWait is how long a client is kept waiting for the hub at the start.
const startWait = 5 * time.Second

func (d *Dashboard) serveLive(w http.ResponseWriter, r *http.Request) {
	if !websocket.IsWebSocketUpgrade(r) {
		w.Header().Set("Upgrade", "websocket")
		writeProblem(w, newProblem(http.StatusUpgradeRequired, "this address speaks websocket only"))
		return
	}
	after, given, p := parseAfter(r.URL.Query())
	if p != nil {
		writeProblem(w, p)
		return
	}
	if !d.sameOrigin(r) {
		writeProblem(w, newProblem(http.StatusForbidden, "a page of another site may not follow the live view"))
		return
	}
	select {
	case <-d.hub.ready:
	case <-d.hub.done:
	case <-r.Context().Done():
		return
	case <-time.After(startWait):
		writeProblem(w, newProblem(http.StatusServiceUnavailable, "the live view is not running yet"))
		return
	}
	user := caller(r.Context()).User
	if p := d.hub.join(user, d.opts.Live.PerAccount); p != nil {
		writeProblem(w, p)
		return
	}
	defer d.hub.leave(user)
	upgrader := websocket.Upgrader{
		HandshakeTimeout: 10 * time.Second, ReadBufferSize: 1024, WriteBufferSize: 4096,
		CheckOrigin: func(*http.Request) bool { return true }, // checked above, with a better answer
		Error: func(w http.ResponseWriter, _ *http.Request, status int, reason error) {
			writeProblem(w, newProblem(status, reason.Error()))
		},
	}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // answered by the upgrader
	}
	defer conn.Close() //nolint:errcheck // there is nobody left to tell
	// The request's context ends with this handler; it does not end when the
	// connection breaks, so reading must.
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	c := &client{d: d, conn: conn, caller: caller(r.Context()), after: after, given: given, accounts: -1}
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer cancel()
		c.read(ctx)
	}()
	code, reason := c.write(ctx)
	if code != 0 {
		deadline := time.Now().Add(min(d.opts.Live.Write, time.Second))
		_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), deadline)
	}
	_ = conn.Close() // ends the reader
	<-read
}

func parseAfter(q url.Values) (after int64, given bool, p *Problem) {
	if !q.Has("after") {
		return 0, false, nil
	}
	after, err := strconv.ParseInt(q.Get("after"), 10, 64)
	if err != nil || after < 0 {
		return 0, false, invalid("after", q.Get("after"), "must be an event number")
	}
	return after, true, nil
}

// sameOrigin refuses browsers on pages of other sites. Programs send no Origin.
func (d *Dashboard) sameOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || slices.Contains(d.opts.Origins, origin) {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && strings.EqualFold(u.Host, r.Host)
}
