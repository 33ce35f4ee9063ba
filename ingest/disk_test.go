package ingest

import "testing"

func TestRoomHasHysteresis(t *testing.T) {
	d, err := NewDisk(DiskOptions{Dir: t.TempDir(), Reserve: 800, Free: func(string) (int64, error) { return 10_000, nil }})
	if err != nil {
		t.Fatal(err)
	}
	for i, step := range []struct {
		free int64
		want Room
	}{
		{10_000, RoomForAll}, {800, RoomForAll}, {799, RoomForEvents}, {900, RoomForEvents}, {999, RoomForEvents},
		{1000, RoomForAll}, {799, RoomForEvents}, {100, RoomForEvents}, {99, NoRoom}, {199, NoRoom}, {200, RoomForEvents},
		{0, NoRoom}, {10_000, RoomForAll},
	} {
		changed, before := d.Changed(), d.Room()
		d.take(step.free)
		if got := d.Room(); got != step.want {
			t.Errorf("step %d: %d bytes free: room %s, want %s", i, step.free, got, step.want)
		}
		select {
		case <-changed:
			if before == step.want {
				t.Errorf("step %d: told of a change that is none", i)
			}
		default:
			if before != step.want {
				t.Errorf("step %d: not told of the change", i)
			}
		}
		if events, telemetry := d.Takes(Events), d.Takes(Telemetry); events != (step.want != NoRoom) || telemetry != (step.want == RoomForAll) {
			t.Errorf("step %d: takes events %v, telemetry %v", i, events, telemetry)
		}
	}
	var none *Disk
	if none.Room() != RoomForAll || !none.Takes(Telemetry) || none.Changed() != nil {
		t.Error("without a disk there is room")
	}
}
