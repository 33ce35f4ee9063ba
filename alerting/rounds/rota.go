package rounds

import (
	"context"
	"fmt"
	"math"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// rota is who goes to doors on which day, with what is on it already.
type rota struct {
	people People
	day    func(time.Time) time.Time
	on     map[turn]int
	load   map[string]int // of a person, to come
	known  map[crew][]string
	// reserve is the room kept for tier red, in visits a day, by nobody's name.
	reserve map[string]float64
}

// turn is one person's day, or that of a crew without people.
type turn struct {
	person string
	day    int64
}

type crew struct {
	provider string
	area     devices.AreaPath
}

func newRota(people People, visits []alerting.Visit, day func(time.Time) time.Time) *rota {
	r := &rota{people: people, day: day, on: map[turn]int{}, load: map[string]int{}, known: map[crew][]string{}}
	for i := range visits {
		v := &visits[i]
		if v.Kind != alerting.HomeVisit || v.Plan == alerting.NoPlan || !v.State.Active() {
			continue
		}
		provider := ""
		if v.Provider != nil {
			provider = *v.Provider
		}
		name := nobody(provider, v.Area)
		if v.Assignee != nil {
			name = *v.Assignee
		}
		r.add(name, day(v.Due))
	}
	return r
}

// nobody stands for a crew without people: it has the room of one.
func nobody(provider string, area devices.AreaPath) string {
	if provider != "" {
		return "/" + provider
	}
	return "/" + string(level(area, 2))
}

func (r *rota) add(name string, day time.Time) {
	r.on[turn{name, day.Unix()}]++
	r.load[name]++
}

func (r *rota) crew(ctx context.Context, provider string, area devices.AreaPath) ([]string, error) {
	c := crew{provider, area}
	if names, ok := r.known[c]; ok {
		return names, nil
	}
	names, err := r.people.Visitors(ctx, provider, area)
	if err != nil {
		return nil, fmt.Errorf("who visits in %s: %w", area, err)
	}
	r.known[c] = names
	return names, nil
}

// place finds a day with room, from the wanted one on, then before it, and who of
// those that go there has the least to do. What must not be later is put before
// the wanted day rather than after it, and one of tier red even where there is no
// room.
func (r *rota) place(ctx context.Context, provider string, who *devices.Resident, days []time.Time, want int, late bool, perDay int) (day time.Time, person string, ok bool, err error) {
	area := who.Area
	names, err := r.crew(ctx, provider, area)
	if err != nil {
		return day, "", false, err
	}
	real := len(names) > 0
	if !real {
		names = []string{nobody(provider, area)}
	}
	if who.Tier != devices.TierRed {
		perDay = max(1, perDay-int(math.Ceil(r.reserve[nobody(provider, area)]/float64(len(names)))))
	}
	try := func(i int) bool {
		best := ""
		for _, name := range names {
			if n := r.on[turn{name, days[i].Unix()}]; n >= perDay {
				continue
			}
			if best == "" || r.less(name, best, days[i]) {
				best = name
			}
		}
		if best == "" {
			return false
		}
		r.add(best, days[i])
		day = days[i]
		if real {
			person = best
		}
		return true
	}
	after := func() bool {
		for i := want; i < len(days); i++ {
			if try(i) {
				return true
			}
		}
		return false
	}
	before := func() bool {
		for i := want - 1; i >= 0; i-- {
			if try(i) {
				return true
			}
		}
		return false
	}
	switch {
	case late:
		ok = after() || before()
	case try(want) || before():
		ok = true
	case who.Tier == devices.TierRed:
		perDay = math.MaxInt
		ok = try(want)
	default:
		ok = after()
	}
	return day, person, ok, nil
}

// less says who of two has less to do, that day and altogether.
func (r *rota) less(a, b string, day time.Time) bool {
	x, y := r.on[turn{a, day.Unix()}], r.on[turn{b, day.Unix()}]
	return x < y || x == y && r.load[a] < r.load[b]
}
