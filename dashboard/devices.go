package dashboard

import (
	"context"
	"encoding/base64"
	"slices"
	"time"
	"unicode/utf8"

	"shouwang/dashboard/access"
	"shouwang/devices"
)

type deviceBody struct {
	ID       devices.DeviceID `json:"id" doc:"vendor/id"`
	Kind     devices.Kind     `json:"kind"`
	Area     devices.AreaPath `json:"area" doc:"Where it is; empty for a vendor."`
	Resident *string          `json:"resident" doc:"Whose it is now; always null for a vendor."`
	Name     string           `json:"resident_name,omitempty" doc:"As lists show it."`
	ClientID string           `json:"client_id,omitempty" doc:"The pinned MQTT client id."`
	Disabled bool             `json:"disabled"`
	Created  time.Time        `json:"created_at"`
	Excess   *excessBody      `json:"excess" doc:"What it has sent beyond its rate since the service was started; null: nothing."`
}

type excessBody struct {
	Messages int64     `json:"messages"`
	Last     time.Time `json:"last"`
}

type devicesIn struct {
	Page
	Area     string   `query:"area" doc:"This area and what lies in it."`
	Kind     []string `query:"kind" enum:"water_meter,wristband" doc:"Any of these, with commas between."`
	Resident string   `query:"resident"`
	Search   string   `query:"search" maxLength:"100" doc:"Part of the id."`
}

type deviceIn struct {
	Vendor string `path:"vendor" maxLength:"64"`
	ID     string `path:"id" maxLength:"64"`
}

func (in *deviceIn) device() devices.DeviceID { return devices.DeviceID(in.Vendor + "/" + in.ID) }

type latestIn struct {
	Vendor string `path:"vendor" maxLength:"64"`
	ID     string `path:"id" maxLength:"64"`
	Reason string `query:"reason" maxLength:"200" doc:"Why somebody wants to know where the resident is while no alert about them is open. It goes into the audit log."`
}

type latestBody struct {
	Items          []latestItem `json:"items"`
	PositionHidden bool         `json:"position_hidden,omitempty" doc:"The position is left out: no alert about the resident is open, and no reason was given."`
}

type latestItem struct {
	Metric   devices.Metric  `json:"metric"`
	Unit     string          `json:"unit"`
	Value    float64         `json:"value"`
	At       time.Time       `json:"ts"`
	Received time.Time       `json:"received"`
	Quality  devices.Quality `json:"quality" doc:"What is doubtful; empty for a good reading."`
}

type deadLettersIn struct {
	Page
	Device string   `query:"device" doc:"vendor/id"`
	Code   []string `query:"code" doc:"Any of these, with commas between."`
}

type deadLetter struct {
	ID       string              `json:"id"`
	Count    int64               `json:"count" doc:"1, or of refusals that came too thick to be kept, how many."`
	Code     devices.RefusalCode `json:"code"`
	Field    string              `json:"field"`
	Value    string              `json:"value"`
	Rule     string              `json:"rule"`
	Detail   string              `json:"detail" doc:"Field, value and rule in one sentence, as the device was told."`
	Device   devices.DeviceID    `json:"device"`
	Topic    string              `json:"topic"`
	Received time.Time           `json:"received"`
	SHA256   string              `json:"message_sha256"`
	Payload  string              `json:"payload" doc:"As sent, cut to 4 KiB."`
	Encoding string              `json:"encoding" enum:"utf-8,base64" doc:"How payload is written here."`
}

func (d *Dashboard) serveDevices() {
	add(d, "list-devices", "Devices", func(ctx context.Context, in *devicesIn) (*listOut[deviceBody], error) {
		p, err := d.opts.Registry.Devices(ctx, devices.DeviceFilter{
			Scope: caller(ctx).Scope, Area: devices.AreaPath(in.Area), Kind: words[devices.Kind](in.Kind),
			Resident: in.Resident, Query: in.Search, Cursor: in.Cursor, Limit: in.Limit,
		})
		if err != nil {
			return nil, err
		}
		items := make([]deviceBody, len(p.Items))
		for i, e := range p.Items {
			items[i] = d.showDevice(ctx, e)
		}
		return &listOut[deviceBody]{newList(items, p.Next)}, nil
	})
	add(d, "get-device", "One device", func(ctx context.Context, in *deviceIn) (*body[deviceBody], error) {
		e, err := d.device(ctx, in.device())
		if err != nil {
			return nil, err
		}
		return &body[deviceBody]{d.showDevice(ctx, e)}, nil
	})
	add(d, "get-device-latest", "The newest reading of each metric", func(ctx context.Context, in *latestIn) (*body[latestBody], error) {
		id := devices.DeviceID(in.Vendor + "/" + in.ID)
		e, err := d.device(ctx, id)
		if err != nil {
			return nil, err
		}
		readings, err := d.opts.Series.Latest(ctx, id)
		if err != nil {
			return nil, err
		}
		readings, hidden, err := d.visible(ctx, e, readings, in.Reason)
		if err != nil {
			return nil, err
		}
		out := latestBody{Items: make([]latestItem, len(readings)), PositionHidden: hidden}
		for i, r := range readings {
			out.Items[i] = latestItem{Metric: r.Metric, Unit: r.Metric.Unit(), Value: r.Value, At: r.At, Received: r.Received, Quality: r.Quality}
		}
		return &body[latestBody]{out}, nil
	})
	add(d, "list-deadletters", "Refused messages and why, newest first", func(ctx context.Context, in *deadLettersIn) (*listOut[deadLetter], error) {
		p, err := d.opts.DeadLetters.List(ctx, devices.DeadLetterFilter{
			Scope: caller(ctx).Scope, Device: devices.DeviceID(in.Device), Code: words[devices.RefusalCode](in.Code),
			Cursor: in.Cursor, Limit: in.Limit,
		})
		if err != nil {
			return nil, err
		}
		items := make([]deadLetter, len(p.Items))
		for i, r := range p.Items {
			items[i] = showDeadLetter(r)
		}
		return &listOut[deadLetter]{newList(items, p.Next)}, nil
	})
}

func showDeadLetter(r devices.DeadLetter) deadLetter {
	out := deadLetter{
		ID: r.ID, Count: r.Count, Code: r.Code, Field: r.Field, Value: r.Value, Rule: r.Rule, Detail: r.Detail(), Device: r.Device, Topic: r.Topic,
		Received: r.Received, SHA256: r.SHA256, Payload: string(r.Payload), Encoding: "utf-8",
	}
	if !utf8.Valid(r.Payload) {
		out.Payload, out.Encoding = base64.StdEncoding.EncodeToString(r.Payload), "base64"
	}
	return out
}

// showDevice leaves out what is not a vendor's to know: who wears the device
// and where.
func (d *Dashboard) showDevice(ctx context.Context, e devices.DeviceView) deviceBody {
	b := deviceBody{ID: e.ID, Kind: e.Kind, Area: e.Place, ClientID: e.ClientID, Disabled: e.Disabled, Created: e.Created}
	if d.opts.Excess != nil {
		if n, last := d.opts.Excess(e.ID); n > 0 {
			b.Excess = &excessBody{n, last}
		}
	}
	if caller(ctx).Scope.Vendor != "" {
		b.Area = ""
	} else if e.Resident != "" {
		b.Resident, b.Name = &e.Resident, d.listedName(ctx, e.Resident)
	}
	return b
}

// device is one that the caller may see, else it does not exist.
func (d *Dashboard) device(ctx context.Context, id devices.DeviceID) (devices.DeviceView, error) {
	return d.opts.Registry.GetDevice(ctx, caller(ctx).Scope, id)
}

// visible takes out what the resident of the device does not agree to and, unless
// it may be shown, where they are.
func (d *Dashboard) visible(ctx context.Context, e devices.DeviceView, readings []devices.Reading, reason string) (shown []devices.Reading, hidden bool, err error) {
	now := time.Now()
	not := d.opts.Registry.Withheld(e.ID, now)
	readings = slices.DeleteFunc(slices.Clone(readings), func(r devices.Reading) bool { return not.Has(r.Metric.Data(e.Kind)) })
	located := func(r devices.Reading) bool { return r.Metric.Class() == devices.Position }
	if !slices.ContainsFunc(readings, located) {
		return readings, false, nil
	}
	may := true
	if caller(ctx).Role == access.Vendor {
		may = false
	} else if e.Resident != "" {
		r, err := d.resident(ctx, e.Resident)
		if err != nil {
			return nil, false, err
		}
		since, err := d.since(ctx, r.ID, now)
		if err != nil {
			return nil, false, err
		}
		// Where the one before was is not the resident's alert.
		readings = slices.DeleteFunc(readings, func(r devices.Reading) bool { return located(r) && r.At.Before(since[e.ID]) })
		if may, err = d.mayLocate(ctx, r, reason); err != nil {
			return nil, false, err
		}
	}
	if e.Resident == "" && may { // where somebody was who has it no more
		if may = caller(ctx).Role == access.Administrator; may {
			d.read(ctx, "read-position", string(e.ID), e.Place, "of nobody's device")
		}
	}
	if may {
		return readings, false, nil
	}
	return slices.DeleteFunc(readings, located), true, nil
}
