package dashboard

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"shouwang/devices"
)

type registryDoc struct {
	Areas       []areaBody      `json:"areas,omitempty"`
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

// maxImport is the largest import taken: some 50 000 residents with devices.
const maxImport = 32 << 20

func (d *Dashboard) serveImport() {
	add(d, "import-registry", "Enter areas, providers, residents, devices and assignments; again with the same changes nothing",
		d.importRegistry, func(op *huma.Operation) {
			op.MaxBodyBytes = maxImport
			op.BodyReadTimeout = 2 * time.Minute
		})
}

// importRegistry enters everything in the order in which one needs the other.
// Each entry is durable by itself: an import that failed half-way is mended and
// sent again. Devices that are already registered keep their secret.
func (d *Dashboard) importRegistry(ctx context.Context, in *body[registryDoc]) (*body[imported], error) {
	out := imported{Secrets: []secret{}}
	doc := in.Body
	for i, a := range doc.Areas {
		if err := d.opts.Registry.PutArea(ctx, devices.Area(a)); err != nil {
			return nil, at("areas", i, err)
		}
		out.Areas++
	}
	for i, p := range doc.Providers {
		if err := d.opts.Registry.PutProvider(ctx, p.ID, p.Name, p.Villages); err != nil {
			return nil, at("providers", i, err)
		}
		out.Providers++
	}
	for i, r := range doc.Residents {
		if err := d.opts.Registry.PutResident(ctx, r.resident()); err != nil {
			return nil, at("residents", i, err)
		}
		out.Residents++
	}
	for i, n := range doc.Devices {
		dev, err := n.device()
		if err != nil {
			return nil, at("devices", i, err)
		}
		was, known := d.opts.Registry.Device(dev.ID, time.Now())
		if known {
			dev.Disabled, dev.Created = was.Disabled, was.Created
		}
		if err := d.opts.Registry.PutDevice(ctx, dev); err != nil {
			return nil, at("devices", i, err)
		}
		out.Devices++
		if known {
			continue
		}
		password, err := d.opts.Registry.NewSecret(ctx, string(dev.ID))
		if err != nil {
			return nil, at("devices", i, err)
		}
		out.Secrets = append(out.Secrets, secret{Device: dev.ID, Username: string(dev.ID), Password: password})
	}
	now := time.Now().UTC()
	for i, a := range doc.Assignments {
		from := a.From
		if from.IsZero() {
			from = now
		}
		if r, ok := d.opts.Registry.ResidentOf(a.Device, now); ok && r.ID == a.Resident {
			continue // so that importing again does not cut the assignment in two
		}
		if err := d.opts.Registry.Assign(ctx, a.Device, a.Resident, from); err != nil {
			return nil, at("assignments", i, err)
		}
		out.Assignments++
	}
	d.audit(ctx, "import-registry", "", "", fmt.Sprintf("%d areas, %d providers, %d residents, %d devices, %d assignments",
		out.Areas, out.Providers, out.Residents, out.Devices, out.Assignments))
	return &body[imported]{out}, nil
}

// at says which element of the import was refused.
func at(list string, i int, err error) error {
	var p *Problem
	var f fielder
	switch {
	case errors.As(err, &p) && len(p.Errors) == 1:
		e := p.Errors[0]
		return invalid(fmt.Sprintf("%s[%d].%s", list, i, e.Field), fmt.Sprint(e.Value), e.Rule)
	case errors.As(err, &f):
		field, value, rule := f.Problem()
		return invalid(fmt.Sprintf("%s[%d].%s", list, i, field), value, rule)
	}
	return fmt.Errorf("import %s[%d]: %w", list, i, err)
}
