package journal

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"shouwang/ingest"
)

// alertingName is how the reader behind Passed is called in Stats.
const alertingName = "alerting"

// Stats is the state of the journal, for readiness and metrics.
type Stats struct {
	Bytes             uint64 // on disk, frames of both lanes
	Frames            uint64
	FirstSeq, LastSeq uint64
	// SetAside is how many frames are kept that could not be decoded.
	SetAside uint64
	Lanes    []LaneStats
}

// LaneStats is the state of one lane.
type LaneStats struct {
	Lane ingest.Lane
	// Newest is the number of the lane's newest frame, 0 if it has none.
	Newest uint64
	// BufferedRecords and BufferedBytes are not yet on disk.
	BufferedRecords, BufferedBytes int
	Readers                        []ReaderStats
}

// ReaderStats says how far a reader is. Only the readers of this process are
// listed.
type ReaderStats struct {
	Name     string
	Position uint64
	// Oldest is when the first frame the reader has not passed was written;
	// zero when it has passed all. Now minus Oldest is its lag.
	Oldest time.Time
}

// Lag is how far the reader is behind, as a time; 0 when it has passed all.
func (r ReaderStats) Lag(now time.Time) time.Duration {
	if r.Oldest.IsZero() {
		return 0
	}
	return max(0, now.Sub(r.Oldest))
}

// Stats asks the server; it takes about a millisecond.
func (j *Journal) Stats(ctx context.Context) (Stats, error) {
	info, err := j.stream.Info(ctx)
	if err != nil {
		return Stats{}, fmt.Errorf("journal stats: %w", err)
	}
	s := Stats{
		Bytes: info.State.Bytes, Frames: info.State.Msgs,
		FirstSeq: info.State.FirstSeq, LastSeq: info.State.LastSeq,
	}
	if s.SetAside, err = j.aside(ctx); err != nil {
		return Stats{}, err
	}
	for _, name := range ingest.Lanes {
		l := j.lanes[name]
		ls := LaneStats{Lane: name}
		ls.BufferedRecords, ls.BufferedBytes = l.buf.held()
		l.mu.Lock()
		ls.Newest = l.newest
		positions := maps.Clone(l.durables)
		if l.told {
			positions[alertingName] = l.passed
		}
		l.mu.Unlock()
		for _, reader := range slices.Sorted(maps.Keys(positions)) {
			rs := ReaderStats{Name: reader, Position: positions[reader]}
			unread, err := j.next(ctx, l, rs.Position+1)
			if err != nil {
				return Stats{}, fmt.Errorf("journal stats: reader %s: %w", reader, err)
			}
			if unread != nil {
				rs.Oldest = unread.Time.UTC()
			}
			ls.Readers = append(ls.Readers, rs)
		}
		s.Lanes = append(s.Lanes, ls)
	}
	return s, nil
}
