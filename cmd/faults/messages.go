package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"
)

// message is one that devices must get through. Each is distinct.
type message struct {
	topic   string
	payload []byte
	// retained asks the broker to keep it, for whoever subscribes later.
	retained bool
	device   string // of a reading, vendor/id
	value    int    // of a reading
	acked    atomic.Bool
	sentAt   atomic.Int64 // first time, microseconds
}

// readings are n messages of one reading each: the k-th of a band has the value
// from plus k and the time base plus k seconds, so each is told from every other.
func readings(n, bands int, base time.Time, from int) []*message {
	all := make([]*message, n)
	for i := range all {
		k := i / bands
		all[i] = &message{
			topic:   "homecare/v1/" + vendor + "/" + band(i%bands) + "/telemetry",
			payload: fmt.Appendf(nil, `{"ts":%d,"metrics":{"%s":%d}}`, base.Add(time.Duration(k)*time.Second).UnixMilli(), metric, from+k),
			device:  vendor + "/" + band(i%bands), value: from + k,
		}
	}
	return all
}

// startOf is a base for n messages that all lie in the past.
func startOf(n, bands int) time.Time {
	return time.Now().Add(-time.Duration(n/bands+60) * time.Second).Truncate(time.Second)
}

// calls are n calls for help, each of a caller of its own.
func calls(n int) []*message {
	all := make([]*message, n)
	for i := range all {
		all[i] = &message{
			topic:   "homecare/v1/" + vendor + "/" + caller(i) + "/event",
			payload: fmt.Appendf(nil, `{"event":"sos","seq":%d}`, i),
		}
	}
	return all
}

func sent(messages []*message) (n int) {
	for _, m := range messages {
		if m.sentAt.Load() != 0 {
			n++
		}
	}
	return n
}

func acknowledged(messages []*message) (n int) {
	for _, m := range messages {
		if m.acked.Load() {
			n++
		}
	}
	return n
}

// lostReadings counts the acknowledged messages of readings() that are not among
// have.
func lostReadings(messages []*message, have map[string]map[int]bool) (lost int) {
	for _, m := range messages {
		if m.acked.Load() && !have[m.device][m.value] {
			lost++
		}
	}
	return lost
}

// expectReadings waits until everything acknowledged is in the embedded series.
func (s *service) expectReadings(ctx context.Context, h *harness, messages []*message) error {
	lost := -1
	err := within(ctx, patience, fine, "all readings are stored", func() bool {
		have, err := s.stored(ctx)
		if err != nil {
			return false
		}
		if lost = lostReadings(messages, have); lost > 0 {
			_ = pause(ctx, 300*time.Millisecond)
		}
		return lost == 0
	})
	if err != nil { // lost, or only behind: its own word helps to tell
		var figures strings.Builder
		for _, name := range []string{
			"shouwang_broker_waiting_bytes", "shouwang_mqtt_connected", "shouwang_mqtt_received_messages_total", "shouwang_mqtt_acknowledged_messages_total",
			"shouwang_journal_records_total", "shouwang_journal_reader_lag_seconds", "shouwang_ingest_written_readings_total",
		} {
			fmt.Fprintf(&figures, "%s %v\n", name, s.gauge(ctx, name))
		}
		err = fmt.Errorf("%w\n%s", err, figures.String())
	}
	have, countErr := s.stored(ctx)
	if countErr != nil {
		return errors.Join(err, countErr)
	}
	total := 0
	for _, values := range have {
		total += len(values)
	}
	h.say("readings: %d sent, %d acknowledged, %d stored, %d lost", sent(messages), acknowledged(messages), total, lost)
	if err == nil && total > sent(messages) {
		err = fmt.Errorf("%d readings are stored, of %d", total, sent(messages))
	}
	return err
}

// expectAlerts waits until every acknowledged call is one alert, and says how
// long they took.
func (s *service) expectAlerts(ctx context.Context, h *harness, messages []*message) error {
	missing, twice := -1, 0
	var slowest time.Duration
	err := within(ctx, patience, fine, "every call for help is an alert", func() bool {
		have, err := s.alerts(ctx, "sos")
		if err != nil {
			return false
		}
		missing, twice, slowest = 0, 0, 0
		for i, m := range messages {
			if !m.acked.Load() {
				continue
			}
			list := have[caller(i)]
			switch len(list) {
			case 0:
				missing++
			case 1:
				slowest = max(slowest, list[0].OpenedAt.Sub(time.UnixMicro(m.sentAt.Load())))
			default:
				twice++
			}
		}
		return missing == 0
	})
	h.say("calls for help: %d acknowledged, %d without an alert, %d with more than one; slowest %v after it was first sent",
		acknowledged(messages), missing, twice, slowest.Round(time.Millisecond))
	if err == nil && twice > 0 {
		err = fmt.Errorf("%d calls have more than one alert", twice)
	}
	return err
}
