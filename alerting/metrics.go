package alerting

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type engineMetrics struct {
	opened     *prometheus.CounterVec
	findings   *prometheus.CounterVec
	refused    prometheus.Counter
	panics     *prometheus.CounterVec
	apply      prometheus.Histogram
	checkpoint prometheus.Histogram
	snapshots  prometheus.Counter
	lag        *prometheus.GaugeVec
}

func newEngineMetrics(r prometheus.Registerer) *engineMetrics {
	f := promauto.With(r)
	seconds := []float64{.0001, .0005, .001, .005, .01, .05, .1, .5, 1, 5}
	return &engineMetrics{
		opened: f.NewCounterVec(prometheus.CounterOpts{
			Name: "shouwang_alerting_alerts_opened_total", Help: "Alerts opened.",
		}, []string{"kind", "severity"}),
		findings: f.NewCounterVec(prometheus.CounterOpts{
			Name: "shouwang_alerting_findings_total", Help: "Findings of the detectors, without immediate repetitions.",
		}, []string{"kind"}),
		refused: f.NewCounter(prometheus.CounterOpts{
			Name: "shouwang_alerting_findings_refused_total", Help: "Findings of an unknown kind or severity: a defect of a detector.",
		}),
		panics: f.NewCounterVec(prometheus.CounterOpts{
			Name: "shouwang_alerting_panics_total", Help: "Records that a detector, or the engine itself, broke down on: a defect.",
		}, []string{"part"}),
		apply: f.NewHistogram(prometheus.HistogramOpts{
			Name: "shouwang_alerting_apply_seconds", Help: "Time to judge one frame and write its findings.", Buckets: seconds,
		}),
		checkpoint: f.NewHistogram(prometheus.HistogramOpts{
			Name: "shouwang_alerting_checkpoint_seconds", Help: "Time to write one checkpoint.", Buckets: seconds,
		}),
		snapshots: f.NewCounter(prometheus.CounterOpts{
			Name: "shouwang_alerting_snapshots_total", Help: "Subjects whose detector states were written.",
		}),
		lag: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "shouwang_alerting_lag_seconds", Help: "Age of the newest judged record of a lane when it was judged.",
		}, []string{"lane"}),
	}
}
