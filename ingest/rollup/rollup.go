// Package rollup keeps a summary of every hour of every series beside its
// readings, in whatever store they are, and answers from it what is asked in
// windows of whole hours. A rollup is never wrong for long and never believed
// while it is: before readings are written, the hours they touch are marked in
// SQL, a marked hour is read from the readings themselves, and the mark goes when
// the hour has been worked out again. So late, repeated and disordered readings
// need no rule of their own.
package rollup

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/rs/zerolog"

	"shouwang/devices"
	"shouwang/devices/database"
	"shouwang/ingest"
)

const (
	// settle is how long after its end an hour is worked out: most readings of
	// it are there, and few hours are worked out twice.
	settle = 2 * time.Minute
	// outage is a time without a sign of us after which the marks may be those
	// of a backup. What came up to reach before it may then be unmarked.
	outage = time.Hour
	reach  = 36 * 24 * time.Hour // a day more than the default ingest.age_limit
	// maxMarked bounds the memory for hours known to be marked (about 40 bytes
	// each). An hour that is forgotten is marked again, which costs a write.
	maxMarked = 500_000
)

// Store is what Series needs of a time series.
type Store interface {
	ingest.RollupStore
	Check(ctx context.Context) error
	Erase(ctx context.Context, device devices.DeviceID, from, to time.Time, metrics ...devices.Metric) error
	Close() error
}

// Options of Open. All but Zone and Now are required.
type Options struct {
	Store Store
	DB    *database.DB
	// Zone is the county's, as the store has it; nil is UTC.
	Zone *time.Location
	Log  zerolog.Logger
	// Now is time.Now when nil.
	Now func() time.Time
}

// Series is a time series with rollups. All methods may be called at once.
type Series struct {
	Store
	db   *database.DB
	zone *time.Location
	log  zerolog.Logger
	now  func() time.Time

	// writing is held shared by every write, from its marks to its end, and
	// alone when marks are forgotten: then no write is under way that relies on
	// them.
	writing sync.RWMutex
	mu      sync.Mutex // guards what follows
	marked  map[uint64]struct{}
	// [from, to): see the table rollup_state.
	unsureFrom, unsureTo int64
}

var _ ingest.Series = (*Series)(nil)

// Open reads how far rollups can be trusted. It closes nothing when it fails.
func Open(ctx context.Context, o Options) (*Series, error) {
	s := &Series{Store: o.Store, db: o.DB, zone: o.Zone, log: o.Log.With().Str("component", "rollups").Logger(), now: o.Now, marked: map[uint64]struct{}{}}
	if s.zone == nil {
		s.zone = time.UTC
	}
	if s.now == nil {
		s.now = time.Now
	}
	if err := s.trust(ctx); err != nil {
		return nil, fmt.Errorf("open rollups: %w", err)
	}
	return s, nil
}

// trust works out of which hours the absence of a rollup proves nothing: all up
// to now when marks were never kept, and those that may have been marked after
// the state was copied when it comes from a backup.
func (s *Series) trust(ctx context.Context) error {
	now := s.now()
	var seen int64
	err := s.db.Read.QueryRowContext(ctx, `SELECT unsure_from, unsure_to, seen FROM rollup_state WHERE id = 1`).Scan(&s.unsureFrom, &s.unsureTo, &seen)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		// Not asked of the store, which may not be reachable yet: at worst an
		// empty past is read in vain.
		s.unsureFrom, s.unsureTo = -1<<62, now.Add(time.Hour).UnixMicro()
	case err != nil:
		return err
	case now.Sub(time.UnixMicro(seen)) > outage:
		from := time.UnixMicro(seen).Add(-reach).UnixMicro()
		if s.unsureFrom < s.unsureTo {
			from = min(from, s.unsureFrom)
		}
		s.unsureFrom, s.unsureTo = from, now.Add(time.Hour).UnixMicro()
	}
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO rollup_state (id, unsure_from, unsure_to, seen) VALUES (1, $1, $2, $3)
			ON CONFLICT (id) DO UPDATE SET unsure_from = excluded.unsure_from, unsure_to = excluded.unsure_to, seen = excluded.seen`,
			s.unsureFrom, s.unsureTo, now.UnixMicro())
		return err
	})
}

// Write marks the hours that the readings touch, then writes them.
func (s *Series) Write(ctx context.Context, readings []devices.Reading) error {
	s.writing.RLock()
	defer s.writing.RUnlock()
	if err := s.mark(ctx, readings); err != nil {
		return &ingest.RetryError{Err: fmt.Errorf("mark hours: %w", err)}
	}
	return s.Store.Write(ctx, readings)
}

type deviceHour struct {
	device devices.DeviceID
	hour   int64
}

// sum is how a marked hour is remembered. Two of them with the same sum would
// cost a rollup its mark: one chance in 10^8 with half a million of them.
func (h deviceHour) sum() uint64 {
	return xxhash.Sum64String(string(h.device)) ^ (uint64(h.hour/ingest.Hour) * 0x9e3779b97f4a7c15) //nolint:gosec // any bits will do
}

func (s *Series) mark(ctx context.Context, readings []devices.Reading) error {
	var fresh []deviceHour
	var last deviceHour
	s.mu.Lock()
	seen := map[deviceHour]bool{}
	for i := range readings {
		r := &readings[i]
		if !rolled(r.Metric) {
			continue
		}
		h := deviceHour{r.Device, ingest.HourOf(r.At.UnixMicro())}
		if h == last {
			continue
		}
		last = h
		if _, ok := s.marked[h.sum()]; !ok && !seen[h] {
			seen[h] = true
			fresh = append(fresh, h)
		}
	}
	s.mu.Unlock()
	if len(fresh) == 0 {
		return nil
	}
	if err := s.putMarks(ctx, fresh); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.marked)+len(fresh) > maxMarked {
		clear(s.marked)
	}
	for _, h := range fresh {
		s.marked[h.sum()] = struct{}{}
	}
	return nil
}

func (s *Series) putMarks(ctx context.Context, hours []deviceHour) error {
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		put, err := tx.PrepareContext(ctx, `INSERT INTO rollup_marks (device, hour, revision) VALUES ($1, $2, 1)
			ON CONFLICT (device, hour) DO UPDATE SET revision = rollup_marks.revision + 1`)
		if err != nil {
			return err
		}
		defer put.Close() //nolint:errcheck // ends with the transaction
		for _, h := range hours {
			if _, err := put.ExecContext(ctx, string(h.device), h.hour); err != nil {
				return err
			}
		}
		return nil
	})
}

// rolled says whether hours of the metric are kept: the mean of positions is the
// position of nobody.
func rolled(m devices.Metric) bool { return m.Class() != devices.Position }

// Retain hands on to the store, when it can forget.
func (s *Series) Retain(ctx context.Context, now time.Time, ages map[devices.Class]time.Duration) error {
	if store, ok := s.Store.(ingest.Retainer); ok {
		return store.Retain(ctx, now, ages)
	}
	return nil
}
