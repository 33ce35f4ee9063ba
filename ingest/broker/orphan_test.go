package broker

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// TestOrphanedSubscription: what a process leaves that is killed between making
// the service's consumers and storing its session lets no device in, and is gone
// after the next start.
func TestOrphanedSubscription(t *testing.T) {
	dir := t.TempDir()
	o := Options{Dir: dir, Auth: registry(device(t, "acme", "b1"))}
	b := start(t, o)
	js := b.admin()
	orphan := strings.TrimPrefix(sessionKey("shouwang~telemetry"), sessionPrefix) + "_orphan"
	for _, channel := range upChannels {
		if _, err := js.CreateConsumer(t.Context(), messageStream, jetstream.ConsumerConfig{
			Durable: orphan + channel, FilterSubject: messagePrefix + "homecare.v1.*.*." + channel,
			AckPolicy: jetstream.AckExplicitPolicy, DeliverPolicy: jetstream.DeliverNewPolicy,
		}); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-b.Admitting():
		t.Fatal("devices are let in on the word of consumers that nobody will read")
	case <-time.After(5 * watchEvery):
	}
	b.stop()

	b = start(t, o)
	var left []string
	if err := eachConsumer(t.Context(), b.admin(), func(c *jetstream.ConsumerInfo) error {
		left = append(left, c.Name)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if len(left) != 0 {
		t.Errorf("after a start there are still %v", left)
	}
	b.reader()
	select {
	case <-b.Admitting():
	case <-time.After(time.Minute):
		t.Fatal("devices are not let in though the service has subscribed")
	}
	b.stop()

	b = start(t, o) // the service's own subscriptions stay
	select {
	case <-b.Admitting():
	case <-time.After(time.Minute):
		t.Fatal("the stored subscriptions of the service do not count")
	}
}
