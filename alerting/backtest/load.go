package backtest

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"shouwang/devices"
	"shouwang/devices/recording"
)

// Files are what a set is read from.
type Files struct {
	Name     string
	Readings []string // CSV, gzip or not
	Registry string   // JSON, "": each device is its own resident
	Labels   string   // CSV, "": none
}

// Load reads a set into memory, 32 bytes a reading.
func Load(f Files) (*Set, error) {
	rec, err := recording.Load(f.Readings...)
	if err != nil {
		return nil, err
	}
	var reg *Registry
	if f.Registry != "" {
		if reg, err = LoadRegistry(f.Registry); err != nil {
			return nil, fmt.Errorf("registry %s: %w", f.Registry, err)
		}
	}
	var labels []Label
	if f.Labels != "" {
		if labels, err = LoadLabels(f.Labels); err != nil {
			return nil, fmt.Errorf("labels %s: %w", f.Labels, err)
		}
	}
	return NewSet(f.Name, rec, reg, labels)
}

// NewSet makes a set of a recording that is in memory.
func NewSet(name string, rec *recording.Recording, reg *Registry, labels []Label) (*Set, error) {
	s := &Set{Name: name}
	b := builder{set: s, homes: map[string]*Home{}, devices: map[string]place{}}
	if err := b.register(reg, rec.Devices()); err != nil {
		return nil, err
	}
	for r := range rec.All() {
		p := b.devices[r.Device]
		p.home.rows = append(p.home.rows, row{
			at: r.At.UnixMicro(), received: r.Received.UnixMicro(), value: r.Value,
			device: p.device, metric: s.metric(r.Metric), quality: s.qualityOf(r.Quality),
		})
	}
	for _, l := range labels {
		p, ok := b.devices[l.Device]
		if !ok {
			if reg.knows(l.Device) {
				continue // a device that has sent nothing
			}
			return nil, fmt.Errorf("labels: device %q has no readings and is not in the registry", l.Device)
		}
		if l.Kind == "absence_announced" && p.home.Resident != nil {
			// Said to the service beforehand.
			p.home.Absences = append(p.home.Absences, Absence{Absence: devices.Absence{Resident: p.home.Resident.ID, From: l.From, To: l.To}})
		}
		p.home.Labels = append(p.home.Labels, l)
	}
	s.finish()
	return s, nil
}

type place struct {
	home   *Home
	device uint16
}

type builder struct {
	set     *Set
	homes   map[string]*Home // by resident
	devices map[string]place // by name in the recording
}

// register makes the homes of the recorded devices.
func (b *builder) register(reg *Registry, recorded []recording.DeviceSummary) error {
	for _, d := range recorded {
		id, err := deviceID(d.Device)
		if err != nil {
			return err
		}
		device := Device{Name: d.Device, Device: devices.Device{ID: id, Kind: d.Kind, Created: d.First}}
		var home *Home
		if reg == nil {
			home = &Home{set: b.set, Resident: &devices.Resident{ID: d.Device, Name: d.Device, State: devices.Active, Tier: devices.TierGreen}}
			b.set.Homes = append(b.set.Homes, home)
		} else {
			home = b.enter(reg, &device)
		}
		home.Devices = append(home.Devices, device)
		b.devices[d.Device] = place{home, uint16(len(home.Devices) - 1)} //nolint:gosec // nobody has as many
	}
	if reg == nil {
		return nil
	}
	for _, a := range reg.Absences {
		if h := b.homes[a.Resident]; h != nil {
			h.Absences = append(h.Absences, Absence{devices.Absence{Resident: a.Resident, From: a.From, To: a.To, Reason: a.Reason}, a.Recorded})
		}
	}
	return nil
}

// enter finds or makes the home of a device that the registry may know.
func (b *builder) enter(reg *Registry, device *Device) *Home {
	known := reg.device(device.Name)
	if known.Kind != "" {
		device.Kind = known.Kind
	}
	device.Area = devices.AreaPath(known.Area)
	if h := b.homes[known.Resident]; h != nil && known.Resident != "" {
		return h
	}
	h := &Home{set: b.set}
	b.set.Homes = append(b.set.Homes, h)
	if known.Resident == "" {
		return h
	}
	b.homes[known.Resident] = h
	r := reg.resident(known.Resident)
	h.Resident = &devices.Resident{
		ID: known.Resident, Name: known.Resident, Area: device.Area,
		State: cmp.Or(r.State, devices.Active), Tier: cmp.Or(known.Tier, r.Tier, devices.TierGreen),
	}
	if r.Area != "" {
		h.Resident.Area = devices.AreaPath(r.Area)
	}
	return h
}

// deviceID gives a device that was recorded without a vendor the vendor "none".
func deviceID(name string) (devices.DeviceID, error) {
	vendor, id, ok := strings.Cut(name, "/")
	if !ok {
		vendor, id = "none", name
	}
	return devices.NewDeviceID(vendor, id)
}

// LoadLabels reads ground truth: CSV with the header device,kind,from,to; an
// empty to is no end.
func LoadLabels(file string) ([]Label, error) {
	f, err := os.Open(file) // the operator names the file
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	r := csv.NewReader(f)
	header, err := r.Read()
	if err != nil || !slices.Equal(header, []string{"device", "kind", "from", "to"}) {
		return nil, errors.New("line 1: the header must be device,kind,from,to")
	}
	var labels []Label
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return labels, nil
		}
		if err != nil {
			return nil, err
		}
		l := Label{Device: fields[0], Kind: fields[1]}
		for i, t := range []*time.Time{&l.From, &l.To} {
			if fields[2+i] == "" && i == 1 {
				l.To = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
				continue
			}
			if *t, err = time.Parse(time.RFC3339, fields[2+i]); err != nil {
				line, _ := r.FieldPos(2 + i)
				return nil, fmt.Errorf("line %d, column %s: %q: must be a time as in RFC 3339, with offset", line, header[2+i], fields[2+i])
			}
			*t = t.UTC()
		}
		labels = append(labels, l)
	}
}
