package canary

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// silence is how long the live view may say nothing; it has a beat of its own
// every 3 s.
const silence = 15 * time.Second

// stream is what has come out of the live view.
type stream struct {
	mu        sync.Mutex
	connected bool
	marks     map[string]int64 // newest beat of each lane
	changed   chan struct{}    // closed and replaced at every change
}

// frame is what the canary reads of a frame of the live view.
type frame struct {
	Type string `json:"type"`
	Lane string `json:"lane"`
	Mark int64  `json:"mark"`
}

func (s *stream) note(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *stream) take(f frame) {
	s.note(func() {
		switch f.Type {
		case "hello":
			s.connected, s.marks = true, map[string]int64{}
		case "canary":
			s.marks[f.Lane] = f.Mark
		}
	})
}

// missing is what has not come out yet.
func (s *stream) missing(marks map[Stage]int64) (Stage, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.connected {
		return Websocket, s.changed
	}
	for lane, mark := range marks {
		if s.marks[string(lane)] != mark {
			return lane, s.changed
		}
	}
	return "", s.changed
}

// await waits until the marks have come out.
func (s *stream) await(ctx context.Context, marks map[Stage]int64) (Stage, error) {
	for {
		stage, changed := s.missing(marks)
		if stage == "" {
			return "", nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return stage, ctx.Err()
		}
	}
}

// follow keeps a connection to the live view until ctx ends.
func (m *Monitor) follow(ctx context.Context) {
	for {
		err := m.listen(ctx)
		m.stream.note(func() { m.stream.connected = false })
		if ctx.Err() != nil {
			return
		}
		m.log.Debug().Err(err).Msg("live view lost")
		if !sleep(ctx, redial) {
			return
		}
	}
}

func (m *Monitor) listen(ctx context.Context) error {
	dialing, cancel := context.WithTimeout(ctx, m.opts.Within)
	conn, err := m.opts.Dial(dialing)
	cancel()
	if err != nil {
		return fmt.Errorf("connect to the live view: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	defer func() { _ = conn.Close() }()
	conn.SetReadLimit(64 << 10)
	for {
		if err := conn.SetReadDeadline(time.Now().Add(silence)); err != nil {
			return err
		}
		kind, data, err := conn.ReadMessage()
		if err != nil {
			return fmt.Errorf("read the live view: %w", err)
		}
		var f frame
		if kind != websocket.TextMessage || json.Unmarshal(data, &f) != nil {
			return errors.New("the live view sent no frame")
		}
		m.stream.take(f)
	}
}
