package roster

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"shouwang/devices"
)

// Rota is who is on duty when: teams that take turns at the handover times, or
// shifts entered one by one. Times are the county's.
type Rota struct {
	ID   string           `json:"id" pattern:"^[a-z0-9][a-z0-9-]{0,62}$"`
	Name string           `json:"name" minLength:"1" maxLength:"60"`
	Area devices.AreaPath `json:"area" doc:"Whose rota it is; who may change it goes by that."`
	// Turn is how often the next team takes over.
	Turn string `json:"turn" enum:"shift,day,week,explicit" doc:"The next team comes with each handover, each day or each week; explicit: only the shifts that are entered."`
	// Start is the day of the first team's first shift.
	Start string `json:"start,omitempty" example:"2026-11-23" doc:"The first team begins with this day's first handover; turns by week change on its weekday."`
	// Handovers are the times of day at which a shift ends and the next begins.
	Handovers []string   `json:"handovers,omitempty" maxItems:"24" doc:"Times of day, as 08:00, in order."`
	Teams     [][]string `json:"teams,omitempty" maxItems:"100" doc:"User names, team by team, in the order of their turns. An empty team leaves its shift to nobody."`
	Shifts    []Shift    `json:"shifts,omitempty" maxItems:"2000" doc:"Of an explicit rota."`
}

// Shift is a time and who works in it.
type Shift struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	People []string  `json:"people"`
}

// Override puts somebody in the place of another for a time.
type Override struct {
	ID   string    `json:"id"`
	Rota string    `json:"rota"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Away is who does not work; "" is whoever would.
	Away string `json:"away" maxLength:"64" doc:"Who is replaced; everybody on duty when empty."`
	By   string `json:"by" minLength:"1" maxLength:"64" doc:"User name of who comes instead."`
}

// Holiday gives the days from one date to another to people of their own, from
// the first handover of the first day to the first handover after the last.
type Holiday struct {
	ID     string   `json:"id"`
	Rota   string   `json:"rota"`
	Name   string   `json:"name" minLength:"1" maxLength:"60"`
	From   string   `json:"from" example:"2027-02-05"`
	To     string   `json:"to" example:"2027-02-11" doc:"The last day."`
	People []string `json:"people" minItems:"1" maxItems:"50"`
}

// The turns of a rota.
const (
	TurnShift    = "shift"
	TurnDay      = "day"
	TurnWeek     = "week"
	TurnExplicit = "explicit"
)

// Check returns an *alerting.InputError for a rota that cannot stand.
func (r *Rota) Check() error {
	switch {
	case r.ID == "":
		return invalid("id", "", "must not be empty")
	case r.Name == "":
		return invalid("name", "", "must not be empty")
	}
	switch r.Turn {
	case TurnExplicit:
		return r.checkShifts()
	case TurnShift, TurnDay, TurnWeek:
	default:
		return invalid("turn", r.Turn, "must be shift, day, week or explicit")
	}
	if _, err := parseDate("start", r.Start); err != nil {
		return err
	}
	if len(r.Handovers) == 0 {
		return invalid("handovers", "0", "must have at least one time")
	}
	last := -1
	for i, h := range r.Handovers {
		m, ok := minuteOf(h)
		field := fmt.Sprintf("handovers[%d]", i)
		if !ok {
			return invalid(field, h, "must be a time of day, as 08:00")
		}
		if m <= last {
			return invalid(field, h, "must be later than the one before")
		}
		last = m
	}
	if len(r.Teams) == 0 {
		return invalid("teams", "0", "must have at least one team")
	}
	return nil
}

func (r *Rota) checkShifts() error {
	for i, s := range r.Shifts {
		field := fmt.Sprintf("shifts[%d]", i)
		if !s.To.After(s.From) {
			return invalid(field+".to", s.To.Format(time.RFC3339), "must be after from")
		}
		if len(s.People) == 0 {
			return invalid(field+".people", "0", "must name somebody")
		}
	}
	return nil
}

// Check returns an *alerting.InputError for an override that cannot stand.
func (o *Override) Check() error {
	switch {
	case o.Rota == "":
		return invalid("rota", "", "must not be empty")
	case o.By == "":
		return invalid("by", "", "must not be empty")
	case !o.To.After(o.From):
		return invalid("to", o.To.Format(time.RFC3339), "must be after from")
	case o.To.Sub(o.From) > 366*24*time.Hour:
		return invalid("to", o.To.Format(time.RFC3339), "must be within a year of from")
	}
	return nil
}

// Check returns an *alerting.InputError for a holiday that cannot stand.
func (h *Holiday) Check() error {
	from, err := parseDate("from", h.From)
	if err != nil {
		return err
	}
	to, err := parseDate("to", h.To)
	switch {
	case err != nil:
		return err
	case to.Before(from) || to.Sub(from) > 60*24*time.Hour:
		return invalid("to", h.To, "must be from's day or one of the 60 after it")
	case h.Rota == "":
		return invalid("rota", "", "must not be empty")
	case h.Name == "":
		return invalid("name", "", "must not be empty")
	case len(h.People) == 0:
		return invalid("people", "0", "must name somebody")
	}
	return nil
}

func parseDate(field, s string) (time.Time, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return t, invalid(field, s, "must be a date, as 2026-11-23")
	}
	return t, nil
}

// minuteOf is the minute of the day of a time like 08:00.
func minuteOf(s string) (int, bool) {
	t, err := time.Parse("15:04", s)
	return t.Hour()*60 + t.Minute(), err == nil && len(s) == 5
}

// shiftAt is the shift of the rota that holds a time, by the turns alone: the day
// it began on (by the county's calendar, as a UTC date), and which of the day's
// it is.
func (r *Rota) shiftAt(at time.Time, zone *time.Location) (day time.Time, slot int) {
	local := at.In(zone)
	y, m, d := local.Date()
	day = time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	// Compared as instants: a wall clock that is set back shows a time twice.
	for slot = len(r.Handovers) - 1; slot >= 0; slot-- {
		if !at.Before(handover(day, r.Handovers[slot], zone)) {
			return day, slot
		}
	}
	return day.AddDate(0, 0, -1), len(r.Handovers) - 1
}

// handover is the instant of a handover on a day. A time that the clocks leave
// out is as much later as they were put forward; of one that they show twice it is
// the first. time.Date itself promises neither.
func handover(day time.Time, clock string, zone *time.Location) time.Time {
	minutes, _ := minuteOf(clock)
	y, m, d := day.Date()
	at := time.Date(y, m, d, minutes/60, minutes%60, 0, 0, zone)
	_, before := at.Add(-3 * time.Hour).Zone()
	_, after := at.Add(3 * time.Hour).Zone()
	forward := time.Duration(after-before) * time.Second
	shown := at.Hour()*60 + at.Minute()
	switch {
	case forward > 0 && shown < minutes: // left out
		return at.Add(forward)
	case forward < 0:
		if first := at.Add(forward); first.Hour()*60+first.Minute() == minutes {
			return first
		}
	}
	return at
}

// turn is the team whose turn a shift is.
func (r *Rota) turn(day time.Time, slot int) []string {
	start, err := time.Parse(time.DateOnly, r.Start)
	if err != nil || day.Before(start) || len(r.Teams) == 0 {
		return nil
	}
	days := int(day.Sub(start) / (24 * time.Hour)) // both are UTC midnights
	n := days
	switch r.Turn {
	case TurnShift:
		n = days*len(r.Handovers) + slot
	case TurnWeek:
		n = days / 7
	}
	return r.Teams[n%len(r.Teams)]
}

// onDuty is who works by the rota at a time, with its holidays and overrides.
func (r *Rota) onDuty(at time.Time, zone *time.Location, holidays []Holiday, overrides []Override) []string {
	var people []string
	day, slot := time.Time{}, 0
	if r.Turn == TurnExplicit {
		for _, s := range r.Shifts {
			if !at.Before(s.From) && at.Before(s.To) {
				people = append(people, s.People...)
			}
		}
		y, m, d := at.In(zone).Date()
		day = time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	} else {
		day, slot = r.shiftAt(at, zone)
		people = r.turn(day, slot)
	}
	date := day.Format(time.DateOnly)
	for _, h := range holidays {
		if h.Rota == r.ID && h.From <= date && date <= h.To {
			people = h.People
		}
	}
	people = slices.Clone(people)
	for _, o := range overrides {
		if o.Rota != r.ID || at.Before(o.From) || !at.Before(o.To) {
			continue
		}
		if o.Away == "" {
			people = []string{o.By}
			continue
		}
		if i := slices.Index(people, o.Away); i >= 0 {
			people[i] = o.By
		}
	}
	slices.Sort(people)
	return slices.Compact(people)
}

// changes are the times in [from, to) at which somebody else may be on duty.
func (r *Rota) changes(from, to time.Time, zone *time.Location, overrides []Override) []time.Time {
	var at []time.Time
	add := func(t time.Time) {
		if t.After(from) && t.Before(to) {
			at = append(at, t)
		}
	}
	for _, s := range r.Shifts {
		add(s.From)
		add(s.To)
	}
	clocks := r.Handovers
	if r.Turn == TurnExplicit {
		clocks = []string{"00:00"} // holidays
	}
	y, m, d := from.In(zone).Date()
	for day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC); !handover(day, "00:00", zone).After(to); day = day.AddDate(0, 0, 1) {
		for _, c := range clocks {
			add(handover(day, c, zone))
		}
	}
	for _, o := range overrides {
		if o.Rota == r.ID {
			add(o.From)
			add(o.To)
		}
	}
	slices.SortFunc(at, func(a, b time.Time) int { return cmp.Compare(a.UnixNano(), b.UnixNano()) })
	return slices.CompactFunc(at, time.Time.Equal)
}
