package alerting_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/alerting/roster"
	"shouwang/devices"
)

// toldAgain are the times, since noon, at which the log says that people were told
// again, and whom.
func (r *room) toldAgain() (list []string) {
	for _, e := range r.events(0) {
		if e.Data["action"] == string(alerting.ActAgain) {
			list = append(list, strings.TrimSpace(fmt.Sprint(e.At.Sub(noon), " ", e.Data["told"])))
		}
	}
	return list
}

// until steps the escalation every ten seconds up to a time since noon.
func (r *room) until(from, to time.Duration) {
	for at := from; at <= to; at += 10 * time.Second {
		r.step(at)
	}
}

// sent is that all that waits in the outbox has gone out.
func (r *room) sent() {
	r.t.Helper()
	_, err := r.db.Write.ExecContext(r.ctx, `UPDATE outbox SET state = 'sent'`)
	r.must(err)
}

func TestWhatNobodyTakesUpIsToldAgainAndAgain(t *testing.T) {
	r := newRoom(t)
	r.policy(inSteps)
	r.cries("v/b1", "sos", r.now)
	r.until(0, 95*time.Second)
	a := r.only()
	if a.EscalateAt != nil || a.AgainAt == nil || !a.AgainAt.Equal(noon.Add(90*time.Second+5*time.Minute)) {
		t.Fatalf("next step %v, told again %v", a.EscalateAt, a.AgainAt)
	}
	r.sent()
	r.until(100*time.Second, 385*time.Second)
	same(t, "too early", r.toldAgain())
	before := len(r.outbox())
	r.until(390*time.Second, 12*time.Minute)
	all := " [boss county helper town]"
	same(t, "the log", r.toldAgain(), "6m30s"+all, "11m30s"+all)
	same(t, "the log of steps", r.said(), "1", "2")
	// The second finds the first still waiting.
	same(t, "outbox", r.outbox()[before:], "again 2 boss", "again 2 county", "again 2 helper", "again 2 town")
	r.sent()
	r.until(12*time.Minute, 17*time.Minute)
	if n := len(r.outbox()) - before; n != 8 {
		t.Errorf("%d notices once the first are sent", n)
	}

	// A restart tells once of what fell into it, and of nothing twice.
	r.start()
	r.open()
	r.until(47*time.Minute, 51*time.Minute)
	if got := r.toldAgain(); len(got) != 4 || got[3] != "47m0s"+all {
		t.Errorf("after a pause: %v", got)
	}

	// Whoever takes it up ends it; while the countdown runs nobody is told.
	a, err := r.desk.Ack(r.ctx, r.only().ID, zhang)
	r.must(err)
	if a.AgainAt != nil {
		t.Errorf("taken up, and to be told again %v", a.AgainAt)
	}
	r.until(51*time.Minute, 60*time.Minute)
	if got := r.toldAgain(); len(got) != 4 {
		t.Errorf("taken up: %v", got)
	}
	// It goes back to the queue at its last step, and goes on.
	r.until(60*time.Minute, 67*time.Minute)
	if got := r.toldAgain(); len(got) != 5 || got[4] != "1h6m0s"+all {
		t.Errorf("returned: %v", got)
	}
	_, err = r.desk.Close(r.ctx, r.only().ID, zhang, alerting.Closing{Outcome: alerting.Well, VerifiedBy: "zhang", How: "phone"})
	r.must(err)
	r.until(67*time.Minute, 80*time.Minute)
	if got := r.toldAgain(); len(got) != 5 {
		t.Errorf("closed: %v", got)
	}
}

// Nobody sees them, so the last step is taken after 2 min (orange) and 40 s (red).
func TestHowOftenIsToldAgain(t *testing.T) {
	for value, want := range map[float64]time.Duration{1: 0, 2: 17 * time.Minute, 3: 5*time.Minute + 40*time.Second} {
		r := newRoom(t)
		r.says("v/b1", "water", value)
		for at := time.Duration(0); at < 40*time.Minute; at += 10 * time.Second {
			r.step(at)
		}
		first := ""
		if got := r.toldAgain(); len(got) > 0 {
			first, _, _ = strings.Cut(got[0], " ")
		}
		if want == 0 && first != "" || want > 0 && first != want.String() {
			t.Errorf("%s: first told again after %q, want %s", r.only().Severity, first, want)
		}
	}
}

// Steps that come by a new policy are taken from then on.
func TestToldAgainGoesByThePolicyOfNow(t *testing.T) {
	r := newRoom(t)
	r.policy(roster.Policy{Severity: alerting.Red, Area: "shen", Steps: inSteps.Steps[:1]})
	r.cries("v/b1", "sos", r.now)
	r.step(5 * time.Minute)
	same(t, "one step", r.toldAgain(), "5m0s [helper]")
	r.policy(inSteps)
	r.step(10 * time.Minute)
	same(t, "more steps", r.toldAgain(), "5m0s [helper]", "10m0s [helper]")
	r.step(10*time.Minute + time.Second)
	same(t, "the log", r.said(), "1", "2")
}

func TestWhatIsFrozenOrHeldBackIsNotToldAgain(t *testing.T) {
	for _, how := range []string{"frozen", "late"} {
		r := newRoom(t)
		r.policy(inSteps)
		switch how {
		case "late":
			r.cries("v/b1", "sos", r.now.Add(-25*time.Hour))
		case "frozen":
			r.says("v/b1", "water", 3)
			r.step(2 * time.Minute)
			r.turn(devices.Moved)
		}
		r.until(2*time.Minute, 20*time.Minute)
		if got := r.toldAgain(); len(got) > 0 || r.only().AgainAt != nil {
			t.Errorf("%s: %v", how, got)
		}
	}
}

func TestToldAgainSettings(t *testing.T) {
	for field, set := range map[string]func(*alerting.SeverityTimes){
		"tell_again.red":    func(r *alerting.SeverityTimes) { r.Red = 0 },
		"tell_again.orange": func(r *alerting.SeverityTimes) { r.Orange = time.Second },
		"tell_again.yellow": func(r *alerting.SeverityTimes) { r.Yellow = -time.Hour },
		"tell_again.blue":   func(r *alerting.SeverityTimes) { r.Blue = 8 * 24 * time.Hour },
	} {
		rules := alerting.DefaultRules()
		set(&rules.TellAgain)
		if got := inputField(rules.Check()); got != field {
			t.Errorf("%s: %q", field, got)
		}
	}
	rules := alerting.DefaultRules()
	rules.TellAgain.Red = time.Hour + 1
	if inputField(rules.Check()) != "tell_again.red" {
		t.Error("red once in more than an hour")
	}
	rules.TellAgain = alerting.SeverityTimes{Red: time.Minute}
	if err := rules.Check(); err != nil {
		t.Error(err)
	}
}
