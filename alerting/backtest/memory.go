package backtest

import (
	"cmp"
	"slices"

	"shouwang/devices"
)

// Memory is one home whose readings are not from a file.
type Memory struct {
	Resident *devices.Resident // nil: nobody has the devices
	Devices  []devices.Device
	Absences []devices.Absence
	Readings []devices.Reading // in any order; without Received they were received when measured
}

// FromMemory makes a set of homes.
func FromMemory(name string, homes []Memory) *Set {
	s := &Set{Name: name}
	for i := range homes {
		m := &homes[i]
		h := &Home{Resident: m.Resident, set: s}
		index := map[devices.DeviceID]uint16{}
		for _, d := range m.Devices {
			index[d.ID] = uint16(len(h.Devices)) //nolint:gosec // nobody has as many
			h.Devices = append(h.Devices, Device{Device: d, Name: string(d.ID)})
		}
		for _, a := range m.Absences {
			h.Absences = append(h.Absences, Absence{Absence: a})
		}
		for _, r := range m.Readings {
			n, ok := index[r.Device]
			if !ok {
				continue
			}
			received := r.Received
			if received.IsZero() {
				received = r.At
			}
			h.rows = append(h.rows, row{
				at: r.At.UnixMicro(), received: received.UnixMicro(), value: r.Value, device: n,
				metric: s.metric(r.Metric), quality: s.qualityOf(r.Quality),
			})
		}
		slices.SortStableFunc(h.rows, func(a, b row) int {
			return cmp.Or(cmp.Compare(a.received, b.received), cmp.Compare(a.device, b.device))
		})
		if len(h.Devices) > 0 {
			s.Homes = append(s.Homes, h)
		}
	}
	s.finish()
	return s
}
