// Package influx keeps the time series in InfluxDB: 2.x, or 1.8 by its
// v2-compatible endpoints. It is the only importer of the InfluxDB client. One
// measurement per metric, one tag, `device`; whatever can change stays in SQL.
// A write is sent in batches of ours through the blocking API, and every error
// is sorted into: try again later, store less, or never.
package influx

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	influxdb2 "github.com/influxdata/influxdb-client-go/v2"
	"github.com/influxdata/influxdb-client-go/v2/api"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"shouwang/ingest"
)

// Options of Open. URL, Org, Bucket and Token are required.
type Options struct {
	URL string
	// Org is "-" for 1.8, which has none.
	Org string
	// Bucket is database/retention-policy for 1.8.
	Bucket string
	// Token is user:password for 1.8.
	Token string
	// Zone is the county's time zone, by which windows are aligned; nil is UTC.
	Zone *time.Location
	// TLS is for servers behind an authority of their own; nil trusts the system's.
	TLS *tls.Config
	// Timeout of one request, 30 s when 0.
	Timeout time.Duration
	// Metrics may be nil.
	Metrics prometheus.Registerer
}

// Series is a client of one bucket. All methods may be called at once.
type Series struct {
	client influxdb2.Client
	http   *http.Client
	writer api.WriteAPIBlocking
	query  api.QueryAPI
	org    string
	bucket string
	zone   *time.Location

	seconds prometheus.Histogram
	written prometheus.Counter
	refused prometheus.Counter
}

var _ ingest.Series = (*Series)(nil)

// Open checks the options and makes the client; it does not connect.
func Open(o Options) (*Series, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, errors.New("open InfluxDB: url: must be http://host:port or https://host:port")
	}
	if u.User != nil {
		return nil, errors.New("open InfluxDB: url: must not hold a password, which belongs into the token")
	}
	for field, value := range map[string]string{"org": o.Org, "bucket": o.Bucket, "token": o.Token} {
		if value == "" {
			return nil, fmt.Errorf("open InfluxDB: %s: must be given", field)
		}
	}
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	s := &Series{org: o.Org, bucket: o.Bucket, zone: o.Zone, http: httpClient(o)}
	if s.zone == nil {
		s.zone = time.UTC
	}
	// Compressing saves network, and costs both sides more than all else of a
	// write: not for a server on this machine.
	options := influxdb2.DefaultOptions().SetHTTPClient(s.http).SetPrecision(time.Microsecond).SetUseGZip(!loopback(u)).SetLogLevel(0)
	s.client = influxdb2.NewClientWithOptions(o.URL, o.Token, options)
	s.writer = s.client.WriteAPIBlocking(o.Org, o.Bucket)
	s.query = s.client.QueryAPI(o.Org)

	metrics, store := promauto.With(o.Metrics), prometheus.Labels{"store": "influx"}
	s.seconds = metrics.NewHistogram(prometheus.HistogramOpts{
		Name: "shouwang_series_write_seconds", Help: "Duration of one write of readings to the time series.",
		ConstLabels: store, Buckets: prometheus.ExponentialBuckets(0.001, 4, 8),
	})
	s.written = metrics.NewCounter(prometheus.CounterOpts{
		Name: "shouwang_series_readings_total", Help: "Readings written to the time series, rewritten ones included.", ConstLabels: store,
	})
	s.refused = metrics.NewCounter(prometheus.CounterOpts{
		Name: "shouwang_series_refused_readings_total", Help: "Readings the time series will never take.", ConstLabels: store,
	})
	return s, nil
}

func loopback(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

func httpClient(o Options) *http.Client {
	return &http.Client{
		Timeout: o.Timeout,
		Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			TLSClientConfig:       o.TLS,
			TLSHandshakeTimeout:   5 * time.Second,
			ResponseHeaderTimeout: o.Timeout,
			MaxIdleConnsPerHost:   4,
			IdleConnTimeout:       90 * time.Second,
			ForceAttemptHTTP2:     true,
		},
	}
}

// Check says whether the bucket can be read with the token.
func (s *Series) Check(ctx context.Context) error {
	return s.each(ctx, "from(bucket: "+quote(s.bucket)+") |> range(start: -1s) |> limit(n: 1)", func(row) error { return nil })
}

// Close ends idle connections; writes and queries must have ended.
func (s *Series) Close() error {
	s.client.Close()
	s.http.CloseIdleConnections()
	return nil
}
