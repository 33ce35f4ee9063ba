package dashboard

import (
	"context"

	"shouwang/devices"
	"shouwang/devices/registry"
)

// door lets the registry speak the list types of devices.
type door struct{ *registry.Registry }

func (r door) Residents(ctx context.Context, f devices.ResidentFilter) (devices.ResidentPage, error) {
	p, err := r.Registry.Residents(ctx, registry.ResidentFilter(f))
	out := devices.ResidentPage{Next: p.Next}
	for _, v := range p.Items {
		out.Items = append(out.Items, devices.ResidentView(v))
	}
	return out, err
}

func (r door) Devices(ctx context.Context, f devices.DeviceFilter) (devices.DevicePage, error) {
	p, err := r.Registry.Devices(ctx, registry.DeviceFilter(f))
	out := devices.DevicePage{Next: p.Next}
	for _, v := range p.Items {
		out.Items = append(out.Items, devices.DeviceView(v))
	}
	return out, err
}

func (r door) GetResident(ctx context.Context, scope devices.Scope, id string) (devices.ResidentView, error) {
	v, err := r.Registry.GetResident(ctx, scope, id)
	return devices.ResidentView(v), err
}

func (r door) GetDevice(ctx context.Context, scope devices.Scope, id devices.DeviceID) (devices.DeviceView, error) {
	v, err := r.Registry.GetDevice(ctx, scope, id)
	return devices.DeviceView(v), err
}

func (r door) PutAll(ctx context.Context, in devices.Import) error {
	out := registry.Import{Areas: in.Areas, Residents: in.Residents, Devices: in.Devices, Gateways: in.Gateways, Assignments: in.Assignments}
	for _, p := range in.Providers {
		out.Providers = append(out.Providers, registry.Provider(p))
	}
	for _, s := range in.Secrets {
		out.Secrets = append(out.Secrets, registry.Secret(s))
	}
	return r.Registry.PutAll(ctx, out)
}
