package backtest

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"shouwang/devices"
)

// Registry is a registry file: who has which device. It is CSV with the header
// resident,device,kind,area,tier[,…], or JSON like the document that the service
// imports, or like the ready file of a demo.
type Registry struct {
	Devices     []RegistryDevice   `json:"devices"`
	Residents   []RegistryResident `json:"residents"`
	Assignments []struct {
		Device   string `json:"device"`
		Resident string `json:"resident"`
	} `json:"assignments"`
	Absences []struct {
		Resident string    `json:"resident"`
		From     time.Time `json:"from"`
		To       time.Time `json:"to"`
		Recorded time.Time `json:"recorded"` // missing: beforehand
		Reason   string    `json:"reason"`
	} `json:"absences"`

	byName map[string]*RegistryDevice
}

// RegistryDevice is one device of a registry file.
type RegistryDevice struct {
	Vendor   string       `json:"vendor"` // "": it stands in the id
	ID       string       `json:"id"`
	Kind     devices.Kind `json:"kind"`
	Resident string       `json:"resident"`
	Area     string       `json:"area"`
	Tier     devices.Tier `json:"tier"`
}

// RegistryResident is one resident of a registry file.
type RegistryResident struct {
	ID    string                `json:"id"`
	Area  string                `json:"area"`
	Tier  devices.Tier          `json:"tier"`
	State devices.ResidentState `json:"state"`
}

// LoadRegistry reads a registry file.
func LoadRegistry(file string) (*Registry, error) {
	raw, err := os.ReadFile(file) // the operator names the file
	if err != nil {
		return nil, err
	}
	r := &Registry{byName: map[string]*RegistryDevice{}}
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
		err = json.Unmarshal(raw, r)
	} else {
		err = r.readCSV(raw)
	}
	if err != nil {
		return nil, err
	}
	for i := range r.Devices {
		d := &r.Devices[i]
		if d.Vendor != "" {
			r.byName[d.Vendor+"/"+d.ID] = d
		}
		r.byName[d.ID] = d
	}
	for _, a := range r.Assignments {
		if d := r.byName[a.Device]; d != nil {
			d.Resident = a.Resident
		}
	}
	return r, nil
}

func (r *Registry) readCSV(raw []byte) error {
	rows, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil {
		return err
	}
	want := []string{"resident", "device", "kind", "area", "tier"}
	if len(rows) == 0 || len(rows[0]) < len(want) || !slices.Equal(rows[0][:len(want)], want) {
		return errors.New("line 1: the header must begin with resident,device,kind,area,tier")
	}
	for i, f := range rows[1:] {
		d := RegistryDevice{Resident: f[0], ID: f[1], Kind: devices.Kind(f[2]), Area: f[3], Tier: devices.Tier(f[4])}
		if d.Kind != devices.WaterMeter && d.Kind != devices.Wristband {
			return fmt.Errorf("line %d, column kind: %q: must be %s or %s", i+2, f[2], devices.WaterMeter, devices.Wristband)
		}
		r.Devices = append(r.Devices, d)
	}
	return nil
}

// device is what the file says of a device, by its name in the recording.
func (r *Registry) device(name string) RegistryDevice {
	if d := r.byName[name]; d != nil {
		return *d
	}
	return RegistryDevice{}
}

func (r *Registry) knows(name string) bool { return r != nil && r.byName[name] != nil }

func (r *Registry) resident(id string) RegistryResident {
	for _, x := range r.Residents {
		if x.ID == id {
			return x
		}
	}
	return RegistryResident{}
}
