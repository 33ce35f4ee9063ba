package journal

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"shouwang/ingest"
)

type metrics struct {
	records, frames, bytes, failures, unreadable *prometheus.CounterVec
	cut                                          prometheus.Counter
	write                                        *prometheus.HistogramVec
	storeBytes, storeFrames, setAside            prometheus.Gauge
	lag, lost                                    *prometheus.GaugeVec
}

func newMetrics(reg prometheus.Registerer, j *Journal) *metrics {
	f := promauto.With(reg)
	byLane := []string{"lane"}
	counter := func(name, help string) *prometheus.CounterVec {
		return f.NewCounterVec(prometheus.CounterOpts{Name: "shouwang_journal_" + name, Help: help}, byLane)
	}
	m := &metrics{
		records:    counter("records_total", "Records written and synced."),
		frames:     counter("frames_total", "Frames written and synced."),
		bytes:      counter("written_bytes_total", "Bytes of the frames written."),
		failures:   counter("write_failures_total", "Tries to write a frame that failed and were repeated."),
		unreadable: counter("unreadable_frames_total", "Frames that could not be decoded and were set aside, counted by each reader."),
		cut: f.NewCounter(prometheus.CounterOpts{
			Name: "shouwang_journal_cut_messages_total", Help: "Messages too large for the journal, kept without their end.",
		}),
		write: f.NewHistogramVec(prometheus.HistogramOpts{
			Name: "shouwang_journal_write_seconds", Help: "From the first try to write a frame to its acknowledgement, synced.",
			Buckets: []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .5, 1, 5, 30},
		}, byLane),
		storeBytes:  f.NewGauge(prometheus.GaugeOpts{Name: "shouwang_journal_store_bytes", Help: "Size of the journal."}),
		storeFrames: f.NewGauge(prometheus.GaugeOpts{Name: "shouwang_journal_store_frames", Help: "Frames in the journal."}),
		setAside:    f.NewGauge(prometheus.GaugeOpts{Name: "shouwang_journal_set_aside_frames", Help: "Frames that could not be decoded and are kept for a week."}),
		lag: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "shouwang_journal_reader_lag_seconds", Help: "Age of the oldest frame a reader has not passed.",
		}, []string{"lane", "reader"}),
		lost: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "shouwang_journal_missing_frames", Help: "Frames a reader has had that the journal no longer had at the start; other readers may have lost them.",
		}, []string{"lane", "reader"}),
	}
	for _, name := range ingest.Lanes {
		buf := j.lanes[name].buf
		f.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "shouwang_journal_buffered_records", Help: "Records taken and not yet on disk.",
			ConstLabels: prometheus.Labels{"lane": string(name)},
		}, func() float64 {
			entries, _ := buf.held()
			return float64(entries)
		})
	}
	return m
}

func (m *metrics) wrote(lane ingest.Lane, records, bytes int, took time.Duration) {
	name := string(lane)
	m.records.WithLabelValues(name).Add(float64(records))
	m.frames.WithLabelValues(name).Inc()
	m.bytes.WithLabelValues(name).Add(float64(bytes))
	m.write.WithLabelValues(name).Observe(took.Seconds())
}

func (m *metrics) observe(s Stats, now time.Time) {
	m.storeBytes.Set(float64(s.Bytes))
	m.storeFrames.Set(float64(s.Frames))
	m.setAside.Set(float64(s.SetAside))
	for _, l := range s.Lanes {
		for _, r := range l.Readers {
			m.lag.WithLabelValues(string(l.Lane), r.Name).Set(r.Lag(now).Seconds())
		}
	}
}
