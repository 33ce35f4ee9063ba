package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
	"shouwang/ingest"
	"shouwang/ingest/journal"
	"shouwang/ingest/mqtt"
)

// startHistory starts the readers that bring readings to the time series.
func (a *app) startHistory(l *lifecycle, jrn *journal.Journal, metrics *ingest.Metrics) {
	log := a.log.With().Str("component", "history").Logger()
	for _, lane := range ingest.Lanes {
		dec := a.decoder("history", lane, metrics)
		l.start("history of "+string(lane), func(ctx context.Context) error {
			return ingest.History(ctx, jrn, lane, dec, a.series, a.letters.Add, log)
		})
	}
}

// startAlerting restores the engine and starts its two readers and what time
// does to alerts. Devices are told of refusals through client, nil when this
// process has none.
func (a *app) startAlerting(l *lifecycle, jrn *journal.Journal, engine *alerting.Engine, client *mqtt.Client, metrics *ingest.Metrics) error {
	if err := engine.Restore(l.ending); err != nil {
		return fmt.Errorf("restore alerting: %w", err)
	}
	l.closing("alerting", func() error { return engine.Checkpoint(context.WithoutCancel(l.ending)) })
	for _, lane := range ingest.Lanes {
		dec := a.decoder("alerting", lane, metrics)
		jrn.Passed(lane, engine.Position(string(lane)))
		l.start("alerting of "+string(lane), func(ctx context.Context) error {
			return ingest.Feed(ctx, jrn, lane, engine.Position(string(lane)), dec,
				func(ctx context.Context, lane ingest.Lane, seq uint64, records []devices.Record, refusals []devices.Refusal) error {
					if err := a.insist(ctx, func() error { return engine.Apply(ctx, string(lane), seq, records) }); err != nil {
						return err
					}
					// A checkpoint moves the positions of both lanes, and the
					// event lane may be quiet for days.
					for _, lane := range ingest.Lanes {
						jrn.Passed(lane, engine.Position(string(lane)))
					}
					return a.tell(ctx, client, refusals)
				})
		})
	}
	l.start("escalation", alerting.NewEscalation(alerting.EscalationOptions{Book: a.alerts, Log: a.log, Metrics: a.metrics}).Run)
	return nil
}

func (a *app) decoder(reader string, lane ingest.Lane, metrics *ingest.Metrics) *ingest.Decoder {
	return ingest.NewDecoder(ingest.DecoderOptions{
		Reader: reader, Lane: lane, Directory: a.registry, AgeLimit: a.settings.Ingest.AgeLimit, Metrics: metrics,
	})
}

// deviceError is what a device is told of a message that was not taken.
type deviceError struct {
	Code     devices.RefusalCode `json:"code"`
	Detail   string              `json:"detail"`
	SHA256   string              `json:"message_sha256"`
	Received time.Time           `json:"received"`
}

// tell lets devices know what was not taken. The dead-letter list, which history
// keeps, is what counts; the message is a courtesy with QoS 0, and not sent when
// it would come late.
func (a *app) tell(ctx context.Context, client *mqtt.Client, refusals []devices.Refusal) error {
	for _, r := range refusals {
		if client == nil || r.Device == "" || time.Since(r.Received) > time.Minute {
			continue
		}
		b, err := json.Marshal(deviceError{r.Code, r.Detail(), r.SHA256, r.Received})
		if err != nil {
			return fmt.Errorf("error message: %w", err)
		}
		if err := client.Publish(ctx, "homecare/v1/"+string(r.Device)+"/error", b); err != nil {
			a.log.Debug().Err(err).Str("device", string(r.Device)).Msg("device was not told of a refusal")
		}
	}
	return nil
}

// insist tries until fn succeeds or ctx ends, at most 10 s apart: a database that
// takes no writes delays alerting, and does not end the service.
func (a *app) insist(ctx context.Context, fn func() error) error {
	const first, ceiling = 100 * time.Millisecond, 10 * time.Second
	for pause := first; ; pause = min(2*pause, ceiling) {
		err := fn()
		if err == nil || ctx.Err() != nil {
			return err
		}
		a.log.Error().Err(err).Dur("again_in_ms", pause).Msg("alerting cannot be written, trying on")
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}
