package dashboard

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"shouwang/devices"
)

type registryDoc struct {
	Areas       []areaBody      `json:"areas,omitempty" doc:"Parents before their children."`
	Providers   []providerBody  `json:"providers,omitempty"`
	Residents   []ResidentBody  `json:"residents,omitempty"`
	Devices     []newDevice     `json:"devices,omitempty"`
	Assignments []newAssignment `json:"assignments,omitempty"`
}

type providerBody struct {
	ID       string             `json:"id" minLength:"1" maxLength:"64"`
	Name     string             `json:"name" minLength:"1" maxLength:"100"`
	Villages []devices.AreaPath `json:"villages" doc:"The areas it serves, with what lies in them."`
}

type imported struct {
	Areas       int      `json:"areas"`
	Providers   int      `json:"providers"`
	Residents   int      `json:"residents"`
	Devices     int      `json:"devices"`
	Assignments int      `json:"assignments"`
	Secrets     []secret `json:"secrets" doc:"Of the devices that were new; shown once."`
}

// maxImport is the largest import taken, in bytes: some 50 000 residents with
// devices.
const maxImport = 32 << 20

func (d *Dashboard) serveImport() {
	add(d, "import-registry", "Enter areas, providers, residents, devices and assignments: all, or nothing when one is wrong",
		d.importRegistry, func(op *huma.Operation) {
			op.MaxBodyBytes = maxImport
			op.BodyReadTimeout = 2 * time.Minute
		})
}

// importRegistry makes secrets for the devices that are new; the others keep
// theirs. The same import sent again changes nothing.
func (d *Dashboard) importRegistry(ctx context.Context, in *body[registryDoc]) (*body[imported], error) {
	doc := in.Body
	out := imported{
		Areas: len(doc.Areas), Providers: len(doc.Providers), Residents: len(doc.Residents),
		Devices: len(doc.Devices), Assignments: len(doc.Assignments), Secrets: []secret{},
	}
	var all devices.Import
	for i, a := range doc.Areas {
		if err := d.mayEdit(ctx, fmt.Sprintf("areas[%d].path", i), a.Path); err != nil {
			return nil, err
		}
		all.Areas = append(all.Areas, devices.Area(a))
	}
	for i, p := range doc.Providers {
		for _, v := range p.Villages {
			if err := d.mayEdit(ctx, fmt.Sprintf("providers[%d].villages", i), v); err != nil {
				return nil, err
			}
		}
		all.Providers = append(all.Providers, devices.Provider(p))
	}
	for i, r := range doc.Residents {
		if err := d.mayEdit(ctx, fmt.Sprintf("residents[%d].area", i), r.Area); err != nil {
			return nil, err
		}
		all.Residents = append(all.Residents, r.resident())
	}
	now := time.Now().UTC()
	for i, n := range doc.Devices {
		dev, err := n.device()
		if err != nil {
			return nil, inElement("devices", i, err)
		}
		if err := d.mayEdit(ctx, fmt.Sprintf("devices[%d].area", i), dev.Area); err != nil {
			return nil, err
		}
		if was, known := d.opts.Registry.Device(dev.ID, now); known {
			dev.Disabled = was.Disabled
		} else {
			var b [16]byte
			rand.Read(b[:]) //nolint:errcheck // never fails
			s := secret{Device: dev.ID, Username: string(dev.ID), Password: hex.EncodeToString(b[:])}
			out.Secrets = append(out.Secrets, s)
			all.Secrets = append(all.Secrets, devices.Secret{User: s.Username, Secret: s.Password})
		}
		all.Devices = append(all.Devices, dev)
	}
	for _, a := range doc.Assignments {
		all.Assignments = append(all.Assignments, devices.Assignment{Device: a.Device, Resident: a.Resident, From: a.From})
	}
	if err := d.opts.Registry.PutAll(ctx, all); err != nil {
		return nil, err
	}
	d.audit(ctx, "import-registry", "", "", fmt.Sprintf("%d areas, %d providers, %d residents, %d devices, %d assignments",
		out.Areas, out.Providers, out.Residents, out.Devices, out.Assignments))
	return &body[imported]{out}, nil
}

// inElement says in which element of an import the wrong field is.
func inElement(list string, i int, err error) error {
	var p *Problem
	if errors.As(err, &p) && len(p.Errors) == 1 {
		e := p.Errors[0]
		return invalid(fmt.Sprintf("%s[%d].%s", list, i, e.Field), fmt.Sprint(e.Value), e.Rule)
	}
	return err
}
