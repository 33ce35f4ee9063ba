package alerting

import (
	"fmt"
	"slices"
	"time"
)

// ActAgain is that the people of an alert were told again, as the log says it.
const ActAgain Action = "again"

// tellAgain tells everybody who was asked so far once more of a case that has
// passed its last step and that nobody has taken up. What fell into a pause of the
// service is told once.
func tellAgain(tx Tx, c *Case, now time.Time, t *terms) error {
	reached, told := t.asked(c)
	c.scheduleStep(now, t)
	data := map[string]any{"action": ActAgain, "seconds": now.Sub(c.rung()).Truncate(time.Second).Seconds()}
	if len(t.Steps) > 0 {
		data["told"] = told
		data["reachable"] = slices.ContainsFunc(t.Steps[:reached+1], func(s CalloutStep) bool { return s.Reachable })
	}
	if err := tx.PutAlert(c); err != nil {
		return err
	}
	if err := tx.AddEvent(Change{Type: AlertUpdated, At: now, Case: c, Actor: System(), Data: data}); err != nil {
		return err
	}
	for _, person := range told {
		err := tx.AddNotice(Notice{
			Key:    fmt.Sprintf("again/%s/%d/%s", c.ID, now.UnixMicro(), person),
			Person: person, Reason: NoticeAgain, Alert: c.ID, Severity: c.Severity, Area: c.Area, At: now,
			Data: map[string]any{"kind": c.Kind, "step": reached},
		})
		if err != nil {
			return err
		}
	}
	return nil
}
