package alerting

import (
	"context"
	"fmt"
	"maps"
	"time"

	"shouwang/devices"
)

// CanarySubject is the service itself.
func CanarySubject() Subject { return Subject{SubjectSystem, "canary"} }

// Beat is a sign of life of the service's own devices that alerting has read from
// the journal and written. It concerns nobody: no detector sees it.
type Beat struct {
	Lane string    `json:"lane"`
	Mark int64     `json:"mark"` // by which the canary knows it again
	At   time.Time `json:"at"`   // of receipt
}

// beat notes what a record of the canary's devices says.
func (e *Engine) beat(rec *devices.Record) {
	if rec.Retained {
		return
	}
	for i := range rec.Events {
		e.beats = append(e.beats, Beat{Lane: e.lane, Mark: rec.Events[i].At.UnixMilli(), At: rec.Received})
	}
	for i := range rec.Readings {
		if r := &rec.Readings[i]; r.Metric == devices.VolumeM3 {
			e.beats = append(e.beats, Beat{Lane: e.lane, Mark: int64(r.Value), At: rec.Received})
		}
	}
}

// ReportCanary opens the alert about the service itself, or lets it recover and
// so close itself. To report the same again changes nothing. Notices are written
// with it.
func ReportCanary(ctx context.Context, book Book, dir Directory, now time.Time, broken bool, evidence map[string]any, notices []Notice) error {
	now = now.UTC().Truncate(time.Microsecond)
	err := book.Tx(ctx, func(tx Tx) error {
		f := &fold{
			tx: tx, now: now, rules: book.Rules(now, RuleScope{}),
			of:       func(c *Case) *terms { return rulesOf(book, dir, c, now) },
			silenced: func(Subject, *ResidentRef, Kind, time.Time) (SilenceRef, bool) { return SilenceRef{}, false },
		}
		open, ok, err := tx.OpenAlert(CanarySubject(), KindCanary)
		if err != nil {
			return err
		}
		if ok == broken && (!ok || open.RecoveredAt == nil) || !broken && ok && open.RecoveredAt != nil {
			return nil
		}
		j := &judged{at: now, Finding: Finding{
			Kind: KindCanary, Subject: CanarySubject(), Episode: now, Severity: Red, Recovered: !broken,
			FoundAt: now, KnownAt: now, Evidence: maps.Clone(evidence), Rule: RuleRef{ID: "canary"},
		}}
		if !broken {
			j.Episode = open.Episode
		}
		if err := f.take(j); err != nil {
			return err
		}
		if err := f.finish(); err != nil {
			return err
		}
		for _, n := range notices {
			if err := tx.AddNotice(n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("report canary: %w", err)
	}
	return nil
}
