package registry

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"shouwang/devices"
)

// What was known when a message came counts, so a journal that is read again
// leaves out the same readings; and so does a registry that is opened again.
func TestConsentsHoldFromWhenTheyWereEntered(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.db")
	r, c := openFile(t, file)
	must(t, r.PutAll(t.Context(), county()))
	enter := func(decision devices.Consent) {
		t.Helper()
		decision.Resident = "r1"
		c.t = c.t.Add(time.Hour)
		must(t, r.PutConsents(t.Context(), []devices.Consent{decision}))
	}
	c.t = c.t.Add(time.Minute)
	before := c.now()
	enter(devices.Consent{Data: devices.PositionData, Granted: true, From: epoch.Add(-time.Hour), Paper: "箱 3"}) // it counts from when it was entered
	granted := c.now()
	enter(devices.Consent{Data: devices.PositionData, Granted: false, Paper: "箱 4"})
	withdrawn := c.now()
	enter(devices.Consent{Data: devices.VitalsData, Granted: true, To: c.now().Add(3 * time.Hour)})
	limited := c.now()
	enter(devices.Consent{Data: devices.PositionData, Granted: true, From: c.now().Add(5 * time.Hour)})
	again := c.now()

	require := func(r *Registry, on bool) {
		r.RequireConsent(on)
		r.devices["acme/b1"].standing.Store(nil) // it is for once, before anything is asked
	}
	check := func(r *Registry, how string) {
		t.Helper()
		for name, c := range map[string]struct {
			at        time.Time
			want      devices.Withheld
			wantPaper devices.Withheld // with consent required
		}{
			"before all":             {before, 0, devices.Withhold(devices.DataTypes()...)},
			"granted":                {granted.Add(time.Second), 0, devices.Withhold(devices.WaterData, devices.VitalsData, devices.MotionData)},
			"withdrawn":              {withdrawn.Add(time.Second), devices.Withhold(devices.PositionData), devices.Withhold(devices.DataTypes()...)},
			"another for a while":    {limited.Add(time.Second), devices.Withhold(devices.PositionData), devices.Withhold(devices.WaterData, devices.MotionData, devices.PositionData)},
			"that while is over":     {again.Add(2 * time.Hour), devices.Withhold(devices.PositionData, devices.VitalsData), devices.Withhold(devices.DataTypes()...)},
			"granted again, as told": {again.Add(7 * time.Hour), devices.Withhold(devices.VitalsData), devices.Withhold(devices.WaterData, devices.MotionData, devices.VitalsData)},
		} {
			require(r, false)
			if got := r.Withheld("acme/b1", c.at); got != c.want {
				t.Errorf("%s, %s: %04b is withheld, want %04b", how, name, got, c.want)
			}
			if got := r.WithheldOf("r1", c.at); got != c.want {
				t.Errorf("%s, %s, of the resident: %04b, want %04b", how, name, got, c.want)
			}
			require(r, true)
			if got := r.Withheld("acme/b1", c.at); got != c.wantPaper {
				t.Errorf("%s, %s, on paper only: %04b, want %04b", how, name, got, c.wantPaper)
			}
			if got := r.Withheld("acme/b2", c.at); got != 0 {
				t.Errorf("%s: a device of nobody: %04b", how, got)
			}
		}
	}
	check(r, "at once")
	loaded, _ := openFile(t, file)
	loaded.now = c.now
	check(loaded, "opened again")

	list, err := r.Consents(t.Context(), "r1")
	if err != nil || len(list) != 4 || list[2].Granted || list[2].Paper != "箱 4" || list[3].Data != devices.PositionData {
		t.Errorf("%+v %v", list, err)
	}
	for field, c := range map[string]devices.Consent{
		"resident": {Resident: "nobody", Data: devices.WaterData}, "data": {Resident: "r1", Data: "dreams"},
		"to": {Resident: "r1", Data: devices.WaterData, From: again, To: before},
	} {
		var wrong *devices.InputError
		if err := r.PutConsents(t.Context(), []devices.Consent{c}); !errors.As(err, &wrong) || wrong.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}
