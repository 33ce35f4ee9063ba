package roster

import (
	"cmp"
	"slices"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// Village is a place for which somebody must be there at all hours.
type Village struct {
	Area     devices.AreaPath
	Provider string // who serves it, "" for nobody
}

// Gap is a time in which nobody could be told of a red alert in an area.
type Gap struct {
	Area devices.AreaPath `json:"area" doc:"A village, or an area in which it is so in all villages."`
	From time.Time        `json:"from"`
	To   time.Time        `json:"to"`
}

// samples are how often an hour is looked at: shifts begin at quarters.
const samples = 4

// Coverage looks at every village and hour from a time on. An hour is covered
// when at each quarter of it at least one person whom the policy for red names
// can be told: one whom reachable says, or one who is on duty at a desk by a rota
// then, who has promised to be there. rules are those of an area.
func (r *Roster) Coverage(villages []Village, from time.Time, hours int, rules func(devices.AreaPath) *alerting.Rules, people *People, reachable func(user string, at time.Time) bool) []Gap {
	if people == nil {
		people = NewPeople(nil)
	}
	k := &keeper{
		Roster: r, from: from, hours: hours, people: people, reachable: reachable,
		users: map[string][]bool{}, rotas: map[string][][]string{}, night: make([]bool, hours),
	}
	for h := range hours {
		k.night[h] = r.settings.Night.is(k.hour(h), r.Zone)
	}
	gaps := make(map[devices.AreaPath][]Gap, len(villages))
	defaults := map[*alerting.Rules]Policy{}
	covered := make([]bool, hours)
	none := &alerting.Rules{}
	for _, v := range villages {
		p, entered := r.Policy(v.Area, alerting.Red, none)
		if !entered {
			of := rules(v.Area)
			own, ok := defaults[of]
			if !ok {
				own = Default(alerting.Red, of)
				defaults[of] = own
			}
			p = own
		}
		k.village(v, &p, covered)
		gaps[v.Area] = holes(v.Area, from, covered)
	}
	return fold(gaps)
}

type keeper struct {
	*Roster
	from      time.Time
	hours     int
	people    *People
	reachable func(string, time.Time) bool
	users     map[string][]bool // for every hour
	// rotas are who is on duty and can be told, for every quarter.
	rotas map[string][][]string
	night []bool
}

func (k *keeper) hour(h int) time.Time { return k.from.Add(time.Duration(h) * time.Hour) }

// village fills in which hours are covered.
func (k *keeper) village(v Village, p *Policy, covered []bool) {
	clear(covered)
	asked := Asked{Severity: alerting.Red, Area: v.Area, Provider: v.Provider}
	rule, ruled := k.settings.Night.rule("", "", alerting.Red)
	for i, s := range p.Steps {
		byNight := i == 0 && ruled && len(rule.Targets) > 0
		for _, t := range s.Targets {
			k.add(covered, t, asked, func(h int) bool { return !byNight || !k.night[h] })
		}
		if !byNight {
			continue
		}
		for _, t := range rule.Targets {
			k.add(covered, t, asked, func(h int) bool { return k.night[h] })
		}
	}
}

// add counts the hours in which one target can be told.
func (k *keeper) add(covered []bool, t Target, a Asked, counts func(int) bool) {
	if t.Rota != "" {
		or(covered, k.rota(t.Rota, a.Area), counts)
		return
	}
	for _, u := range k.named(t, a, k.from, k.people) {
		or(covered, k.user(u), counts)
	}
}

func or(into, more []bool, counts func(int) bool) {
	for h, is := range more {
		if is && !into[h] && counts(h) {
			into[h] = true
		}
	}
}

func (k *keeper) user(u string) []bool {
	if is, ok := k.users[u]; ok {
		return is
	}
	is := make([]bool, k.hours)
	for h := range is {
		is[h] = k.reachable != nil && k.reachable(u, k.hour(h))
	}
	k.users[u] = is
	return is
}

// rota says in which hours somebody who is on duty can be told of an area.
func (k *keeper) rota(id string, area devices.AreaPath) []bool {
	quarters, ok := k.rotas[id]
	if !ok {
		quarters = make([][]string, k.hours*samples)
		for q := range quarters {
			at := k.from.Add(time.Duration(q) * time.Hour / samples)
			quarters[q] = slices.DeleteFunc(k.OnDuty(id, at), func(u string) bool { return !k.promises(u, at) })
		}
		k.rotas[id] = quarters
	}
	is := make([]bool, k.hours)
	for h := range is {
		is[h] = true
		for _, there := range quarters[h*samples : (h+1)*samples] {
			is[h] = is[h] && slices.ContainsFunc(there, func(u string) bool { return k.people.may(u, area) })
		}
	}
	return is
}

// promises says whether somebody who is on duty can be told: at the desk, or as
// anybody.
func (k *keeper) promises(user string, at time.Time) bool {
	p, ok := k.people.users[user]
	if !ok {
		return false
	}
	return p.Role == roleDuty || p.Role == roleTownDuty || k.reachable != nil && k.reachable(user, at)
}

// holes are the hours that are not covered, in rows.
func holes(area devices.AreaPath, from time.Time, covered []bool) []Gap {
	var gaps []Gap
	for h := 0; h < len(covered); h++ {
		if covered[h] {
			continue
		}
		end := h
		for end < len(covered) && !covered[end] {
			end++
		}
		gaps = append(gaps, Gap{area, from.Add(time.Duration(h) * time.Hour), from.Add(time.Duration(end) * time.Hour)})
		h = end
	}
	return gaps
}

// fold puts the gaps that all villages of an area share in its name.
func fold(gaps map[devices.AreaPath][]Gap) []Gap {
	for range 2 { // villages into towns, towns into counties
		children := map[devices.AreaPath][]devices.AreaPath{}
		for a := range gaps {
			if up := a.Parent(); up != "" {
				children[up] = append(children[up], a)
			}
		}
		for up, below := range children {
			inside := 0
			for a := range gaps {
				if up.Contains(a) {
					inside++
				}
			}
			if len(below) < 2 || inside != len(below) {
				continue // it, or what lies deeper in it, has gaps of its own
			}
			if shared := gaps[below[0]]; slices.ContainsFunc(below, func(a devices.AreaPath) bool { return !sameTimes(gaps[a], shared) }) {
				continue
			}
			renamed := slices.Clone(gaps[below[0]])
			for i := range renamed {
				renamed[i].Area = up
			}
			for _, a := range below {
				delete(gaps, a)
			}
			gaps[up] = renamed
		}
	}
	all := []Gap{}
	for _, g := range gaps {
		all = append(all, g...)
	}
	slices.SortFunc(all, func(a, b Gap) int {
		return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Area, b.Area))
	})
	return all
}

func sameTimes(a, b []Gap) bool {
	return slices.EqualFunc(a, b, func(a, b Gap) bool { return a.From.Equal(b.From) && a.To.Equal(b.To) })
}

// Villages are the areas, among those given, that lie in one and have nothing
// deeper in them.
func Villages(areas []devices.Area, in devices.AreaPath, servedBy func(devices.AreaPath) string) []Village {
	inner := map[devices.AreaPath]bool{}
	for i := range areas {
		for up := areas[i].Path.Parent(); up != ""; up = up.Parent() {
			inner[up] = true
		}
	}
	var list []Village
	for i := range areas {
		if a := areas[i].Path; in.Contains(a) && !inner[a] {
			list = append(list, Village{a, servedBy(a)})
		}
	}
	return list
}

// Notices tell supervisors of gaps, each of those in their areas, once on a day of the
// county's. What there is to tell is how many hours, and from when.
func (r *Roster) Notices(gaps []Gap, people *People, now time.Time) []alerting.Notice {
	var list []alerting.Notice
	day := now.In(r.Zone).Format(time.DateOnly)
	for i := range people.roles[roleSupervisor] {
		one := &people.roles[roleSupervisor][i]
		for _, area := range one.Areas {
			hours, first, n := 0, time.Time{}, 0
			for _, g := range gaps {
				if !area.Contains(g.Area) && !g.Area.Contains(area) {
					continue
				}
				n++
				hours += int(g.To.Sub(g.From) / time.Hour)
				if first.IsZero() || g.From.Before(first) {
					first = g.From
				}
			}
			if n == 0 {
				continue
			}
			list = append(list, alerting.Notice{
				Key: "coverage/" + day + "/" + string(area) + "/" + one.User, Person: one.User, Reason: alerting.NoticeCoverage,
				Severity: alerting.Yellow, Area: area, At: now,
				Data: map[string]any{"gaps": n, "hours": hours, "from": first},
			})
		}
	}
	return list
}
