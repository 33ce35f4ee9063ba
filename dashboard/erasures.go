package dashboard

import (
	"context"
	"errors"
	"net/http"
	"time"

	"shouwang/devices"
)

// Erasures erase what is known of residents; the service carries them out by
// itself.
type Erasures interface {
	// Request returns a *devices.InputError for somebody with an open alert.
	// With a type of data it erases that alone.
	Request(ctx context.Context, resident string, data devices.DataType, actor string) (devices.Erasure, error)
	Erasures(ctx context.Context) ([]devices.Erasure, error)
}

// ErasureBody is how far the erasure of a resident is.
type ErasureBody struct {
	Resident  string     `json:"resident"`
	Data      string     `json:"data" enum:",water,vitals,motion,position" doc:"The one type of data that is erased; empty: everything."`
	By        string     `json:"by"`
	Requested time.Time  `json:"requested_at"`
	Records   *time.Time `json:"records_erased_at" doc:"Names, notes, evidence, dead letters; null: not yet."`
	Readings  *time.Time `json:"readings_erased_at" doc:"Readings and rollups; null: not yet."`
	Complete  *time.Time `json:"complete_at" doc:"Raw messages too; null: not before the journal's replay window has passed."`
}

func showErasure(e devices.Erasure) ErasureBody {
	return ErasureBody{
		Resident: e.Resident, Data: string(e.Data), By: e.Actor, Requested: e.Requested,
		Records: orNil(e.StateDone), Readings: orNil(e.SeriesDone), Complete: orNil(e.JournalDone),
	}
}

type eraseIn struct {
	ByID
	Body *struct {
		Data devices.DataType `json:"data,omitempty" enum:"water,vitals,motion,position" doc:"This type of data alone, for which consent has been withdrawn; everything by default."`
	} `required:"false"`
}

func (in *eraseIn) data() devices.DataType {
	if in.Body == nil {
		return ""
	}
	return in.Body.Data
}

func (d *Dashboard) serveErasures() {
	add(d, "erase-resident", "Erase what is known of a resident, for ever, or one type of data", func(ctx context.Context, in *eraseIn) (*body[ErasureBody], error) {
		r, err := d.resident(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		data := in.data()
		if data != "" && !d.opts.Registry.WithheldOf(r.ID, time.Now()).Has(data) {
			return nil, invalid("data", string(data), "must be withdrawn first, or more is stored at once")
		}
		e, err := d.opts.Erasures.Request(ctx, r.ID, data, caller(ctx).User)
		if err != nil {
			return nil, err
		}
		d.audit(ctx, "erase-resident", r.ID, r.Area, string(data))
		return &body[ErasureBody]{showErasure(e)}, nil
	}, status(http.StatusAccepted))
	add(d, "list-erasures", "Erasures and how far they are", func(ctx context.Context, _ *struct{}) (*listOut[ErasureBody], error) {
		list, err := d.opts.Erasures.Erasures(ctx)
		if err != nil {
			return nil, err
		}
		var items []ErasureBody
		for _, e := range list {
			_, err := d.resident(ctx, e.Resident)
			if errors.Is(err, devices.ErrNotFound) {
				continue // lies outside the caller's areas
			}
			if err != nil {
				return nil, err
			}
			items = append(items, showErasure(e))
		}
		return &listOut[ErasureBody]{newList(items, "")}, nil
	})
}
