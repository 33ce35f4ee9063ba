package influx_test

import (
	"os"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"shouwang/ingest/influx"
	"shouwang/ingest/peer"
	"shouwang/ingest/seriestest"
)

// The two InfluxDBs that people run: 1.8 (or what the environment names) and 2.
var (
	server  peer.InfluxServer
	server2 = peer.InfluxServer{Major: 2}
)

func TestMain(m *testing.M) {
	code := m.Run()
	server.Stop()
	server2.Stop()
	os.Exit(code)
}

func open(t *testing.T, real peer.Influx) *influx.Series {
	t.Helper()
	s, err := influx.Open(influx.Options{
		URL: real.URL, Org: real.Org, Bucket: real.Bucket, Token: real.Token,
		Zone: seriestest.Shanghai, Metrics: prometheus.NewRegistry(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// both runs the test against each server.
func both(t *testing.T, run func(*testing.T, peer.Influx)) {
	t.Run("1.8", func(t *testing.T) { run(t, server.Get(t)) })
	t.Run("2.7", func(t *testing.T) { run(t, server2.Get(t)) })
}

func TestSeries(t *testing.T) {
	both(t, func(t *testing.T, real peer.Influx) { seriestest.Run(t, open(t, real)) })
}
