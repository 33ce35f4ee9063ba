package dashboard

import (
	"context"
	"sync"
	"time"

	"shouwang/devices"
)

// A page that draws eight charts, again every few minutes, reads as often; the
// audit log gets one line of it.
const (
	sameRead = 10 * time.Minute
	maxReads = 10_000 // remembered; when full, lines are written as they come
)

// reads remembers what was audited of late.
type reads struct {
	mu   sync.Mutex
	last map[[3]string]time.Time // by user, action and object
}

func newReads() *reads { return &reads{last: map[[3]string]time.Time{}} }

// again says whether the same was noted within the last minutes, and notes it.
func (r *reads) again(key [3]string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.last[key]) < sameRead {
		return true
	}
	if len(r.last) >= maxReads {
		for k, at := range r.last {
			if now.Sub(at) >= sameRead {
				delete(r.last, k)
			}
		}
	}
	if len(r.last) < maxReads {
		r.last[key] = now
	}
	return false
}

// read audits that the caller reads something, once in a while.
func (d *Dashboard) read(ctx context.Context, action, object string, area devices.AreaPath, detail string) {
	if !d.reads.again([3]string{caller(ctx).User, action, object}, time.Now()) {
		d.audit(ctx, action, object, area, detail)
	}
}
