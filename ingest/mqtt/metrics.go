package mqtt

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type metrics struct {
	received, acked, connects, failures, deaf *prometheus.CounterVec
	connected                                 *prometheus.GaugeVec
	excess                                    prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) *metrics {
	f := promauto.With(reg)
	counter := func(name, help string) *prometheus.CounterVec {
		return f.NewCounterVec(prometheus.CounterOpts{Name: "shouwang_mqtt_" + name, Help: help}, []string{"lane"})
	}
	return &metrics{
		received: counter("received_messages_total", "Messages the broker sent, those sent again too."),
		acked:    counter("acknowledged_messages_total", "Messages acknowledged to the broker, after they were on disk."),
		connects: counter("connects_total", "Connections that came up and were subscribed."),
		failures: counter("connect_failures_total", "Tries to connect or subscribe that failed."),
		excess: f.NewCounter(prometheus.CounterOpts{
			Name: "shouwang_mqtt_excess_messages_total", Help: "Messages beyond their device's rate: they wait in a queue of their own.",
		}),
		deaf: counter("deaf_connections_total", "Connections given up because they were up and carried no messages."),
		connected: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "shouwang_mqtt_connected", Help: "1 while the session is connected and subscribed.",
		}, []string{"lane"}),
	}
}
