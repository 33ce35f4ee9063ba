package ingest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/rs/zerolog"
)

// Room says what the disk may still be filled with.
type Room int

// The levels of room, from plenty to none.
const (
	// RoomForAll: nothing is held back.
	RoomForAll Room = iota
	// RoomForEvents: telemetry is no longer acknowledged; the rest of the disk
	// is kept for events.
	RoomForEvents
	// NoRoom: nothing is acknowledged. What was acknowledged stays, and the
	// store is spared a write that fails, after which it would have to be
	// opened anew.
	NoRoom
)

func (r Room) String() string {
	switch r {
	case RoomForAll:
		return "for all"
	case RoomForEvents:
		return "for events only"
	default:
		return "for nothing"
	}
}

// lookEvery is how often the free space is asked for; asking takes a
// microsecond, and a disk takes some 100 MB in that time at the very most.
const lookEvery = 200 * time.Millisecond

// DiskOptions of a Disk.
type DiskOptions struct {
	// Dir is any folder on the disk.
	Dir string
	// Reserve is the free space, in bytes, below which there is only room for
	// events. Below an eighth of it there is room for nothing. A level is left
	// when a quarter more (twice the eighth) is free again.
	Reserve int64
	// Free returns the free bytes of the disk; nil asks the system.
	Free    func(dir string) (int64, error)
	Log     zerolog.Logger
	Metrics prometheus.Registerer
}

// Disk watches the free space under the journal.
type Disk struct {
	opts      DiskOptions
	freeBytes prometheus.Gauge

	mu      sync.Mutex
	room    Room
	free    int64
	failed  bool // the last look failed
	changed chan struct{}
}

// NewDisk looks once and starts nothing.
func NewDisk(o DiskOptions) (*Disk, error) {
	if o.Free == nil {
		o.Free = freeBytes
	}
	d := &Disk{opts: o, changed: make(chan struct{})}
	f := promauto.With(o.Metrics)
	d.freeBytes = f.NewGauge(prometheus.GaugeOpts{Name: "shouwang_disk_free_bytes", Help: "Free space under the journal."})
	f.NewGauge(prometheus.GaugeOpts{Name: "shouwang_disk_reserve_bytes", Help: "Free space below which telemetry is refused."}).Set(float64(o.Reserve))
	f.NewGaugeFunc(prometheus.GaugeOpts{Name: "shouwang_disk_telemetry_refused", Help: "1 while telemetry is not acknowledged because the disk is nearly full."},
		func() float64 { return flag(d.Room() >= RoomForEvents) })
	f.NewGaugeFunc(prometheus.GaugeOpts{Name: "shouwang_disk_events_refused", Help: "1 while nothing at all is acknowledged because the disk is full."},
		func() float64 { return flag(d.Room() >= NoRoom) })
	free, err := o.Free(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("free space of %s: %w", o.Dir, err)
	}
	d.take(free)
	return d, nil
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// Run looks again and again until ctx ends, and returns nil.
func (d *Disk) Run(ctx context.Context) error {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			d.look()
		}
	}
}

func (d *Disk) look() {
	free, err := d.opts.Free(d.opts.Dir)
	if err == nil {
		d.failed = false
		d.take(free)
	} else if !d.failed {
		d.failed = true // the last answer counts until there is another
		d.opts.Log.Error().Err(err).Msg("free space of the disk is not known")
	}
}

func (d *Disk) take(free int64) {
	d.freeBytes.Set(float64(free))
	d.mu.Lock()
	defer d.mu.Unlock()
	before := d.room
	d.free = free
	d.room = nextRoom(before, free, d.opts.Reserve)
	if d.room == before {
		return
	}
	close(d.changed)
	d.changed = make(chan struct{})
	level := zerolog.ErrorLevel
	if d.room < before {
		level = zerolog.WarnLevel
	}
	text := "disk has room again, everything is taken"
	switch d.room {
	case RoomForEvents:
		text = "disk is nearly full: telemetry is no longer acknowledged, the rest is kept for events"
	case NoRoom:
		text = "disk is full: nothing is acknowledged, events neither"
	case RoomForAll:
	}
	d.opts.Log.WithLevel(level).Int64("free_bytes", free).Int64("reserve_bytes", d.opts.Reserve).Msg(text)
}

func nextRoom(now Room, free, reserve int64) Room {
	last := reserve / 8
	switch {
	case free < last, now == NoRoom && free < 2*last:
		return NoRoom
	case free < reserve, now >= RoomForEvents && free < reserve/4*5:
		return RoomForEvents
	}
	return RoomForAll
}

// Room is the level of now. A nil Disk has room for all.
func (d *Disk) Room() Room {
	if d == nil {
		return RoomForAll
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.room
}

// Takes says whether what belongs to the lane may be written.
func (d *Disk) Takes(lane Lane) bool {
	room := d.Room()
	return room == RoomForAll || room == RoomForEvents && lane == Events
}

// Free is the free space, in bytes, as of the last look.
func (d *Disk) Free() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.free
}

// Changed returns a channel that is closed when the level changes after the
// call; of a nil Disk it never is.
func (d *Disk) Changed() <-chan struct{} {
	if d == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.changed
}
