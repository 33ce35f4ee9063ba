package store_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/alerting/store"
)

func TestRulesHoldFromTheirTime(t *testing.T) {
	s, db := open(t)
	s.Now = func() time.Time { return noon }
	if r := s.Rules(noon, alerting.RuleScope{}); r.Version != 1 || r.WaterInactivity.LimitL != 10 {
		t.Fatalf("%+v", r)
	}
	r := alerting.DefaultRules()
	r.WaterInactivity.LimitL = 6
	by := alerting.Actor{User: "supervisor"}
	v, err := s.PutRules(t.Context(), r, by, "as in Zhenhai", noon)
	if err != nil || v != 2 {
		t.Fatal(v, err)
	}
	r.WaterInactivity.LimitL = 8
	r.Escalation[alerting.Blue] = []time.Duration{time.Hour}
	if _, err := s.PutRules(t.Context(), r, by, "as in Haishu", noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	again := store.New(db)
	if _, err := again.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*store.Store{s, again} {
		for after, want := range map[time.Duration]float64{-time.Microsecond: 10, 0: 6, time.Hour - 1: 6, time.Hour: 8, 1000 * time.Hour: 8} {
			if got := s.Rules(noon.Add(after), alerting.RuleScope{}); got.WaterInactivity.LimitL != want || len(got.Escalation[alerting.Red]) != 2 {
				t.Errorf("%s after noon: %+v", after, got)
			}
		}
		if got := s.Rules(noon.Add(2*time.Hour), alerting.RuleScope{}); got.Version != 3 || len(got.Escalation[alerting.Blue]) != 1 {
			t.Errorf("%+v", got)
		}
	}
	var e *alerting.InputError
	if _, err := s.PutRules(t.Context(), r, by, "", noon); !errors.As(err, &e) || e.Field != "reason" {
		t.Error(err)
	}
	r.Late = 0
	if _, err := s.PutRules(t.Context(), r, by, "x", noon); !errors.As(err, &e) || e.Field != "late" {
		t.Error(err)
	}
}

func reached(s *store.Store, at time.Time) error {
	return s.Tx(context.Background(), func(tx alerting.Tx) error {
		return tx.AddContact(alerting.Contact{Resident: "r", At: at, How: alerting.ByPhone, Actor: "z"})
	})
}

// TestWhatWaitedToBeWrittenHoldsFromThenOn: what was judged while a change
// waited for the database was judged without it, and must be in a replay too.
func TestWhatWaitedToBeWrittenHoldsFromThenOn(t *testing.T) {
	s, db := open(t)
	var clock atomic.Int64
	s.Now = func() time.Time { return noon.Add(time.Duration(clock.Load())) }
	held, let, done := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		done <- s.Tx(context.Background(), func(alerting.Tx) error { close(held); <-let; return nil })
	}()
	<-held
	rules := alerting.DefaultRules()
	rules.LowBatteryPct = 30
	go func() {
		_, err := s.PutRules(context.Background(), rules, alerting.Actor{User: "s"}, "x", noon)
		done <- err
	}()
	go func() { done <- reached(s, noon) }()
	for db.Write.Stats().WaitCount < 2 {
		time.Sleep(time.Millisecond)
	}
	clock.Store(int64(time.Minute))
	close(let)
	for range 3 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	again := store.New(db)
	if _, err := again.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*store.Store{s, again} {
		for after, want := range map[time.Duration]bool{time.Minute - time.Microsecond: false, time.Minute: true} {
			at := noon.Add(after)
			if got := s.Rules(at, alerting.RuleScope{}).LowBatteryPct == 30; got != want {
				t.Errorf("rules after %s: %v", after, got)
			}
			if got := !s.LastContact("r", at).IsZero(); got != want {
				t.Errorf("contact after %s: %v", after, got)
			}
		}
	}
}

// TestWhoAsksAboutLaterSeesIt: between the time from which a change holds and
// its commit nobody gets an answer without it.
func TestWhoAsksAboutLaterSeesIt(t *testing.T) {
	s, _ := open(t)
	contact, limit := make(chan time.Time, 1), make(chan float64, 1)
	s.Now = func() time.Time {
		go func() { contact <- s.LastContact("r", noon) }()
		time.Sleep(10 * time.Millisecond)
		return noon
	}
	if err := reached(s, noon); err != nil {
		t.Fatal(err)
	}
	if got := <-contact; !got.Equal(noon) {
		t.Error("judged without the contact that holds")
	}
	rules := alerting.DefaultRules()
	rules.LowBatteryPct = 30
	s.Now = func() time.Time {
		go func() { limit <- s.Rules(noon, alerting.RuleScope{}).LowBatteryPct }()
		time.Sleep(10 * time.Millisecond)
		return noon
	}
	if _, err := s.PutRules(t.Context(), rules, alerting.Actor{User: "s"}, "x", noon); err != nil {
		t.Fatal(err)
	}
	if got := <-limit; got != 30 {
		t.Error("judged by rules that no longer hold")
	}
}

func TestClockSetBackDoesNotTurnTheOrder(t *testing.T) {
	s, db := open(t)
	now := noon
	s.Now = func() time.Time { return now }
	if err := reached(s, noon.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	now = noon.Add(-time.Minute)
	if err := reached(s, noon); err != nil {
		t.Fatal(err)
	}
	again := store.New(db)
	if _, err := again.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*store.Store{s, again} {
		if got := s.LastContact("r", noon); !got.Equal(noon) {
			t.Errorf("the newest is %s", got)
		}
		if got := s.LastContact("r", noon.Add(-time.Microsecond)); !got.IsZero() {
			t.Errorf("known before it was recorded: %s", got)
		}
	}
}
