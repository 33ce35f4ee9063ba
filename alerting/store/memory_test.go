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

// TestRulesOfAnOlderRelease: it wrote all settings of the whole service; what it
// did not know has its default, and what a scope sets lies over it.
func TestRulesOfAnOlderRelease(t *testing.T) {
	s, db := open(t)
	s.Now = func() time.Time { return noon }
	_, err := db.Write.ExecContext(t.Context(), `INSERT INTO alert_rules (version, held, body, actor, reason)
VALUES (2, $1, '{"version":2,"low_battery_pct":15,"escalation":{"red":[30000000000]},"late":3600000000000}', 'chen', 'old')`, noon.UnixMicro())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	village := alerting.RuleScope{Area: "c/t/v", Resident: "r"}
	v, err := s.ChangeRules(t.Context(), alerting.RuleChange{
		Scope: village, From: noon.Add(time.Hour), By: "li", Reason: "so", Settings: []byte(`{"late":7200000000000}`),
	})
	if err != nil || v != 3 {
		t.Fatal(v, err)
	}
	again := store.New(db)
	if _, err := again.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*store.Store{s, again} {
		for at, want := range map[time.Time]time.Duration{noon.Add(-1): 24 * time.Hour, noon: time.Hour, noon.Add(time.Hour): 2 * time.Hour} {
			r := s.Rules(at, village)
			if r.Late != want || r.Vitals.Window != 3 || r.Silence.Band != time.Hour {
				t.Errorf("%s: late %s, %+v", at, r.Late, r)
			}
		}
		r := s.Rules(noon.Add(time.Hour), village)
		if r.LowBatteryPct != 15 || r.Version != 3 || s.Rules(noon.Add(time.Hour), alerting.RuleScope{}).Version != 2 || s.NewestRules(noon) != 2 {
			t.Errorf("%v, version %d", r.LowBatteryPct, r.Version)
		}
		all := s.RuleVersions(9, func(alerting.RuleScope) bool { return true })
		if len(all) != 2 || all[0].Scope != village || all[0].Reason != "so" || all[1].By != "chen" || all[1].Rules.Late != time.Hour {
			t.Errorf("%+v", all)
		}
	}
}

// TestErasedRules: what was set for one resident goes with them, and the version
// numbers go on.
func TestErasedRules(t *testing.T) {
	s, db := open(t)
	s.Now = func() time.Time { return noon }
	own := alerting.RuleScope{Area: "c", Resident: "r"}
	c := alerting.RuleChange{Scope: own, By: "li", Reason: "has COPD", Settings: []byte(`{"vitals":{"spo2_scale":2}}`)}
	if _, err := s.ChangeRules(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	held := s.Rules(noon, own)
	if held.Vitals.SpO2Scale != 2 {
		t.Fatal(held.Vitals.SpO2Scale)
	}
	if err := s.Erase(t.Context(), "r", nil); err != nil {
		t.Fatal(err)
	}
	again := store.New(db)
	if _, err := again.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*store.Store{s, again} {
		for _, v := range s.RuleVersions(9, func(alerting.RuleScope) bool { return true }) {
			if v.Reason != "" || string(v.Settings) != "{}" || v.Rules.Vitals.SpO2Scale != 1 {
				t.Errorf("%+v", v)
			}
		}
		if r := s.Rules(noon, own); r.Vitals.SpO2Scale != 1 || r.Version != 2 {
			t.Errorf("scale %d, version %d", r.Vitals.SpO2Scale, r.Version)
		}
	}
}
