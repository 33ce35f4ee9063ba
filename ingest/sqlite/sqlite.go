// Package sqlite is the embedded time series: the readings of a first run or a
// small county in one SQLite file, timeseries.db, apart from the service's
// state. One writer, readers beside it; a write that returned nil survives a
// power cut.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"shouwang/ingest"
)

// Options of Open. File is required.
type Options struct {
	File string
	// Zone is the county's time zone, by which windows are aligned; nil is UTC.
	Zone *time.Location
	// Metrics may be nil.
	Metrics prometheus.Registerer
}

// Series is an open time-series file. All methods may be called at once.
type Series struct {
	write, read *sql.DB
	zone        *time.Location

	mu   sync.Mutex // one write at a time; guards what follows
	ids  map[key]int64
	rows *sql.Stmt // inserts rowsPerInsert rows
	row  *sql.Stmt // inserts one

	seconds prometheus.Histogram
	written prometheus.Counter
}

var _ ingest.Series = (*Series)(nil)

// Open opens or creates the file and brings its schema up to date. A file made
// by a newer version is refused.
func Open(ctx context.Context, o Options) (*Series, error) {
	s := &Series{zone: o.Zone, ids: map[key]int64{}}
	if s.zone == nil {
		s.zone = time.UTC
	}
	if err := s.open(ctx, o.File); err != nil {
		return nil, errors.Join(fmt.Errorf("open time series %s: %w", o.File, err), s.Close())
	}
	metrics := promauto.With(o.Metrics)
	s.seconds = metrics.NewHistogram(prometheus.HistogramOpts{
		Name: "shouwang_series_write_seconds", Help: "Duration of one write of readings to the time series.",
		ConstLabels: prometheus.Labels{"store": "sqlite"}, Buckets: prometheus.ExponentialBuckets(0.001, 4, 8),
	})
	s.written = metrics.NewCounter(prometheus.CounterOpts{
		Name: "shouwang_series_readings_total", Help: "Readings written to the time series, rewritten ones included.",
		ConstLabels: prometheus.Labels{"store": "sqlite"},
	})
	return s, nil
}

func (s *Series) open(ctx context.Context, file string) error {
	var err error
	// The log is carried over to the file every 64 MiB instead of every 4 MiB:
	// one batch touches the last page of each series, so that a page comes up
	// in many batches but is carried over once. What is moved or deleted is
	// overwritten at once: Erase can then promise that nothing is left in the
	// file. It costs about a tenth of the writer's speed.
	if s.write, err = pool(file, "immediate", "wal_autocheckpoint(16384)", "journal_size_limit(134217728)", "cache_size(-32768)", "secure_delete(fast)"); err != nil {
		return err
	}
	s.write.SetMaxOpenConns(1)
	if err := migrate(ctx, s.write); err != nil {
		return err
	}
	if s.rows, err = s.write.PrepareContext(ctx, insert(rowsPerInsert)); err != nil {
		return err
	}
	if s.row, err = s.write.PrepareContext(ctx, insert(1)); err != nil {
		return err
	}
	if s.read, err = pool(file, "deferred", "query_only(1)", "cache_size(-8192)"); err != nil {
		return err
	}
	s.read.SetMaxOpenConns(4)
	return s.read.PingContext(ctx)
}

func pool(file, lock string, pragmas ...string) (*sql.DB, error) {
	q := url.Values{"_txlock": {lock}}
	// FULL syncs the log at every commit; NORMAL would lose the newest writes
	// in a power cut.
	for _, p := range append([]string{"busy_timeout(10000)", "auto_vacuum(incremental)", "journal_mode(wal)", "synchronous(full)"}, pragmas...) {
		q.Add("_pragma", p)
	}
	return sql.Open("sqlite", "file:"+(&url.URL{Path: file}).EscapedPath()+"?"+q.Encode())
}

// Close closes the file; writes and queries must have ended.
func (s *Series) Close() error {
	var errs []error
	for _, db := range []*sql.DB{s.read, s.write} { // the writer last: it tidies up the log
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// Check says whether the store can be read.
func (s *Series) Check(ctx context.Context) error {
	var filled bool
	return s.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM series)`).Scan(&filled)
}
