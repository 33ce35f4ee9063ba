package ingest_test

import (
	"testing"
	"time"

	"shouwang/devices"
	"shouwang/ingest"
)

// shy is a directory whose device acme/2 is of somebody who agrees to nothing
// but the vitals.
type shy struct{ directory }

func (s shy) Standing(id devices.DeviceID, at time.Time) (devices.Standing, bool) {
	known, ok := s.directory.Standing(id, at)
	if id == "acme/2" && !at.Before(epoch) {
		known.Withheld = devices.Withhold(devices.WaterData, devices.MotionData, devices.PositionData)
	}
	return known, ok
}

// What somebody does not agree to is neither stored nor judged; the device has
// spoken all the same, and a cry for help gets through with all it says.
func TestWithoutConsentNothingIsTakenButACry(t *testing.T) {
	const all = `{"metrics":{"steps":5,"heart_rate_bpm":70,"lat_deg":36.2,"lon_deg":115.6,"volume_m3":1,"battery_pct":50}}`
	for name, c := range map[string]struct {
		record ingest.Record
		want   string
	}{
		"of another":    {message("acme/1", "telemetry", all, 0), "acme/1 steps=5 heart_rate_bpm=70 lat_deg=36.2 lon_deg=115.6 volume_m3=1 battery_pct=50"},
		"before it":     {message("acme/2", "telemetry", `{"metrics":{"steps":5}}`, -time.Second), "acme/2 steps=5"},
		"readings":      {message("acme/2", "telemetry", all, 0), "acme/2 heart_rate_bpm=70 battery_pct=50"},
		"nothing left":  {message("acme/2", "telemetry", `{"metrics":{"steps":5}}`, 0), "acme/2"},
		"taken off":     {message("acme/2", "event", `{"event":"removed"}`, 0), "acme/2"},
		"low battery":   {message("acme/2", "event", `{"event":"low_battery"}`, 0), "acme/2 low_battery"},
		"a fall":        {message("acme/2", "event", `{"event":"fall","lat_deg":36.2}`, 0), "acme/2 fall"},
		"a cry, online": {message("acme/2", "event", `{"event":"sos"}`, 0), "acme/2 sos"},
	} {
		dec := ingest.NewDecoder(ingest.DecoderOptions{Reader: "test", Lane: ingest.Telemetry, Directory: shy{}, AgeLimit: time.Hour})
		if got := say(dec.Decode(frame(1, c.record))); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	dec := ingest.NewDecoder(ingest.DecoderOptions{Reader: "test", Lane: ingest.Telemetry, Directory: shy{}, AgeLimit: time.Hour})
	records, _ := dec.Decode(frame(1, message("acme/2", "event", `{"event":"sos","lat_deg":36.2}`, 0)))
	if len(records) != 1 || len(records[0].Events) != 1 || records[0].Events[0].Detail["lat_deg"] != 36.2 {
		t.Errorf("the cry does not say where: %+v", records)
	}
}
