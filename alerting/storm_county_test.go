package alerting_test

import (
	"testing"
	"time"

	"shouwang/devices"
)

// TestAStormOfACounty lets a hundred devices of a county fail within ten minutes
// and come back one by one: each is a transaction in which an SOS waits.
func TestAStormOfACounty(t *testing.T) {
	w := newWorld(t)
	var ids []devices.DeviceID
	for _, v := range []devices.AreaPath{"shen/east/aaaa", "shen/east/bbbb", "shen/west/cccc", "shen/nord/dddd"} {
		ids = append(ids, w.village("v", v, 25)...)
	}
	longest, start := time.Duration(0), time.Now()
	one := func(id devices.DeviceID, level float64) {
		before := time.Now()
		w.says(id, "silent", level)
		longest = max(longest, time.Since(before))
	}
	for i := range ids {
		one(ids[(i*7)%len(ids)], 1)
		w.pass(time.Second)
	}
	rows := len(w.board())
	w.pass(time.Hour)
	for _, id := range ids {
		one(id, 0)
	}
	t.Logf("%d devices: %d rows at the height, %d after; %s in all, longest %s", len(ids), rows, len(w.board()), time.Since(start), longest)
	if rows > 3 {
		t.Errorf("%d rows", rows)
	}
}
