package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"shouwang/dashboard/access"
	"shouwang/devices"
	"shouwang/devices/database"
)

// request is one thing that somebody at the desk does. All its parts are in the
// database together, or none is.
type request struct {
	what, path string
	body       map[string]any
	again      []int // what the same request may be answered with once it is done
	parts      []part
	later      []part // what follows in its own time
	answered   bool
}

// part is counted: once when the request was done, else not at all.
type part struct {
	what, query string
	args        []any
}

func counted(what, query string, args ...any) part { return part{what, query, args} }

// dispatch sends the helper for an alert.
func dispatch(alert string) *request {
	id := uuid.NewString()
	return &request{
		what: "dispatch", path: "/visits", again: []int{http.StatusCreated},
		body: map[string]any{"uuid": id, "alert": alert, "assignee": "helper"},
		parts: []part{
			counted("visit", `SELECT count(*) FROM visits WHERE id = ?`, id),
			counted("state of the alert", `SELECT count(*) FROM alerts WHERE id = ? AND state = 'dispatched'`, alert),
			counted("event", `SELECT count(*) FROM alert_events WHERE type = 'visit.created' AND alert = ?`, alert),
			counted("audit line", `SELECT count(*) FROM audit WHERE action = 'create-visit' AND object = ?`, id),
			counted("notice", `SELECT count(*) FROM outbox WHERE key = ?`, "visit/"+id+"/0/helper"),
		},
	}
}

// ending closes an alert.
func ending(alert string) *request {
	return &request{
		what: "close", path: "/alerts/" + alert + "/close", again: []int{http.StatusConflict},
		body: map[string]any{"outcome": "well", "verified_by": "desk", "how": "phone"},
		parts: []part{
			counted("state of the alert", `SELECT count(*) FROM alerts WHERE id = ? AND state = 'closed'`, alert),
			counted("event", `SELECT count(*) FROM alert_events WHERE type = 'alert.closed' AND alert = ?`, alert),
			counted("contact", `SELECT count(*) FROM alert_contacts WHERE alert = ?`, alert),
			counted("label", `SELECT count(*) FROM alert_labels WHERE alert = ?`, alert),
			counted("audit line", `SELECT count(*) FROM audit WHERE action = 'close-alert' AND object = ?`, alert),
		},
	}
}

// death lists a resident as deceased, to whom a visit is planned.
func death(resident, visit string) *request {
	return &request{
		what: "state", path: "/residents/" + resident + "/state", again: []int{http.StatusOK},
		body: map[string]any{"state": "deceased", "reason": "faults"},
		parts: []part{
			counted("change of state", `SELECT count(*) FROM resident_turns WHERE resident = ?`, resident),
			counted("audit line", `SELECT count(*) FROM audit WHERE action = 'set-resident-state' AND object = ? AND detail = 'active to deceased'`, resident),
		},
		later: []part{
			counted("visit called off", `SELECT count(*) FROM visits WHERE id = ? AND state = 'canceled'`, visit),
			counted("event", `SELECT count(*) FROM alert_events WHERE type = 'visit.updated' AND visit = ?`, visit),
		},
	}
}

// signature signs a shift off.
func signature() *request {
	id := uuid.NewString()
	return &request{
		what: "sheet", path: "/handovers", again: []int{http.StatusCreated},
		body: map[string]any{"uuid": id, "note": "faults", "sound_heard": true},
		parts: []part{
			counted("sheet", `SELECT count(*) FROM handovers WHERE id = ?`, id),
			counted("lines", `SELECT count(DISTINCT handover) FROM handover_lines WHERE handover = ?`, id),
			counted("audit line with its digest", `SELECT count(*) FROM audit JOIN handovers ON handovers.id = audit.object AND handovers.digest = audit.detail
WHERE audit.action = 'sign-handover' AND audit.object = ?`, id),
		},
	}
}

// deskWork is how many requests of each kind there are in each life.
const deskWork = 3

// killAtTheDesk kills the service while people send somebody, close alerts, sign
// their shift off and list residents as deceased: what was answered is there, what
// was not is there whole or not at all, and doing it again does nothing twice.
func killAtTheDesk(ctx context.Context, h *harness) (err error) {
	kills := min(h.Kills, 30)
	if h.Short {
		kills = 4
	}
	dir, err := h.folder("desk")
	if err != nil {
		return err
	}
	callers := 3 * deskWork * kills
	s, err := h.newService(ctx, dir, 1, callers)
	if err != nil {
		return err
	}
	if err := enterDesk(ctx, s.data); err != nil {
		return err
	}
	if err := s.run(ctx); err != nil {
		return err
	}
	defer func() { s.kill(); err = errors.Join(err, s.fault()) }()
	d := &deskClerk{service: s}
	if err := d.signIn(ctx); err != nil {
		return err
	}
	all, err := d.prepare(ctx, h, callers)
	if err != nil {
		return err
	}
	open, done := 0, 0
	for i := range kills {
		life := all[i*len(all)/kills : (i+1)*len(all)/kills]
		if err := d.workUntilKilled(ctx, h, life); err != nil {
			return err
		}
		if err := s.run(ctx); err != nil {
			return err
		}
		for _, r := range life {
			there, err := d.count(ctx, r, r.parts)
			switch {
			case err != nil:
				return err
			case r.answered && !there:
				return fmt.Errorf("%s %s was answered and is not there", r.what, r.path)
			case !r.answered:
				open++
				if there {
					done++
				}
			}
			if err := d.repeat(ctx, r, there); err != nil {
				return err
			}
		}
	}
	for _, r := range all { // once more, all of it
		if err := d.repeat(ctx, r, true); err != nil {
			return err
		}
	}
	if err := d.expectOnce(ctx, all); err != nil {
		return err
	}
	logs, err := exec.CommandContext(ctx, s.binary, "verify-log", "--data", s.data).CombinedOutput() //nolint:gosec // ours
	if err != nil {
		return fmt.Errorf("verify-log: %w\n%s", err, logs)
	}
	h.say("killed %d times under %d requests: %d were answered and all are there, %d were not, of which %d are there whole and %d not at all; all sent again, none done twice; both logs whole",
		kills, len(all), len(all)-open, open, done, open-done)
	return nil
}

// enterDesk makes who works and who is sent.
func enterDesk(ctx context.Context, data string) (err error) {
	db, err := database.Open(ctx, filepath.Join(data, "state.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	accounts := access.New(db, access.Options{})
	for name, role := range map[string]access.Role{"desk": access.Duty, "helper": access.Assistant} {
		if err := accounts.Create(ctx, access.Account{Username: name, Name: name, Role: role, Areas: []devices.AreaPath{"f"}}, password); err != nil {
			return err
		}
	}
	return nil
}

// deskClerk is somebody who is signed in: shifts are signed by people alone. The
// session lives over restarts.
type deskClerk struct {
	*service
	cookie *http.Cookie
}

func (d *deskClerk) signIn(ctx context.Context) error {
	status, err := d.post(ctx, "/session", map[string]any{"username": "desk", "password": password})
	if err != nil {
		return err
	}
	if status != http.StatusOK || d.cookie == nil {
		return fmt.Errorf("sign in: %d", status)
	}
	return nil
}

// post returns the status of the answer. An error is that there is none.
func (d *deskClerk) post(ctx context.Context, path string, body map[string]any) (status int, err error) {
	text, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+d.http+"/api/v1"+path, bytes.NewReader(text))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	if d.cookie != nil {
		req.AddCookie(d.cookie)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	if d.cookie == nil {
		for _, c := range resp.Cookies() {
			d.cookie = c
		}
	}
	return resp.StatusCode, resp.Body.Close()
}

// prepare lets residents call for help, plans visits to others, and returns what
// is to be done about them, in a random order.
func (d *deskClerk) prepare(ctx context.Context, h *harness, callers int) ([]*request, error) {
	help := calls(callers)[:callers/3*2]
	if err := d.caller().run(ctx, help); err != nil {
		return nil, err
	}
	if err := d.expectAlerts(ctx, h, help); err != nil {
		return nil, err
	}
	var all []*request
	alerts, err := openAlerts(ctx, d.data)
	if err != nil {
		return nil, err
	}
	for i := range callers {
		switch {
		case i < callers/3:
			all = append(all, dispatch(alerts[caller(i)]))
		case i < callers/3*2:
			all = append(all, ending(alerts[caller(i)]))
		default:
			visit := uuid.NewString()
			status, err := d.post(ctx, "/visits", map[string]any{"uuid": visit, "resident": caller(i), "due": time.Now().Add(48 * time.Hour).UTC().Format(time.RFC3339)})
			if err != nil {
				return nil, err
			}
			if status != http.StatusCreated {
				return nil, fmt.Errorf("plan a visit: %d", status)
			}
			all = append(all, death(caller(i), visit), signature())
		}
	}
	h.random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all, nil
}

// openAlerts are the ids of the alerts there are, by resident.
func openAlerts(ctx context.Context, data string) (map[string]string, error) {
	db, err := readState(data)
	if err != nil {
		return nil, err
	}
	defer db.Close() //nolint:errcheck // read only
	rows, err := db.QueryContext(ctx, `SELECT resident, id FROM alerts`)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // read to the end
	of := map[string]string{}
	for rows.Next() {
		var resident, id string
		if err := rows.Scan(&resident, &id); err != nil {
			return nil, err
		}
		of[resident] = id
	}
	return of, rows.Err()
}

func readState(data string) (*sql.DB, error) {
	return sql.Open("sqlite", "file:"+filepath.Join(data, "state.db")+"?mode=ro&_pragma=busy_timeout(10000)")
}

// workUntilKilled sends the requests all at once and kills the service in the midst
// of them.
func (d *deskClerk) workUntilKilled(ctx context.Context, h *harness, life []*request) error {
	var clerks errgroup.Group
	moment := time.Duration(h.random.IntN(250)) * time.Millisecond
	killed := make(chan error, 1)
	go func() {
		err := pause(ctx, moment)
		d.kill()
		killed <- err
	}()
	for _, r := range life {
		clerks.Go(func() error {
			status, err := d.post(ctx, r.path, r.body)
			if err != nil {
				return nil //nolint:nilerr // the service was killed
			}
			if r.answered = status < 300; !r.answered {
				return fmt.Errorf("%s %s: %d", r.what, r.path, status)
			}
			return nil
		})
	}
	return errors.Join(clerks.Wait(), <-killed)
}

// count says whether the parts of a request are there, and fails when some are and
// others are not, or one is more than once.
func (d *deskClerk) count(ctx context.Context, r *request, parts []part) (there bool, err error) {
	db, err := readState(d.data)
	if err != nil {
		return false, err
	}
	defer db.Close() //nolint:errcheck // read only
	of := map[string]int{}
	sum := 0
	for _, p := range parts {
		var n int
		if err := db.QueryRowContext(ctx, p.query, p.args...).Scan(&n); err != nil {
			return false, fmt.Errorf("%s: %s: %w", r.what, p.what, err)
		}
		of[p.what] = n
		sum += n
		if n > 1 {
			return false, fmt.Errorf("%s %s is there more than once: %v", r.what, r.path, of)
		}
	}
	if sum > 0 && sum < len(parts) {
		return false, fmt.Errorf("%s %s is there in part: %v", r.what, r.path, of)
	}
	return sum > 0, nil
}

// repeat sends the request again, which was done before or was not.
func (d *deskClerk) repeat(ctx context.Context, r *request, done bool) error {
	status, err := d.post(ctx, r.path, r.body)
	if err != nil {
		return err
	}
	want := []int{http.StatusOK, http.StatusCreated}
	if done {
		want = r.again
	}
	if !slices.Contains(want, status) {
		return fmt.Errorf("%s %s again: %d", r.what, r.path, status)
	}
	return nil
}

// expectOnce holds that everything is there once, and what follows from it comes.
func (d *deskClerk) expectOnce(ctx context.Context, all []*request) error {
	for _, r := range all {
		for _, parts := range [][]part{r.parts, r.later} {
			if len(parts) == 0 {
				continue
			}
			var wrong error
			err := within(ctx, patience, func() error { return wrong }, r.what+" "+r.path+" is there whole", func() bool {
				var there bool
				if there, wrong = d.count(ctx, r, parts); wrong != nil {
					return false
				}
				return there
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
