package alerting

import (
	"time"

	"shouwang/devices"
)

// planLead is how long before a planned visit is due its reminders begin: its
// maker planned it weeks ago.
const planLead = 24 * time.Hour

// ScheduleReminder sets when the next reminder is due, by the percents of the time
// to due at which there is one, in order.
func (v *Visit) ScheduleReminder(percents []int) {
	v.RemindAt = time.Time{}
	for _, p := range percents {
		if p > v.Reminded {
			v.RemindAt = v.reminderAt(p)
			return
		}
	}
}

func (v *Visit) reminderAt(percent int) time.Time {
	from := v.Created
	if lead := v.Due.Add(-planLead); v.Plan != NoPlan && lead.After(from) {
		from = lead
	}
	span := max(0, v.Due.Sub(from))
	return from.Add(span / 100 * time.Duration(percent)).Truncate(time.Microsecond)
}

// NextReminder notes that the next of the reminders is given and when the one
// after it is due; false when none was left.
func (v *Visit) NextReminder(percents []int) bool {
	for _, p := range percents {
		if p > v.Reminded {
			v.Reminded = p
			v.ScheduleReminder(percents)
			return true
		}
	}
	v.RemindAt = time.Time{}
	return false
}

// VisitQuota are the visits of a month in a county or a town, as against what is
// asked for.
type VisitQuota struct {
	Area      devices.AreaPath `json:"area"`
	Residents int              `json:"residents" doc:"Who is watched over and at home."`
	// Home visits are counted by resident, for towns.
	HomeNeeded   int `json:"home_needed" doc:"Residents who are to be visited at home this month; 0 where none is asked for."`
	HomeDone     int `json:"home_done" doc:"Residents who were met at home."`
	HomePlanned  int `json:"home_planned"`
	CallsNeeded  int `json:"calls_needed" doc:"Calls back this month, for counties."`
	CallsDone    int `json:"calls_done"`
	CallsPlanned int `json:"calls_planned"`
	Settled      int `json:"settled" doc:"Planned visits that a verified contact stood for."`
	Overdue      int `json:"overdue" doc:"Visits that should have been made by now, those for alerts too."`
}

// VisitWork is what one person has done in a month for a provider.
type VisitWork struct {
	Provider  string `json:"provider" doc:"Id; empty for assistants and the desk."`
	Person    string `json:"person" doc:"User name."`
	Visits    int    `json:"visits"`
	Home      int    `json:"home"`
	Calls     int    `json:"calls"`
	NotMet    int    `json:"not_met" doc:"Home visits at which nobody was met."`
	Residents int    `json:"residents"`
	Timed     int    `json:"timed" doc:"Visits with a check-in and a check-out."`
	Minutes   int    `json:"minutes" doc:"Service time of those."`
}
