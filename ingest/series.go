package ingest

import (
	"context"
	"fmt"

	"shouwang/devices"
)

// Series is a time-series store. Write is idempotent on device, metric and
// time: the same reading written twice is there once.
type Series interface {
	// Write returns nil when every reading is durable. A *RefusedError says
	// that all readings are stored but those it names, which never will be.
	// Any other error means: nothing is certain, write the same again later.
	Write(ctx context.Context, readings []devices.Reading) error
	// History answers one query; an unknown device or metric has no points.
	History(ctx context.Context, q devices.HistoryQuery) ([]devices.Point, error)
	// Latest returns the newest reading of each metric of the device.
	Latest(ctx context.Context, device devices.DeviceID) ([]devices.Reading, error)
}

// RefusedError lists readings that the store will never take, and why. The
// rest of the write is stored.
type RefusedError struct {
	Readings []devices.Reading
	Reason   string
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("store refused %d readings: %s", len(e.Readings), e.Reason)
}
