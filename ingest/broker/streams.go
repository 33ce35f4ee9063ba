package broker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
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
	sessionPrefix  = "$MQTT.sess."

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
//
// The server makes a subscription's consumer first and writes the session that
// it belongs to after it. Killed in between, it knows nothing of the consumer
// when the service comes back, and makes another one that begins with what comes
// then: so only a consumer that its session names counts.
func (b *Broker) subscribed(ctx context.Context, js jetstream.JetStream) (bool, error) {
	missing := make(map[string]struct{}, len(b.await))
	for _, s := range b.await {
		missing[messagePrefix+s] = struct{}{}
	}
	err := eachConsumer(ctx, js, func(c *jetstream.ConsumerInfo) error {
		for want := range missing {
			if !covers(c.Config.FilterSubject, want) {
				continue
			}
			if named, err := named(ctx, js, c.Name); !named {
				return err
			}
			delete(missing, want)
		}
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("look for subscriptions: %w", err)
	}
	return len(missing) == 0, nil
}

// dropOrphans removes the consumers that no session names. Nobody will ever read
// them, and they would hold messages until the store is full. It runs before
// anybody is let in.
func (b *Broker) dropOrphans(ctx context.Context, js jetstream.JetStream) error {
	var orphans []string
	err := eachConsumer(ctx, js, func(c *jetstream.ConsumerInfo) error {
		named, err := named(ctx, js, c.Name)
		if err == nil && !named {
			orphans = append(orphans, c.Name)
			b.log.Warn().Str("consumer", c.Name).Str("filter", c.Config.FilterSubject).Uint64("unread", c.NumPending).
				Msg("subscription without a session, left by a killed process, is removed")
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("look for orphans: %w", err)
	}
	for _, name := range orphans {
		if err := js.DeleteConsumer(ctx, messageStream, name); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
			return fmt.Errorf("remove orphan %s: %w", name, err)
		}
	}
	return nil
}

// eachConsumer calls do for every consumer of the message stream.
func eachConsumer(ctx context.Context, js jetstream.JetStream, do func(*jetstream.ConsumerInfo) error) error {
	stream, err := js.Stream(ctx, messageStream)
	if err != nil {
		return err
	}
	consumers := stream.ListConsumers(ctx)
	var first error
	for c := range consumers.Info() {
		if first == nil { // the list is read to its end in any case
			first = do(c)
		}
	}
	return errors.Join(consumers.Err(), first)
}

// named says whether the stored session of the consumer, which begins the
// consumer's name, names it.
func named(ctx context.Context, js jetstream.JetStream, consumer string) (bool, error) {
	key, _, ok := strings.Cut(consumer, "_")
	if !ok {
		return true, nil // none of MQTT's
	}
	stream, err := js.Stream(ctx, sessionStream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for session: %w", err)
	}
	msg, err := stream.GetLastMsgForSubject(ctx, sessionPrefix+key)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for session: %w", err)
	}
	var session struct {
		Cons map[string]struct {
			Durable string `json:"durable_name"`
		} `json:"cons"`
	}
	if err := json.Unmarshal(msg.Data, &session); err != nil {
		return false, fmt.Errorf("read session: %w", err)
	}
	for _, c := range session.Cons {
		if c.Durable == consumer {
			return true, nil
		}
	}
	return false, nil
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
