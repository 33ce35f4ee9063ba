package detect

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"shouwang/alerting"
)

// person lets days pass of somebody with these habits.
type person struct {
	amount float64 // multiplies all litres
	later  int     // hours
	night  int     // visits at night beside the usual one
}

func (b *bench) livesAs(from, days int, p person) {
	b.t.Helper()
	chance := rand.New(rand.NewPCG(11, uint64(from)))
	for d := range days {
		day := make([]float64, 24)
		for h, l := range senior {
			if h == 16 || h == 19 {
				continue
			}
			to := h
			if h >= 22 || h < 2 { // the morning, 06:00 to 10:00 in China
				to = (h + p.later) % 24
			}
			if l > 0 {
				day[to] += math.Round(l * p.amount * (0.6 + 0.8*chance.Float64()))
			}
		}
		for range 1 + p.night {
			day[15+chance.IntN(4)] += 6
		}
		b.uses(from+24*d, day...)
	}
}

func (b *bench) routineChanges() (said []alerting.Finding) {
	for _, f := range b.findings {
		if f.Kind == alerting.KindRoutineChange {
			said = append(said, f)
		}
	}
	return said
}

func TestAChangeOfRoutineIsFoundInTwoWeeksAndSaidOnce(t *testing.T) {
	usual := person{amount: 1}
	for name, c := range map[string]struct {
		then    person
		measure string
	}{
		"less water":     {person{amount: 0.7}, "day_l"},
		"more water":     {person{amount: 1.35}, "day_l"},
		"up later":       {person{amount: 1, later: 2}, "first_use_min"},
		"up at night":    {person{amount: 1, night: 2}, "night_l"},
		"nothing is new": {usual, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := waterUse(t)
			b.livesAs(0, 60, usual)
			if got := b.routineChanges(); len(got) > 0 {
				t.Fatalf("said before anything changed: %v", got[0].Evidence)
			}
			b.livesAs(60*24, 15, c.then)
			got := b.routineChanges()
			if c.measure == "" {
				if len(got) > 0 {
					t.Errorf("said %v", got[0].Evidence)
				}
				return
			}
			if len(got) != 1 {
				t.Fatalf("said %d times in two weeks, want once", len(got))
			}
			if e := got[0].Evidence; e["measure"] != c.measure {
				t.Errorf("evidence %v, want %s", e, c.measure)
			}
			if since := got[0].FoundAt.Sub(monday.Add(60 * 24 * time.Hour)); since > 14*24*time.Hour {
				t.Errorf("found after %v", since)
			}
			b.livesAs(75*24, 40, c.then) // it is the habit now
			if got := b.routineChanges(); len(got) > 1 {
				t.Errorf("said %d times: %v", len(got), got[1].Evidence)
			}
		})
	}
}

func TestDaysAwayAreNotLearnt(t *testing.T) {
	b := waterUse(t)
	b.livesAs(0, 40, person{amount: 1})
	b.view.Away = true
	b.uses(40*24, constant(20*24, 0)...)
	b.view.Away = false
	b.livesAs(60*24, 20, person{amount: 1})
	b.uses(80*24, constant(20*24, 0)...) // away without a word
	b.livesAs(100*24, 20, person{amount: 1})
	if got := b.routineChanges(); len(got) > 0 {
		t.Errorf("said %v", got[0].Evidence)
	}
}
