package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// proxy stands before InfluxDB and notes, for each line it has confirmed, how
// long ago its reading was made: the generator gives readings the time at which
// it sends them.
type proxy struct {
	url    string
	server *http.Server
	target string

	mu    sync.Mutex
	delay []float64 // ms
}

func newProxy(target string) (*proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // bound for the life of the proxy
	if err != nil {
		return nil, err
	}
	p := &proxy{url: "http://" + listener.Addr().String(), target: target}
	p.server = &http.Server{Handler: p, ReadHeaderTimeout: 5 * time.Second}
	go p.server.Serve(listener) //nolint:errcheck // ends by Close
	return p, nil
}

func (p *proxy) close() { _ = p.server.Close() }

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = p.forward(w, r, body)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
	}
}

func (p *proxy) forward(w http.ResponseWriter, r *http.Request, body []byte) error {
	req, err := http.NewRequestWithContext(r.Context(), r.Method, p.target+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header = r.Header.Clone()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // nothing to do about it
	if r.URL.Path == "/api/v2/write" && resp.StatusCode/100 == 2 {
		if err := p.note(body, r.Header.Get("Content-Encoding") == "gzip", r.URL.Query().Get("precision"), time.Now()); err != nil {
			return err
		}
	}
	maps.Copy(w.Header(), resp.Header)
	w.WriteHeader(resp.StatusCode)
	_, err = io.Copy(w, resp.Body)
	return err
}

// note reads the times, which stand at the end of each line.
func (p *proxy) note(body []byte, zipped bool, precision string, now time.Time) error {
	if zipped {
		r, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return err
		}
		if body, err = io.ReadAll(r); err != nil {
			return err
		}
	}
	unit := time.Nanosecond
	switch precision {
	case "us":
		unit = time.Microsecond
	case "ms":
		unit = time.Millisecond
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for line := range bytes.Lines(bytes.TrimSpace(body)) {
		line = bytes.TrimSpace(line)
		n, err := strconv.ParseInt(string(line[bytes.LastIndexByte(line, ' ')+1:]), 10, 64)
		if err != nil {
			return fmt.Errorf("line without a time: %w", err)
		}
		at := time.Unix(0, n*int64(unit))
		p.delay = append(p.delay, float64(now.Sub(at).Microseconds())/1000)
	}
	return nil
}

func (p *proxy) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = nil
}

// seen waits until exactly n lines were confirmed since the last reset.
func (p *proxy) seen(ctx context.Context, n int) error {
	for deadline := time.Now().Add(10 * time.Second); ; {
		p.mu.Lock()
		have := len(p.delay)
		p.mu.Unlock()
		if have == n {
			return nil
		}
		if have > n || time.Now().After(deadline) {
			return fmt.Errorf("the proxy saw %d of %d lines", have, n)
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

func (p *proxy) quantiles() (p50, p99 float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return quantile(p.delay, 0.5), quantile(p.delay, 0.99)
}

func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	v := slices.Sorted(slices.Values(values))
	return v[min(int(q*float64(len(v))), len(v)-1)]
}
