package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"shouwang/devices"
	"shouwang/ingest/mqtt"
)

// notices tells devices what was not taken of their messages. The dead-letter
// list, which history keeps, is what counts; the notice is a courtesy with QoS 0
// and never holds up alerting: when the link is slow, some are not sent, and none
// is sent that would come late.
type notices struct {
	client *mqtt.Client // nil when this process has none
	queue  chan devices.Refusal
	log    zerolog.Logger
}

const (
	noticesWaiting = 1000
	noticeLate     = time.Minute
)

func newNotices(client *mqtt.Client, log zerolog.Logger) *notices {
	return &notices{client: client, queue: make(chan devices.Refusal, noticesWaiting), log: log.With().Str("component", "notices").Logger()}
}

// tell queues one notice for each message, which names its first fault.
func (n *notices) tell(refusals []devices.Refusal) {
	last := ""
	for _, r := range refusals {
		message := string(r.Device) + r.SHA256
		if r.Device == "" || message == last {
			continue
		}
		last = message
		select {
		case n.queue <- r:
		default:
			return
		}
	}
}

// run sends notices until ctx ends.
func (n *notices) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case r := <-n.queue:
			if err := n.send(ctx, r); err != nil {
				n.log.Debug().Err(err).Str("device", string(r.Device)).Msg("device was not told of a refusal")
			}
		}
	}
}

// deviceError is the message on a device's error topic.
type deviceError struct {
	Code     devices.RefusalCode `json:"code"`
	Detail   string              `json:"detail"`
	SHA256   string              `json:"message_sha256"`
	Received time.Time           `json:"received"`
}

func (n *notices) send(ctx context.Context, r devices.Refusal) error {
	if n.client == nil || time.Since(r.Received) > noticeLate {
		return nil
	}
	b, err := json.Marshal(deviceError{r.Code, r.Detail(), r.SHA256, r.Received})
	if err != nil {
		return fmt.Errorf("error message: %w", err)
	}
	return n.client.Publish(ctx, "homecare/v1/"+string(r.Device)+"/error", b)
}
