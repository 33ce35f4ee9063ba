package broker

import (
	"fmt"
	"strings"

	"github.com/nats-io/nats-server/v2/server"

	"shouwang/devices"
	"shouwang/ingest"
)

// The channels of the MQTT contract, by who publishes them.
var (
	upChannels   = [...]string{"telemetry", "event", "status", "ack"}
	downChannels = [...]string{"command", "error"}
)

// shedPrefix stands in for the topic of a telemetry message while the message
// stream has no room for telemetry; what is published below it is never
// acknowledged.
const shedPrefix = "shed"

// subject turns an MQTT topic filter into the form in which the server keeps
// subjects and permissions: `/` parts tokens, an empty level is the token `/`,
// a `.` inside a level is `//`, `+` is `*` and `#` is `>`. It refuses what the
// server refuses (whitespace, DEL) and what would become a live wildcard
// without being one in MQTT (`*`, `>`).
func subject(filter string) (string, error) {
	if filter == "" {
		return "", fmt.Errorf("topic filter: empty")
	}
	if strings.ContainsAny(filter, " \t\r\n\f\x00\x7f*>") {
		return "", fmt.Errorf("topic filter %q: whitespace, *, > and control characters are not allowed", filter)
	}
	levels := strings.Split(filter, "/")
	for i, level := range levels {
		switch {
		case level == "":
			levels[i] = "/"
		case level == "+":
			levels[i] = "*"
		case level == "#":
			if i != len(levels)-1 {
				return "", fmt.Errorf("topic filter %q: # must be the last level", filter)
			}
			levels[i] = ">"
		case strings.ContainsAny(level, "+#"):
			return "", fmt.Errorf("topic filter %q: + and # must stand alone in their level", filter)
		default:
			levels[i] = strings.ReplaceAll(level, ".", "//")
		}
	}
	return strings.Join(levels, "."), nil
}

func subjects(filters []string) ([]string, error) {
	out := make([]string, 0, len(filters))
	for _, f := range filters {
		s, err := subject(f)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

func topics(vendor, device string, channels []string) []string {
	out := make([]string, 0, len(channels)+1)
	for _, c := range channels {
		out = append(out, "homecare/v1/"+vendor+"/"+device+"/"+c)
	}
	return out
}

// loginPermissions pins a device to its own topics and a gateway to those of
// its vendor. Whatever is not listed is forbidden, the server's own
// administration ($JS.API) first of all.
func loginPermissions(login devices.Login) (*server.Permissions, error) {
	vendor, device := login.Vendor, "+"
	if login.Device != "" {
		var id string
		if vendor, id = login.Device.Split(); vendor != login.Vendor {
			return nil, fmt.Errorf("login %q: device %q is not of vendor %q", login.User, login.Device, login.Vendor)
		}
		if err := devices.CheckName("device", id); err != nil {
			return nil, err
		}
		device = id
	}
	if err := devices.CheckName("vendor", vendor); err != nil {
		return nil, err
	}
	publish := append(topics(vendor, device, upChannels[:]), shedPrefix+"/"+vendor+"/"+device)
	return permissions(publish, topics(vendor, device, downChannels[:]))
}

// servicePermissions are the other end of every device's, and the topic on which
// the service hears itself.
func servicePermissions() (*server.Permissions, error) {
	return permissions(append(topics("+", "+", downChannels[:]), ingest.WatchdogTopic),
		append(topics("+", "+", upChannels[:]), ingest.WatchdogTopic))
}

func permissions(publish, subscribe []string) (*server.Permissions, error) {
	pub, err := subjects(publish)
	if err != nil {
		return nil, err
	}
	sub, err := subjects(subscribe)
	if err != nil {
		return nil, err
	}
	return &server.Permissions{
		Publish: &server.SubjectPermission{Allow: pub},
		// A QoS 1 subscription is delivered on $MQTT.sub.<random>; MQTT
		// clients cannot name that topic themselves.
		Subscribe: &server.SubjectPermission{Allow: append(sub, "$MQTT.sub.>")},
	}, nil
}

// covers says whether every subject that matches want also matches have.
func covers(have, want string) bool {
	h, w := strings.Split(have, "."), strings.Split(want, ".")
	for i, token := range h {
		switch {
		case token == ">":
			return len(w) > i
		case i >= len(w) || w[i] == ">":
			return false
		case token != "*" && token != w[i]:
			return false
		}
	}
	return len(h) == len(w)
}
