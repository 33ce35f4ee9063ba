package broker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"shouwang/ingest"
)

// The server's own streams for MQTT, by their fixed names.
const (
	messageStream  = "$MQTT_msgs"
	messagePrefix  = "$MQTT.msgs."
	qos2Stream     = "$MQTT_qos2in"
	retainedStream = "$MQTT_rmsgs"
	sessionStream  = "$MQTT_sess"

	telemetryChannel = "telemetry"
	shedTopics       = shedPrefix + ".$1.$2"

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

// watch lets devices in once their messages have a reader, and turns messages
// away while there is no room for them.
func (b *Broker) watch(ctx context.Context, js jetstream.JetStream) error {
	acc, err := b.server.LookupAccount(devicesAccount)
	if err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	admitted, shed := false, &shedder{b: b, acc: acc}
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
		return shed.look(ctx, js)
	})
}

// shedder turns messages away: telemetry while the message stream is more than
// three quarters full, until it is half empty again, or while the disk has room
// for events only; everything while the disk has no room at all. The topic is
// mapped to one that no stream takes: the publisher gets no PUBACK, its
// connection is closed after 20 s, and it sends the message again later. Events,
// acks and status go on as before; those 20 s are also what lets in an event
// that is sent right behind refused telemetry, which a refusal at once would
// cut off.
type shedder struct {
	b    *Broker
	acc  *server.Account
	full bool                  // the message stream is
	shed [len(upChannels)]bool // by channel
}

func (s *shedder) look(ctx context.Context, js jetstream.JetStream) error {
	b := s.b
	stream, err := js.Stream(ctx, messageStream)
	if err != nil {
		err = fmt.Errorf("look at message stream: %w", err)
	} else {
		waiting := int64(stream.CachedInfo().State.Bytes)
		b.metrics.waitingBytes.Set(float64(waiting))
		s.full = waiting > b.maxWaiting/4*3 || s.full && waiting >= b.maxWaiting/2
	}
	room := b.disk.Room()
	for i, channel := range upChannels {
		want := room == ingest.NoRoom
		if channel == telemetryChannel {
			want = want || s.full || room == ingest.RoomForEvents
		}
		if want == s.shed[i] {
			continue
		}
		topics := "homecare.v1.*.*." + channel
		if want {
			if mapErr := s.acc.AddMapping(topics, shedTopics); mapErr != nil {
				return errors.Join(err, fmt.Errorf("shed %s: %w", channel, mapErr))
			}
		} else {
			s.acc.RemoveMapping(topics)
		}
		s.shed[i] = want
		if channel == telemetryChannel {
			s.say(want)
		}
	}
	return err
}

func (s *shedder) say(shed bool) {
	if !shed {
		s.b.metrics.shedding.Set(0)
		s.b.log.Info().Msg("telemetry is taken again")
		return
	}
	s.b.metrics.shedding.Set(1)
	s.b.log.Error().Bool("stream_full", s.full).Int64("limit_bytes", s.b.maxWaiting).Stringer("disk_room", s.b.disk.Room()).
		Msg("telemetry is no longer taken: the rest is kept for events")
}
