package alerting_test

import (
	"slices"
	"testing"

	"shouwang/alerting"
)

// The table of DESIGN "Alert life", as it is written there.
func TestKindsAreThoseOfTheDesign(t *testing.T) {
	const r, d, a, s = alerting.SubjectResident, alerting.SubjectDevice, alerting.SubjectArea, alerting.SubjectSystem
	design := []struct {
		kinds     []alerting.Kind
		subject   alerting.SubjectType
		first     []alerting.Severity
		selfClose bool
	}{
		{[]alerting.Kind{"sos", "fall"}, r, []alerting.Severity{"red"}, false},
		{[]alerting.Kind{"no_sign_of_life"}, r, []alerting.Severity{"red"}, false},
		{[]alerting.Kind{"water_inactivity"}, r, []alerting.Severity{"yellow", "orange", "red"}, false},
		{[]alerting.Kind{"heart_rate", "spo2", "body_temp", "blood_pressure", "resp_rate"}, r, []alerting.Severity{"orange", "red"}, false},
		{[]alerting.Kind{"geofence", "wandering"}, r, []alerting.Severity{"orange"}, false},
		{[]alerting.Kind{"vital_trend", "routine_change", "not_returned"}, r, []alerting.Severity{"yellow"}, false},
		{[]alerting.Kind{"water_burst"}, r, []alerting.Severity{"orange"}, false},
		{[]alerting.Kind{"water_leak", "water_high_use"}, r, []alerting.Severity{"yellow"}, true},
		{[]alerting.Kind{"not_worn", "device_silent", "device_fault", "low_battery"}, d, []alerting.Severity{"blue", "yellow"}, true},
		{[]alerting.Kind{"data_outage"}, a, []alerting.Severity{"orange"}, true},
		{[]alerting.Kind{"canary"}, s, []alerting.Severity{"red"}, true},
	}
	var listed []alerting.Kind
	for _, row := range design {
		listed = append(listed, row.kinds...)
		for _, k := range row.kinds {
			info, ok := k.Info()
			if !ok {
				t.Errorf("%s: not in the table", k)
				continue
			}
			if info.Subject != row.subject || info.SelfClose != row.selfClose || !slices.Equal(info.First, row.first) {
				t.Errorf("%s: got %s %v self-closing %v, want %s %v %v", k, info.Subject, info.First, info.SelfClose, row.subject, row.first, row.selfClose)
			}
			if urgent := k == "sos" || k == "fall"; info.Urgent != urgent || info.RaiseAgain == urgent {
				t.Errorf("%s: urgent %v, raised again %v", k, info.Urgent, info.RaiseAgain)
			}
		}
	}
	if got := alerting.Kinds(); len(got) != len(listed) {
		t.Errorf("%d kinds, want %d", len(got), len(listed))
	}
	if _, ok := alerting.Kind("weather").Info(); ok {
		t.Error("an unknown kind has an entry")
	}
}

func TestReached(t *testing.T) {
	person := []alerting.Outcome{"real_emergency", "assisted", "well", "hospital", "refused"}
	nobody := []alerting.Outcome{"deceased", "false_alarm", "device_fault", "repair", "test", "recovered", "duplicate", ""}
	for _, how := range []string{"phone", "family", "door", "device", "", "letter"} {
		human := how != "device" && how != ""
		for _, o := range person {
			if alerting.Reached(o, how) != human {
				t.Errorf("%s by %q: %v", o, how, !human)
			}
		}
		for _, o := range nobody {
			if alerting.Reached(o, how) {
				t.Errorf("%s by %q counts as contact", o, how)
			}
		}
		if want := human && how != "door"; alerting.Reached("away", how) != want {
			t.Errorf("away by %q: %v", how, !want)
		}
	}
}

func TestDefaultRulesAreValidAndBadOnesAreNamed(t *testing.T) {
	if err := alerting.DefaultRules().Check(); err != nil {
		t.Fatal(err)
	}
	for field, spoil := range map[string]func(*alerting.Rules){
		"water_inactivity.limit_l": func(r *alerting.Rules) { r.WaterInactivity.LimitL = 0 },
		"water_inactivity.window":  func(r *alerting.Rules) { r.WaterInactivity.Window = 0 },
		"low_battery_pct":          func(r *alerting.Rules) { r.LowBatteryPct = 101 },
		"silence.meter":            func(r *alerting.Rules) { r.Silence.Meter = -1 },
		"silence.band":             func(r *alerting.Rules) { r.Silence.Band = 0 },
		"escalation.red[1]":        func(r *alerting.Rules) { r.Escalation["red"][1] = r.Escalation["red"][0] },
		"visit_due.blue":           func(r *alerting.Rules) { delete(r.VisitDue, "blue") },
		"raise_again":              func(r *alerting.Rules) { r.RaiseAgain = -1 },
		"late":                     func(r *alerting.Rules) { r.Late = 0 },
	} {
		r := alerting.DefaultRules()
		spoil(r)
		if got := inputField(r.Check()); got != field {
			t.Errorf("got an error about %q, want %q", got, field)
		}
	}
}
