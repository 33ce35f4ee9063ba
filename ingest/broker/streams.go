package broker

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
)

// The server's own streams for MQTT, by their fixed names.
const (
	messageStream  = "$MQTT_msgs"
	messagePrefix  = "$MQTT.msgs."
	qos2Stream     = "$MQTT_qos2in"
	retainedStream = "$MQTT_rmsgs"
	sessionStream  = "$MQTT_sess"

	telemetryTopics = "homecare.v1.*.*.telemetry"
	shedTopics      = shedPrefix + ".$1.$2"

	// qos2MaxAge is how long a QoS 2 message waits for its release; an honest
	// client releases within seconds of its reconnect.
	qos2MaxAge = 24 * time.Hour

	watchEvery = 100 * time.Millisecond
)

// bound creates the server's message streams with limits, or gives them limits
// when an older run has created them. It runs before the first MQTT client is
// let in: the server creates what is missing without any limit.
//
// When the message stream is full it refuses what is new, so the publisher gets
// no PUBACK; discarding the oldest would lose acknowledged messages silently.
func (b *Broker) bound(ctx context.Context, js jetstream.JetStream) error {
	configs := []jetstream.StreamConfig{
		{
			Name: messageStream, Subjects: []string{messagePrefix + "homecare.>"},
			Storage: jetstream.FileStorage, Retention: jetstream.InterestPolicy,
			MaxBytes: b.maxWaiting, Discard: jetstream.DiscardNew,
		},
		{
			Name: qos2Stream, Subjects: []string{"$MQTT.qos2.>"},
			Storage: jetstream.FileStorage, Retention: jetstream.LimitsPolicy,
			MaxBytes: b.maxWaiting / 8, MaxAge: qos2MaxAge,
			Discard: jetstream.DiscardNew, DiscardNewPerSubject: true, MaxMsgsPerSubject: 1,
		},
		{
			Name: retainedStream, Subjects: []string{"$MQTT.rmsgs.>"},
			Storage: jetstream.FileStorage, Retention: jetstream.LimitsPolicy,
			MaxBytes: b.maxWaiting / 8, Discard: jetstream.DiscardNew, MaxMsgsPerSubject: 1,
		},
	}
	for _, c := range configs {
		if _, err := js.CreateOrUpdateStream(ctx, c); err != nil {
			return fmt.Errorf("bound stream %s: %w", c.Name, err)
		}
	}
	b.metrics.boundBytes.Set(float64(b.maxWaiting))
	return nil
}

// subscribed says whether every filter the service reads has a stored
// subscription. Until then an acknowledged message would have no reader and
// be dropped at once, so devices are not let in.
func (b *Broker) subscribed(ctx context.Context, js jetstream.JetStream) (bool, error) {
	stream, err := js.Stream(ctx, messageStream)
	if err != nil {
		return false, fmt.Errorf("look for subscriptions: %w", err)
	}
	missing := make(map[string]struct{}, len(b.await))
	for _, s := range b.await {
		missing[messagePrefix+s] = struct{}{}
	}
	consumers := stream.ListConsumers(ctx)
	for c := range consumers.Info() {
		for want := range missing {
			if covers(c.Config.FilterSubject, want) {
				delete(missing, want)
			}
		}
	}
	if err := consumers.Err(); err != nil {
		return false, fmt.Errorf("look for subscriptions: %w", err)
	}
	return len(missing) == 0, nil
}

// watch lets devices in once their messages have a reader, and keeps the last
// quarter of the message stream free of telemetry.
func (b *Broker) watch(ctx context.Context, js jetstream.JetStream) error {
	acc, err := b.server.LookupAccount(devicesAccount)
	if err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	admitted, shedding := false, false
	return b.keep(ctx, func() (err error) {
		if !admitted {
			if admitted, err = b.subscribed(ctx, js); err != nil {
				return err
			}
			if admitted {
				close(b.admit)
				b.log.Info().Msg("devices are let in")
			}
		}
		shedding, err = b.shed(ctx, js, acc, shedding)
		return err
	})
}

// shed turns telemetry away from the message stream while that is more than
// three quarters full, until it is half empty again. The topic is mapped to
// one that no stream takes: the publisher gets no PUBACK, its connection is
// closed after Options.StoreWait, and it sends the message again later. Events,
// acks and status go on as before; that time is also what lets in an event that
// is sent right behind refused telemetry, which a refusal at once would cut off.
func (b *Broker) shed(ctx context.Context, js jetstream.JetStream, acc *server.Account, shedding bool) (bool, error) {
	stream, err := js.Stream(ctx, messageStream)
	if err != nil {
		return shedding, fmt.Errorf("look at message stream: %w", err)
	}
	waiting := int64(stream.CachedInfo().State.Bytes)
	b.metrics.waitingBytes.Set(float64(waiting))
	switch {
	case !shedding && waiting > b.maxWaiting/4*3:
		if err := acc.AddMapping(telemetryTopics, shedTopics); err != nil {
			return false, fmt.Errorf("shed telemetry: %w", err)
		}
		b.metrics.shedding.Set(1)
		b.log.Error().Int64("waiting_bytes", waiting).Int64("limit_bytes", b.maxWaiting).Msg("telemetry is no longer taken: the rest is kept for events")
		return true, nil
	case shedding && waiting < b.maxWaiting/2:
		acc.RemoveMapping(telemetryTopics)
		b.metrics.shedding.Set(0)
		b.log.Info().Msg("telemetry is taken again")
		return false, nil
	}
	return shedding, nil
}
