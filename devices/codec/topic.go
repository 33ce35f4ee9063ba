package codec

import (
	"fmt"
	"strings"

	"shouwang/devices"
)

// Channel is the last level of a topic: what kind of message it carries.
type Channel string

// The channels on which a device publishes.
const (
	Telemetry Channel = "telemetry"
	Event     Channel = "event"
	Status    Channel = "status"
	Ack       Channel = "ack"
)

// root is the beginning of every topic of the contract, version 1.
const root = "homecare/v1/"

// ParseTopic takes homecare/v1/{vendor}/{device}/{channel} apart. The channel
// is one on which devices publish; the device is named even when only the
// channel is wrong, so that the refusal reaches its vendor.
func ParseTopic(topic string) (devices.DeviceID, Channel, error) {
	rest, ok := strings.CutPrefix(topic, root)
	if !ok {
		return "", "", fmt.Errorf("must begin with %s", root)
	}
	cut := strings.LastIndexByte(rest, '/')
	if cut < 0 {
		return "", "", fmt.Errorf("must be %s{vendor}/{device}/{channel}", root)
	}
	// The device's id stands in the topic as it is written everywhere else:
	// no string has to be made for it.
	device, channel := rest[:cut], Channel(rest[cut+1:])
	vendor, id, ok := strings.Cut(device, "/")
	if !ok {
		return "", "", fmt.Errorf("must be %s{vendor}/{device}/{channel}", root)
	}
	if err := devices.CheckName("vendor", vendor); err != nil {
		return "", "", err
	}
	if err := devices.CheckName("device", id); err != nil {
		return "", "", err
	}
	switch channel {
	case Telemetry, Event, Status, Ack:
		return devices.DeviceID(device), channel, nil
	}
	return devices.DeviceID(device), channel, fmt.Errorf("channel %q: must be telemetry, event, status or ack", cut64(string(channel)))
}

func cut64(s string) string {
	if len(s) > 64 {
		return s[:64] + "…"
	}
	return s
}
