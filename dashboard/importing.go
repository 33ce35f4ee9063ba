package dashboard

import (
	"context"
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
	Consents    []newConsent    `json:"consents,omitempty" doc:"What residents agree to; what of theirs is sent is taken, or not, from the same moment on."`
}

// newConsent is a decision as consents are entered one by one, of whom.
type newConsent struct {
	Resident string `json:"resident" minLength:"1" maxLength:"64"`
	Decision
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
	Consents    int      `json:"consents"`
	Secrets     []secret `json:"secrets" doc:"Of the devices that were new; shown once."`
}

// maxImport is the largest import taken, in bytes: some 50 000 residents with
// devices.
const maxImport = 32 << 20

func (d *Dashboard) serveImport() {
	add(d, "import-registry", "Enter areas, providers, residents, devices, assignments and consents: all, or nothing when one is wrong",
		d.importRegistry, func(op *huma.Operation) {
			op.MaxBodyBytes = maxImport
			op.BodyReadTimeout = 2 * time.Minute
		})
}

// importRegistry makes secrets for the devices that are new; the others keep
// theirs. The same import sent again changes nothing. It is held to the
// caller's areas as the single edits are.
func (d *Dashboard) importRegistry(ctx context.Context, in *body[registryDoc]) (*body[imported], error) {
	doc := in.Body
	all := devices.Import{Within: &caller(ctx).Scope}
	for _, a := range doc.Areas {
		all.Areas = append(all.Areas, devices.Area(a))
	}
	for _, p := range doc.Providers {
		all.Providers = append(all.Providers, devices.Provider(p))
	}
	for i, r := range doc.Residents {
		if err := checkUnmasked(fmt.Sprintf("residents[%d].", i), r); err != nil {
			return nil, err
		}
		all.Residents = append(all.Residents, r.resident())
	}
	for _, n := range doc.Devices {
		all.Devices = append(all.Devices, n.device())
	}
	for _, a := range doc.Assignments {
		all.Assignments = append(all.Assignments, devices.Assignment{Device: a.Device, Resident: a.Resident, From: a.From})
	}
	for _, c := range doc.Consents {
		all.Consents = append(all.Consents, c.of(c.Resident, caller(ctx).User)...)
	}
	made, err := d.opts.Registry.Enter(ctx, all)
	if err != nil {
		return nil, err
	}
	out := imported{
		Areas: len(doc.Areas), Providers: len(doc.Providers), Residents: len(doc.Residents),
		Devices: len(doc.Devices), Assignments: len(doc.Assignments), Consents: len(doc.Consents), Secrets: make([]secret, len(made)),
	}
	for i, s := range made {
		out.Secrets[i] = showSecret(s)
	}
	d.audit(ctx, "import-registry", "", "", fmt.Sprintf("%d areas, %d providers, %d residents, %d devices, %d assignments, %d consents",
		out.Areas, out.Providers, out.Residents, out.Devices, out.Assignments, out.Consents))
	return &body[imported]{out}, nil
}
