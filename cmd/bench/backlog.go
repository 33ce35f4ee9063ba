package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"

	"shouwang/devices"
	"shouwang/devices/simulate/publisher"
	"shouwang/ingest"
	"shouwang/ingest/broker"
	"shouwang/ingest/journal"
)

// backlog measures how long an SOS waits after a start with much of the journal
// unread: from the start of the process to the alert, for one that was pressed
// while it was down, and to the websocket frame for those pressed while the
// backlog is read.
func (b *bench) backlog(ctx context.Context, t *table, p *plan) error {
	s, err := b.session(ctx, b.shouwangPeer(p), "")
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.up(ctx); err != nil { // subscribes, so that the broker keeps what comes
		return err
	}
	if _, err := address(ctx, s.process, "http"); err != nil {
		return err
	}
	s.process.stop()
	records, err := fill(ctx, filepath.Join(s.dir, "data", "broker"), p.unread)
	if err != nil {
		return fmt.Errorf("fill the journal: %w", err)
	}
	b.say("the journal holds %d unread records in %d MB", records, p.unread>>20)
	buttons, err := publisher.Dial(ctx, publisher.Login{Broker: "tcp://" + s.broker.addr, ClientID: "pressed"})
	if err != nil {
		return err
	}
	defer buttons.Close()
	const resident = "load-000900"
	if err := buttons.Publish(ctx, "homecare/v1/load/"+resident+"/event", []byte(`{"event":"sos"}`), false); err != nil {
		return err
	}
	if err := os.Remove(s.process.logFile); err != nil { // it says ready already
		return err
	}
	began := time.Now()
	if err := s.run(ctx); err != nil {
		return err
	}
	http1, err := address(ctx, s.process, "http")
	if err != nil {
		return err
	}
	row := fmt.Sprintf("start with %d MB of journal unread: ", p.unread>>20)
	t.add(row+"ready after, s", "shouwang", time.Since(began).Seconds())
	if err := s.process.wait(ctx, "alert of the SOS", func() bool { return b.alerted(ctx, http1, resident) }); err != nil {
		return err
	}
	t.add(row+"alert of an SOS pressed before, s", "shouwang", time.Since(began).Seconds())
	p50, p99, err := b.presses(ctx, s.process, min(p.presses, 50), 100, publisher.Login{Broker: "tcp://" + s.broker.addr, ClientID: "presses"},
		func(ctx context.Context, rate, seconds string) error {
			_, err := b.load(ctx, s.broker.addr, "--rate", rate, "--duration", seconds)
			return err
		})
	if err != nil {
		return err
	}
	t.add(row+"SOS to websocket frame meanwhile, p50 ms", "shouwang", p50)
	t.add(row+"SOS to websocket frame meanwhile, p99 ms", "shouwang", p99)
	_, peak := s.process.memory()
	t.add(row+"memory at its peak, MB", "shouwang", peak)
	return nil
}

// alerted says whether the resident has an open alert.
func (b *bench) alerted(ctx context.Context, address, resident string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/api/v1/alerts?kind=sos&resident="+resident, nil)
	if err != nil {
		return false
	}
	req.Header.Set("Authorization", "Bearer "+b.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close() //nolint:errcheck // read only
	var page struct{ Items []struct{ ID string } }
	return json.NewDecoder(resp.Body).Decode(&page) == nil && len(page.Items) > 0
}

// fill writes messages of the load's devices to the journal until it has grown
// by so many bytes, through the journal's own writer: what the load would have
// sent at 5000 messages a second from an hour ago, and a button now and then.
func fill(ctx context.Context, dir string, bytes int64) (records int, err error) {
	ctx, cancel := context.WithCancel(ctx)
	brk, err := broker.New(broker.Options{Dir: dir, Auth: nobody{}, Log: zerolog.Nop()})
	if err != nil {
		cancel()
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- brk.Run(ctx) }()
	defer func() {
		cancel()
		err = errors.Join(err, <-ended)
	}()
	select {
	case <-brk.Ready():
	case err := <-ended:
		ended <- nil
		return 0, err
	}
	conn, err := brk.Journal()
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	jrn, err := journal.Open(ctx, conn, journal.Options{Log: zerolog.Nop()})
	if err != nil {
		return 0, err
	}
	writing, stop := context.WithCancel(ctx)
	written := make(chan error, 1)
	go func() { written <- jrn.Run(writing) }()
	at := time.Now().Add(-time.Hour).UTC().Truncate(time.Millisecond)
	for size := int64(0); size < bytes && err == nil; records++ {
		at = at.Add(time.Second / devicesOfLoad / 5)
		lane := ingest.Telemetry
		m := ingest.Message{Topic: fmt.Sprintf("homecare/v1/load/load-%06d/telemetry", records%devicesOfLoad+1), Received: at}
		m.Payload = fmt.Appendf(nil, `{"ts":%d,"seq":%d,"metrics":{"heart_rate_bpm":%d},"model":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}`, at.UnixMilli(), records, 62+records%20)
		if records%100_000 == 99_999 {
			lane, m.Topic, m.Payload = ingest.Events, fmt.Sprintf("homecare/v1/load/load-%06d/event", 950+records/100_000%50), []byte(`{"event":"sos"}`)
		}
		size += int64(len(m.Topic) + len(m.Payload) + 8)
		err = jrn.Append(ctx, lane, ingest.Record{Message: m}, func(error) {})
	}
	stop()
	return records, errors.Join(err, <-written)
}

// nobody may come in while the journal is filled.
type nobody struct{}

func (nobody) Authenticate(string, string) (devices.Login, error) {
	return devices.Login{}, errors.New("nobody may come in")
}
