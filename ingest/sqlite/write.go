package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"shouwang/devices"
	"shouwang/ingest"
)

const (
	rowsPerInsert = 64
	columns       = 5
	// maxIDs bounds the cache of series numbers (about 150 bytes each).
	maxIDs = 200_000
)

type key struct {
	device devices.DeviceID
	metric devices.Metric
}

type row struct {
	series, ts int64
	reading    *devices.Reading
}

func insert(rows int) string {
	values := strings.TrimSuffix(strings.Repeat("(?,?,?,?,?),", rows), ",")
	return `INSERT INTO points (series, ts, value, received, quality) VALUES ` + values + `
		ON CONFLICT (series, ts) DO UPDATE SET value = excluded.value, received = excluded.received, quality = excluded.quality`
}

// Write stores all readings in one transaction, synced to disk. What no store
// can hold (see ingest.Unstorable) comes back in a *ingest.RefusedError; any
// other error is an *ingest.RetryError.
func (s *Series) Write(ctx context.Context, readings []devices.Reading) error {
	good, refused := sift(readings)
	if len(good) > 0 {
		s.mu.Lock()
		defer s.mu.Unlock()
		started := time.Now()
		if err := s.store(ctx, good); err != nil {
			return &ingest.RetryError{Err: fmt.Errorf("write %d readings: %w", len(good), err)}
		}
		s.seconds.Observe(time.Since(started).Seconds())
		s.written.Add(float64(len(good)))
	}
	if refused != nil {
		return refused
	}
	return nil
}

func sift(readings []devices.Reading) (good []devices.Reading, refused *ingest.RefusedError) {
	for i := range readings {
		why := ingest.Unstorable(readings[i])
		if why == "" {
			if refused != nil {
				good = append(good, readings[i])
			}
			continue
		}
		if refused == nil {
			good = slices.Clone(readings[:i])
			refused = &ingest.RefusedError{Reason: why}
		}
		refused.Readings = append(refused.Readings, readings[i])
	}
	if refused == nil {
		return readings, nil
	}
	return good, refused
}

func (s *Series) store(ctx context.Context, readings []devices.Reading) (err error) {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	fresh := map[key]int64{}
	rows, err := s.number(ctx, tx, readings, fresh)
	if err != nil {
		return fmt.Errorf("number series: %w", err)
	}
	if err := s.insert(ctx, tx, rows); err != nil {
		return fmt.Errorf("insert: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	// Only now: a series numbered in a transaction that failed has no number.
	if len(s.ids)+len(fresh) > maxIDs {
		clear(s.ids)
	}
	maps.Copy(s.ids, fresh)
	return nil
}

// number finds the series of each reading and sorts by place in the table, so
// that neighbours are inserted one after the other. Of the same reading twice
// the later stays.
func (s *Series) number(ctx context.Context, tx *sql.Tx, readings []devices.Reading, fresh map[key]int64) ([]row, error) {
	rows := make([]row, len(readings))
	for i := range readings {
		r := &readings[i]
		k := key{r.Device, r.Metric}
		id, ok := s.ids[k]
		if !ok {
			id, ok = fresh[k]
		}
		if !ok {
			var err error
			if id, err = seriesID(ctx, tx, k); err != nil {
				return nil, err
			}
			fresh[k] = id
		}
		rows[i] = row{series: id, ts: r.At.UnixMicro(), reading: r}
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		if a.series != b.series {
			return cmp.Compare(a.series, b.series)
		}
		return cmp.Compare(a.ts, b.ts)
	})
	return rows, nil
}

func seriesID(ctx context.Context, tx *sql.Tx, k key) (id int64, err error) {
	err = tx.QueryRowContext(ctx, `SELECT id FROM series WHERE device = ? AND metric = ?`, string(k.device), string(k.metric)).Scan(&id)
	if !errors.Is(err, sql.ErrNoRows) {
		return id, err
	}
	err = tx.QueryRowContext(ctx, `INSERT INTO series (device, metric) VALUES (?, ?) RETURNING id`, string(k.device), string(k.metric)).Scan(&id)
	return id, err
}

func (s *Series) insert(ctx context.Context, tx *sql.Tx, rows []row) error {
	many, one := tx.StmtContext(ctx, s.rows), tx.StmtContext(ctx, s.row) //nolint:sqlclosecheck // closed below
	defer many.Close()                                                   //nolint:errcheck // the transaction's handle of a statement that stays open
	defer one.Close()                                                    //nolint:errcheck // as above
	args := make([]any, 0, rowsPerInsert*columns)
	for len(rows) > 0 {
		n, stmt := 1, one
		if len(rows) >= rowsPerInsert {
			n, stmt = rowsPerInsert, many
		}
		args = args[:0]
		for _, r := range rows[:n] {
			args = append(args, r.series, r.ts, r.reading.Value, micros(r.reading.Received), string(r.reading.Quality))
		}
		if _, err := stmt.ExecContext(ctx, args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// micros is 0 for the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}
