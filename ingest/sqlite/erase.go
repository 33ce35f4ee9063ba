package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"shouwang/devices"
	"shouwang/ingest"
)

// eraseRows is how many points go in one transaction: some 50 ms, in which no
// other write gets through.
const eraseRows = 20_000

// Erase deletes what is stored of the device, of the metrics or without any of all, from one time up to
// and without another; a zero time lifts that bound. The bytes are overwritten
// in the file and the log is emptied. An error means: call again, it goes on
// where it was.
func (s *Series) Erase(ctx context.Context, device devices.DeviceID, from, to time.Time, metrics ...devices.Metric) error {
	if err := s.erase(ctx, seriesOf(device, metrics), micros(from), micros(to)); err != nil {
		return fmt.Errorf("erase readings: %w", err)
	}
	return nil
}

// which selects series: a condition on its columns.
type which struct {
	device devices.DeviceID
	where  string
	args   []any
}

func seriesOf(device devices.DeviceID, metrics []devices.Metric) which {
	w := which{device, `device = ?`, []any{string(device)}}
	if len(metrics) > 0 {
		w.where += ` AND metric IN (?` + strings.Repeat(`, ?`, len(metrics)-1) + `)`
	}
	for _, m := range metrics {
		w.args = append(w.args, string(m))
	}
	return w
}

func (s *Series) erase(ctx context.Context, series which, from, to int64) error {
	const allTime = 1<<63 - 1
	if from == 0 {
		from = -allTime / 2 // with room for an hour before
	}
	if to == 0 {
		to = allTime
	}
	found, err := s.eraseHours(ctx, series, from, to)
	if err != nil {
		return err
	}
	for {
		more, err := s.erasePart(ctx, series, from, to)
		if err != nil {
			return err
		}
		if !more {
			break
		}
		found = true
	}
	if !found {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var busy, frames, moved int
	if err := s.write.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &frames, &moved); err != nil {
		return fmt.Errorf("empty the log: %w", err)
	}
	if busy != 0 {
		return errors.New("the log is still read")
	}
	return nil
}

// eraseHours deletes the rollups of every hour that the time touches: one that
// holds other readings too is told anew from those.
func (s *Series) eraseHours(ctx context.Context, series which, from, to int64) (found bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gone, err := s.write.ExecContext(ctx, `DELETE FROM hours WHERE series IN (SELECT id FROM series WHERE `+series.where+`) AND hour >= ? AND hour < ?`,
		append(slices.Clone(series.args), ingest.HourOf(from), to)...)
	if err != nil {
		return false, err
	}
	n, err := gone.RowsAffected()
	return n > 0, err
}

// erasePart deletes up to eraseRows points of one series of the device. It says
// whether there was anything to delete.
func (s *Series) erasePart(ctx context.Context, series which, from, to int64) (more bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// While it writes anyway, SQLite overwrites what it frees; here also pages
	// that it would only drop. The pool has one connection, so the setting is the
	// transaction's.
	if _, err := s.write.ExecContext(ctx, `PRAGMA secure_delete = 1`); err != nil {
		return false, err
	}
	defer func() {
		_, back := s.write.ExecContext(context.WithoutCancel(ctx), `PRAGMA secure_delete = fast`)
		err = errors.Join(err, back)
	}()
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	var id int64
	var metric string
	err = tx.QueryRowContext(ctx, `SELECT id, metric FROM series s WHERE `+series.where+` AND EXISTS
		(SELECT 1 FROM points WHERE series = s.id AND ts >= ? AND ts < ?) LIMIT 1`, append(slices.Clone(series.args), from, to)...).Scan(&id, &metric)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	end := to
	err = tx.QueryRowContext(ctx, `SELECT ts FROM points WHERE series = ? AND ts >= ? AND ts < ? ORDER BY ts LIMIT 1 OFFSET ?`, id, from, to, eraseRows).Scan(&end)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM points WHERE series = ? AND ts >= ? AND ts < ?`, id, from, end); err != nil {
		return false, err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM hours WHERE series = ? AND hour >= ? AND hour < ?`, id, from, end); err != nil {
		return false, err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM hours WHERE series = ? AND NOT EXISTS (SELECT 1 FROM points WHERE series = ?)`, id, id); err != nil {
		return false, err
	}
	// A series without points goes too: a device may have sent any name.
	gone, err := tx.ExecContext(ctx, `DELETE FROM series WHERE id = ? AND NOT EXISTS (SELECT 1 FROM points WHERE series = ?)
		AND NOT EXISTS (SELECT 1 FROM hours WHERE series = ?)`, id, id, id)
	if err != nil {
		return false, err
	}
	if err := tx.Commit(); err != nil {
		return false, err
	}
	if n, err := gone.RowsAffected(); err != nil || n > 0 {
		delete(s.ids, key{series.device, devices.Metric(metric)})
	}
	return true, nil
}
