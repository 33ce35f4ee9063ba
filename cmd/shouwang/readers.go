package main

import (
	"context"
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
	paced := ingest.NewPaced(a.keeper, a.settings.Series.DrainPerSecond, a.metrics)
	for _, lane := range ingest.Lanes {
		dec := a.decoder("history", lane, metrics)
		l.start("history of "+string(lane), func(ctx context.Context) error {
			return ingest.History(ctx, jrn, lane, dec, paced, a.keeper.Refused, log)
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
	if err := resume(l.ending, jrn, engine); err != nil {
		return err
	}
	notices := newNotices(client, a.log)
	l.start("notices to devices", notices.run)
	l.closing("alerting", func() error { return engine.Checkpoint(context.WithoutCancel(l.ending)) })
	l.start("checkpoints", engine.Run)
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
					notices.tell(refusals)
					return nil
				})
		})
	}
	l.start("rounds", a.rounds.Run)
	l.start("duty checks", a.newDutyChecks().Run)
	l.start("escalation", alerting.NewEscalation(alerting.EscalationOptions{Book: a.alerts, Directory: a.registry, Log: a.log, Metrics: a.metrics}).Run)
	return nil
}

func (a *app) decoder(reader string, lane ingest.Lane, metrics *ingest.Metrics) *ingest.Decoder {
	return ingest.NewDecoder(ingest.DecoderOptions{
		Reader: reader, Lane: lane, Directory: canaryDirectory{a.registry}, AgeLimit: a.settings.Ingest.AgeLimit, Metrics: metrics,
		Decoded: a.decoded[lane],
	})
}

// insist tries until fn succeeds or ctx ends, at most 10 s apart: a database that
// takes no writes delays alerting, and does not end the service.
func (a *app) insist(ctx context.Context, fn func() error) error {
	const first, ceiling = 100 * time.Millisecond, 10 * time.Second
	for pause := first; ; pause = min(2*pause, ceiling) {
		err := fn()
		if err == nil || ctx.Err() != nil {
			return ctx.Err() // what a stop interrupts is no failure
		}
		a.log.Error().Err(err).Dur("again_in_ms", pause).Msg("alerting cannot be written, trying on")
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}
