package notify

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"shouwang/alerting"
)

type metrics struct {
	messages *prometheus.CounterVec
	notices  *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	waiting  *prometheus.GaugeVec
	outbox   *prometheus.GaugeVec
	oldest   prometheus.Gauge
	failed   prometheus.Gauge
	troubled atomic.Bool
}

func newMetrics(r prometheus.Registerer) *metrics {
	f := promauto.With(r)
	return &metrics{
		messages: f.NewCounterVec(prometheus.CounterOpts{
			Name: "shouwang_notify_messages_total", Help: "Messages by channel and result: taken, failed, refused, limited, or passed_on to another channel.",
		}, []string{"channel", "result"}),
		notices: f.NewCounterVec(prometheus.CounterOpts{
			Name: "shouwang_notify_notices_total", Help: "Notices that have ended, by how.",
		}, []string{"state"}),
		seconds: f.NewHistogramVec(prometheus.HistogramOpts{
			Name: "shouwang_notify_send_seconds", Help: "Time until the provider answered.", Buckets: []float64{.01, .05, .2, 1, 3, 10},
		}, []string{"channel"}),
		waiting: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "shouwang_notify_queued_notices", Help: "Notices that a channel is about to send.",
		}, []string{"channel"}),
		outbox: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "shouwang_notify_waiting_notices", Help: "Notices in the outbox that have not ended.",
		}, []string{"severity"}),
		oldest: f.NewGauge(prometheus.GaugeOpts{
			Name: "shouwang_notify_oldest_red_seconds", Help: "Age of the oldest red notice that waits, 0 when none does.",
		}),
		failed: f.NewGauge(prometheus.GaugeOpts{
			Name: "shouwang_notify_failed_notices", Help: "Notices of the last hour that no channel took.",
		}),
	}
}

// redLate is the age of a waiting red notice that is said on the board; some
// minutes may pass while proofs are waited for.
const redLate = 5 * time.Minute

func (m *metrics) figures(f *Figures, now time.Time) {
	for _, s := range []alerting.Severity{alerting.Red, alerting.Orange, alerting.Yellow, alerting.Blue} {
		m.outbox.WithLabelValues(string(s)).Set(float64(f.Waiting[s]))
	}
	age := time.Duration(0)
	if !f.OldestRed.IsZero() {
		age = now.Sub(f.OldestRed)
	}
	m.oldest.Set(age.Seconds())
	m.failed.Set(float64(f.Failed))
	m.troubled.Store(f.Failed > 0 || age > redLate)
}
