package influx_test

import (
	"os"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"shouwang/ingest/influx"
	"shouwang/ingest/peer"
	"shouwang/ingest/seriestest"
)

var server peer.InfluxServer

func TestMain(m *testing.M) {
	code := m.Run()
	server.Stop()
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

func TestSeries(t *testing.T) {
	seriestest.Run(t, open(t, server.Get(t)))
}
