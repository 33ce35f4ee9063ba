package broker

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	loginsRefused *prometheus.CounterVec
	violations    *prometheus.CounterVec
	refused       prometheus.Counter
	waitingBytes  prometheus.Gauge
	boundBytes    prometheus.Gauge
	shedding      prometheus.Gauge
	damaged       prometheus.Counter
	connections   prometheus.GaugeFunc
}

func newMetrics(reg prometheus.Registerer, connections func() float64) (*metrics, error) {
	m := &metrics{
		loginsRefused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "shouwang_broker_logins_refused_total",
			Help: "MQTT connections refused, by reason: credentials, client_id, starting, internal.",
		}, []string{"reason"}),
		violations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "shouwang_broker_violations_total",
			Help: "What clients tried and may not: publish or subscribe outside their topics, payload too large. A forbidden QoS 1 publish is acknowledged and dropped.",
		}, []string{"kind"}),
		refused: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "shouwang_broker_publishes_refused_total",
			Help: "QoS 1 and 2 messages that could not be stored; the client was not told it was taken and its connection was closed.",
		}),
		waitingBytes: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "shouwang_broker_waiting_bytes",
			Help: "Messages taken from devices that the service has not yet taken over.",
		}),
		boundBytes: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "shouwang_broker_waiting_limit_bytes",
			Help: "The most that may wait; beyond it nothing is acknowledged.",
		}),
		shedding: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "shouwang_broker_telemetry_refused",
			Help: "1 while telemetry is not taken so that events still find room.",
		}),
		damaged: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "shouwang_broker_damaged_bytes_total",
			Help: "Bytes of the store that were no whole record at the start, an unfinished write of a killed process among them.",
		}),
		connections: prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "shouwang_broker_connections",
			Help: "Open connections, the service's own included.",
		}, connections),
	}
	// The label values exist from the start, so that a rate can be taken of
	// the first one.
	for _, r := range []refusal{badCredentials, badClientID, starting, internal} {
		m.loginsRefused.WithLabelValues(string(r))
	}
	for _, kind := range []string{"publish", "subscribe", "payload"} {
		m.violations.WithLabelValues(kind)
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.loginsRefused, m.violations, m.refused, m.waitingBytes, m.boundBytes, m.shedding, m.damaged, m.connections} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("register broker metrics: %w", err)
		}
	}
	return m, nil
}
