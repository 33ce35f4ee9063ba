package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"shouwang/devices"
	"shouwang/ingest"
	"shouwang/ingest/journal"
	"shouwang/ingest/mqtt"
)

// startExcess starts the queue of what devices send beyond their rate and the
// reader that brings it to the time series, behind everybody else. It runs also
// without a bound: something may be left from before.
func (a *app) startExcess(l *lifecycle, jrn *journal.Journal, metrics *ingest.Metrics) (mqtt.Limit, error) {
	limit := mqtt.Limit{PerMinute: a.settings.Ingest.Rate}
	queue, err := jrn.Excess(l.ending, journal.ExcessOptions{
		MaxBytes: a.settings.Ingest.ExcessMB << 20, Metrics: a.metrics,
		Full: func(ctx context.Context, records []ingest.Record) error {
			return a.keeper.Refused(ctx, overRate(records, limit.PerMinute))
		},
	})
	if err != nil {
		return limit, err
	}
	limit.Excess = queue
	if limit.Since, err = jrn.Newest(l.ending); err != nil {
		return limit, fmt.Errorf("last time at work: %w", err)
	}
	log := a.log.With().Str("component", "history").Logger()
	dec := a.decoder("history", ingest.Excess, metrics)
	l.start("excess", queue.Run)
	l.start("history of excess", func(ctx context.Context) error {
		return ingest.History(ctx, queue, ingest.Excess, dec, a.keeper, a.keeper.Refused, log)
	})
	return limit, nil
}

// overRate makes dead letters of messages for which there is no room.
func overRate(records []ingest.Record, perMinute int) []devices.Refusal {
	refusals := make([]devices.Refusal, len(records))
	for i := range records {
		r := &records[i]
		sum := sha256.Sum256(r.Payload)
		refusals[i] = devices.Refusal{
			Code: devices.OverRate, Field: "rate", Value: "more than " + strconv.Itoa(perMinute) + " a minute",
			Rule: "beyond the device's rate, and the queue for that is full", Device: topicDevice(r.Topic), Topic: r.Topic,
			Received: r.Received, SHA256: hex.EncodeToString(sum[:]), Payload: r.Payload,
		}
	}
	return refusals
}

// topicDevice is the device of homecare/v1/vendor/device/channel.
func topicDevice(topic string) devices.DeviceID {
	if parts := strings.Split(topic, "/"); len(parts) == 5 {
		return devices.DeviceID(parts[2] + "/" + parts[3])
	}
	return ""
}

// excessOf is what the board asks about devices; nil where nothing is received.
func excessOf(client *mqtt.Client) func(devices.DeviceID) (int64, time.Time) {
	if client == nil {
		return nil
	}
	return func(device devices.DeviceID) (int64, time.Time) {
		o := client.Overrun(device)
		return o.Messages, o.Last
	}
}
