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
	Request(ctx context.Context, resident, actor string) (devices.Erasure, error)
	Erasures(ctx context.Context) ([]devices.Erasure, error)
}

// ErasureBody is how far the erasure of a resident is.
type ErasureBody struct {
	Resident  string     `json:"resident"`
	By        string     `json:"by"`
	Requested time.Time  `json:"requested_at"`
	Records   *time.Time `json:"records_erased_at" doc:"Names, notes, evidence, dead letters; null: not yet."`
	Readings  *time.Time `json:"readings_erased_at" doc:"Readings and rollups; null: not yet."`
	Complete  *time.Time `json:"complete_at" doc:"Raw messages too; null: not before the journal's replay window has passed."`
}

func showErasure(e devices.Erasure) ErasureBody {
	return ErasureBody{
		Resident: e.Resident, By: e.Actor, Requested: e.Requested,
		Records: orNil(e.StateDone), Readings: orNil(e.SeriesDone), Complete: orNil(e.JournalDone),
	}
}

func (d *Dashboard) serveErasures() {
	add(d, "erase-resident", "Erase what is known of a resident, for ever", func(ctx context.Context, in *ByID) (*body[ErasureBody], error) {
		r, err := d.resident(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		e, err := d.opts.Erasures.Request(ctx, r.ID, caller(ctx).User)
		if err != nil {
			return nil, err
		}
		d.audit(ctx, "erase-resident", r.ID, r.Area, "")
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
