package recording

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"time"

	"shouwang/devices"
)

// Recording holds the rows of one or more files in memory, 32 bytes each, in
// order of receipt.
type Recording struct {
	rows  []packed
	names []string
	index map[string]uint32
}

type packed struct {
	at, received    int64 // Unix microseconds
	value           float64
	device          uint32
	metric, quality uint16
}

// Load reads whole files. An error names the file, and the line and column.
func Load(files ...string) (*Recording, error) {
	rec := &Recording{index: map[string]uint32{}}
	for _, file := range files {
		if err := rec.load(file); err != nil {
			return nil, fmt.Errorf("readings %s: %w", file, err)
		}
	}
	byReceipt := func(a, b packed) int { return cmp.Compare(a.received, b.received) }
	if !slices.IsSortedFunc(rec.rows, byReceipt) {
		slices.SortStableFunc(rec.rows, byReceipt)
	}
	return rec, nil
}

func (rec *Recording) load(file string) error {
	f, err := os.Open(file) // the operator names the file
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read
	r, err := NewReader(f)
	if err != nil {
		return err
	}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		metric, quality := rec.intern(string(row.Metric)), rec.intern(string(row.Quality))
		if max(metric, quality) > 1<<16-1 {
			return errors.New("too many different names")
		}
		rec.rows = append(rec.rows, packed{
			row.At.UnixMicro(), row.Received.UnixMicro(), row.Value,
			rec.intern(row.Device), uint16(metric), uint16(quality),
		})
	}
}

func (rec *Recording) intern(s string) uint32 {
	n, ok := rec.index[s]
	if !ok {
		n = uint32(len(rec.names))
		rec.names = append(rec.names, s)
		rec.index[s] = n
	}
	return n
}

// Len is the number of rows.
func (rec *Recording) Len() int { return len(rec.rows) }

// All returns the rows in order of receipt; those of the same time in the order
// of the files.
func (rec *Recording) All() iter.Seq[Row] {
	return func(yield func(Row) bool) {
		for _, p := range rec.rows {
			if !yield(Row{
				At: time.UnixMicro(p.at).UTC(), Received: time.UnixMicro(p.received).UTC(),
				Device: rec.names[p.device], Metric: devices.Metric(rec.names[p.metric]),
				Value: p.value, Quality: devices.Quality(rec.names[p.quality]),
			}) {
				return
			}
		}
	}
}

// DeviceSummary is what a recording holds of one device.
type DeviceSummary struct {
	Device string
	Kind   devices.Kind // a meter when it has any metric of water
	First  time.Time    // earliest time of measurement
	Rows   int
}

// Devices lists the devices of the recording, by name.
func (rec *Recording) Devices() []DeviceSummary {
	found := map[uint32]*DeviceSummary{}
	for _, p := range rec.rows {
		d := found[p.device]
		if d == nil {
			d = &DeviceSummary{Device: rec.names[p.device], Kind: devices.Wristband, First: time.UnixMicro(p.at).UTC()}
			found[p.device] = d
		}
		switch devices.Metric(rec.names[p.metric]) {
		case devices.VolumeM3, devices.FlowM3H:
			d.Kind = devices.WaterMeter
		}
		if at := time.UnixMicro(p.at).UTC(); at.Before(d.First) {
			d.First = at
		}
		d.Rows++
	}
	list := make([]DeviceSummary, 0, len(found))
	for _, d := range found {
		list = append(list, *d)
	}
	slices.SortFunc(list, func(a, b DeviceSummary) int { return cmp.Compare(a.Device, b.Device) })
	return list
}
