package detect

import (
	"testing"

	"shouwang/alerting"
)

// TestAllSleep: one detector that wants every tick lets every tick look at every
// home of the county.
func TestAllSleep(t *testing.T) {
	for _, s := range []alerting.Subject{alerting.ResidentSubject("r"), alerting.DeviceSubject("v/d"), alerting.VillageWater("a/b/c")} {
		for _, d := range New(s) {
			if _, ok := d.(alerting.Sleeper); !ok {
				t.Errorf("%s of a %s does not say when it is due", d.Name(), s.Type)
			}
		}
	}
}
