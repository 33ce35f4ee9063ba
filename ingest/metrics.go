package ingest

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"shouwang/devices"
)

// Metrics are the figures of all readers of the journal; made once.
type Metrics struct {
	records, readings, repeats, refusals, written, failures, withheld *prometheus.CounterVec
	lag, down                                                         *prometheus.GaugeVec
}

// NewMetrics registers the metrics. Each reader decodes every frame, so sums
// over readers count double: choose one reader.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	f := promauto.With(reg)
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return f.NewCounterVec(prometheus.CounterOpts{Name: "shouwang_ingest_" + name, Help: help}, append([]string{"reader", "lane"}, labels...))
	}
	gauge := func(name, help string) *prometheus.GaugeVec {
		return f.NewGaugeVec(prometheus.GaugeOpts{Name: "shouwang_ingest_" + name, Help: help}, []string{"reader", "lane"})
	}
	return &Metrics{
		records:  counter("decoded_records_total", "Messages and ticks read from the journal and decoded."),
		readings: counter("decoded_readings_total", "Readings taken."),
		repeats:  counter("repeats_total", "Elements without a time of their own that came a second time and were dropped."),
		refusals: counter("refusals_total", "Messages and parts of messages that were refused.", "code"),
		withheld: counter("withheld_total", "Readings and events that were not taken because the resident does not agree to their type of data.", "data"),
		written:  counter("written_readings_total", "Readings the time series has, those it refused too."),
		failures: counter("write_failures_total", "Writes to the time series that failed and were tried again."),
		lag:      gauge("lag_seconds", "Age of the newest record a reader is done with, when it was."),
		down:     gauge("series_down", "1 while the time series takes no writes."),
	}
}

// counts are the metrics of one reader of one lane.
type counts struct {
	records, readings, repeats, written, failures prometheus.Counter
	lagSeconds, down                              prometheus.Gauge
	refusals, withheld                            *prometheus.CounterVec
}

func (m *Metrics) counts(reader string, lane Lane) counts {
	if m == nil {
		m = NewMetrics(nil)
	}
	l := []string{reader, string(lane)}
	return counts{
		records: m.records.WithLabelValues(l...), readings: m.readings.WithLabelValues(l...), repeats: m.repeats.WithLabelValues(l...),
		written: m.written.WithLabelValues(l...), failures: m.failures.WithLabelValues(l...),
		lagSeconds: m.lag.WithLabelValues(l...), down: m.down.WithLabelValues(l...),
		refusals: m.refusals.MustCurryWith(prometheus.Labels{"reader": reader, "lane": string(lane)}),
		withheld: m.withheld.MustCurryWith(prometheus.Labels{"reader": reader, "lane": string(lane)}),
	}
}

func (c counts) refused(code devices.RefusalCode) { c.refusals.WithLabelValues(string(code)).Inc() }

func (c counts) lag(newest time.Time) {
	if !newest.IsZero() {
		c.lagSeconds.Set(time.Since(newest).Seconds())
	}
}
