package dashboard

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"time"

	"shouwang/devices"
)

type newDevice struct {
	Vendor   string           `json:"vendor" minLength:"1" maxLength:"64"`
	ID       string           `json:"id" minLength:"1" maxLength:"64"`
	Kind     devices.Kind     `json:"kind" enum:"water_meter,wristband"`
	Area     devices.AreaPath `json:"area" minLength:"1" maxLength:"200" doc:"Where it stands while it is nobody's."`
	ClientID string           `json:"client_id,omitempty" maxLength:"128" doc:"The only MQTT client id it may use; without one, those of the contract."`
}

// secret is shown once, when it is made.
type secret struct {
	Device   devices.DeviceID `json:"device"`
	Username string           `json:"username" doc:"MQTT user name."`
	Password string           `json:"password" doc:"MQTT password; shown once."`
}

type newAssignment struct {
	Device   devices.DeviceID `json:"device" doc:"vendor/id"`
	Resident string           `json:"resident" doc:"Empty takes the device back."`
	From     time.Time        `json:"from,omitzero" doc:"From when on; now by default."`
}

type newAbsence struct {
	Resident string    `json:"resident"`
	From     time.Time `json:"from,omitzero" doc:"Now by default."`
	To       time.Time `json:"to,omitzero" doc:"Left out when no end is known."`
	Reason   string    `json:"reason" maxLength:"500"`
}

type createdID struct {
	ID string `json:"id"`
}

type none struct{}

func (d *Dashboard) serveRegistry() {
	add(d, "put-area", "Enter or rename an area", func(ctx context.Context, in *body[areaBody]) (*body[areaBody], error) {
		if err := d.put(ctx, devices.Import{Areas: []devices.Area{devices.Area(in.Body)}}); err != nil {
			return nil, err
		}
		d.audit(ctx, "put-area", string(in.Body.Path), in.Body.Path, "")
		return &body[areaBody]{in.Body}, nil
	})
	add(d, "put-resident", "Enter or change a resident", func(ctx context.Context, in *body[ResidentBody]) (*body[ResidentBody], error) {
		if err := checkUnmasked("", in.Body); err != nil {
			return nil, err
		}
		r := in.Body.resident()
		if err := d.put(ctx, devices.Import{Residents: []devices.Resident{r}}); err != nil {
			return nil, err
		}
		d.audit(ctx, "put-resident", r.ID, r.Area, string(r.State))
		return &body[ResidentBody]{showResident(r)}, nil
	})
	add(d, "put-device", "Enter a device; answers its secret once", d.putDevice, status(http.StatusCreated))
	add(d, "new-device-secret", "A new secret; the old one stops working at once", d.newSecret)
	add(d, "disable-device", "Neither connects nor is heard any more", d.setDisabled(true), status(http.StatusNoContent))
	add(d, "enable-device", "May connect again", d.setDisabled(false), status(http.StatusNoContent))
	add(d, "put-assignment", "Give a device to a resident, or take it back", d.assign, status(http.StatusNoContent))
	add(d, "put-absence", "Announce that a resident is away", d.addAbsence, status(http.StatusCreated))
	add(d, "end-absence", "The resident is back", d.endAbsence, status(http.StatusNoContent))
	d.serveImport()
}

// put enters it within the caller's areas.
func (d *Dashboard) put(ctx context.Context, in devices.Import) error {
	in.Within = &caller(ctx).Scope
	return d.opts.Registry.PutAll(ctx, in)
}

// mayEdit refuses areas outside the caller's.
func (d *Dashboard) mayEdit(ctx context.Context, field string, area devices.AreaPath) error {
	if !caller(ctx).Scope.Area(area) {
		return invalid(field, string(area), "must lie in the areas of the account")
	}
	return nil
}

func (d *Dashboard) putDevice(ctx context.Context, in *body[newDevice]) (*body[secret], error) {
	dev := in.Body.device()
	made := devices.Secret{User: string(dev.ID), Secret: rand.Text()}
	err := d.put(ctx, devices.Import{Devices: []devices.Device{dev}, Secrets: []devices.Secret{made}, OnlyNew: true})
	if errors.Is(err, devices.ErrExists) {
		return nil, wrongField(http.StatusConflict, "id", string(dev.ID), "must be a new device")
	}
	if err != nil {
		return nil, err
	}
	d.audit(ctx, "put-device", string(dev.ID), dev.Area, string(dev.Kind))
	return &body[secret]{showSecret(made)}, nil
}

func (n newDevice) device() devices.Device {
	return devices.Device{ID: devices.DeviceID(n.Vendor + "/" + n.ID), Kind: n.Kind, Area: n.Area, ClientID: n.ClientID}
}

func showSecret(s devices.Secret) secret {
	return secret{Device: devices.DeviceID(s.User), Username: s.User, Password: s.Secret}
}

func (d *Dashboard) newSecret(ctx context.Context, in *deviceIn) (*body[secret], error) {
	e, err := d.device(ctx, in.device())
	if err != nil {
		return nil, err
	}
	password, err := d.opts.Registry.NewSecret(ctx, string(e.ID))
	if err != nil {
		return nil, err
	}
	d.disconnect(string(e.ID))
	d.audit(ctx, "new-device-secret", string(e.ID), e.Place, "")
	return &body[secret]{showSecret(devices.Secret{User: string(e.ID), Secret: password})}, nil
}

func (d *Dashboard) setDisabled(disabled bool) func(context.Context, *deviceIn) (*none, error) {
	action := "enable-device"
	if disabled {
		action = "disable-device"
	}
	return func(ctx context.Context, in *deviceIn) (*none, error) {
		e, err := d.device(ctx, in.device())
		if err != nil {
			return nil, err
		}
		changed := e.Device
		changed.Disabled = disabled
		if err := d.put(ctx, devices.Import{Devices: []devices.Device{changed}}); err != nil {
			return nil, err
		}
		if disabled {
			d.disconnect(string(e.ID))
		}
		d.audit(ctx, action, string(e.ID), e.Place, "")
		return nil, nil
	}
}

// disconnect cuts off what is connected with the old rights. The change is
// durable by then and its secret cannot be shown again, so a failure is logged
// and the answer stands.
func (d *Dashboard) disconnect(user string) {
	if d.opts.Disconnect == nil {
		return
	}
	if err := d.opts.Disconnect(user); err != nil {
		d.log.Error().Err(err).Str("user", user).Msg("device not disconnected: it may stay connected until it leaves")
	}
}

func (d *Dashboard) assign(ctx context.Context, in *body[newAssignment]) (*none, error) {
	e, err := d.device(ctx, in.Body.Device)
	if err != nil {
		return nil, orInvalid(err, "device", string(in.Body.Device), "must be a registered device")
	}
	area := e.Place
	if in.Body.Resident != "" {
		r, err := d.resident(ctx, in.Body.Resident)
		if err != nil {
			return nil, orInvalid(err, "resident", in.Body.Resident, "must be a resident")
		}
		area = r.Area
	}
	from := in.Body.From
	if from.IsZero() {
		from = time.Now().UTC()
	}
	if in.Body.Resident == "" {
		err = d.opts.Registry.Unassign(ctx, e.ID, from)
	} else {
		err = d.put(ctx, devices.Import{Assignments: []devices.Assignment{{Device: e.ID, Resident: in.Body.Resident, From: from}}})
	}
	if err != nil {
		return nil, err
	}
	d.audit(ctx, "put-assignment", string(e.ID), area, in.Body.Resident)
	return nil, nil
}

func (d *Dashboard) addAbsence(ctx context.Context, in *body[newAbsence]) (*body[createdID], error) {
	r, err := d.resident(ctx, in.Body.Resident)
	if err != nil {
		return nil, orInvalid(err, "resident", in.Body.Resident, "must be a resident")
	}
	a := devices.Absence{Resident: r.ID, From: in.Body.From, To: in.Body.To, Reason: in.Body.Reason}
	if a.From.IsZero() {
		a.From = time.Now().UTC()
	}
	if !a.To.IsZero() && !a.From.Before(a.To) {
		return nil, invalid("to", a.To.Format(time.RFC3339), "must be after from")
	}
	if a, err = d.opts.Registry.AddAbsence(ctx, a); err != nil {
		return nil, err
	}
	d.audit(ctx, "put-absence", a.ID, r.Area, r.ID)
	return &body[createdID]{createdID{ID: a.ID}}, nil
}

type endAbsenceIn struct {
	ByID
	Body struct {
		Resident string    `json:"resident" doc:"Whose absence it is."`
		At       time.Time `json:"at,omitzero" doc:"Since when; now by default."`
	}
}

func (d *Dashboard) endAbsence(ctx context.Context, in *endAbsenceIn) (*none, error) {
	r, err := d.resident(ctx, in.Body.Resident)
	if err != nil {
		return nil, orInvalid(err, "resident", in.Body.Resident, "must be a resident")
	}
	absences, err := d.opts.Registry.Absences(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	for _, a := range absences {
		if a.ID != in.ID {
			continue
		}
		at := in.Body.At
		if at.IsZero() {
			at = time.Now().UTC()
		}
		if err := d.opts.Registry.EndAbsence(ctx, a.ID, at); err != nil {
			return nil, err
		}
		d.audit(ctx, "end-absence", a.ID, r.Area, r.ID)
		return nil, nil
	}
	return nil, notFound("absence")
}
