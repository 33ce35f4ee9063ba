package devices

import (
	"fmt"
	"strings"
	"time"
)

// DeviceID names a device for the whole service: "vendor/id", as in its topics
// and in the one tag of the time series.
type DeviceID string

// NewDeviceID joins vendor and id, each checked by CheckName.
func NewDeviceID(vendor, id string) (DeviceID, error) {
	if err := CheckName("vendor", vendor); err != nil {
		return "", err
	}
	if err := CheckName("device", id); err != nil {
		return "", err
	}
	return DeviceID(vendor + "/" + id), nil
}

// Split returns vendor and id. An id without a slash has no vendor.
func (d DeviceID) Split() (vendor, id string) {
	v, i, ok := strings.Cut(string(d), "/")
	if !ok {
		return "", v
	}
	return v, i
}

// Vendor is the part before the slash.
func (d DeviceID) Vendor() string { v, _ := d.Split(); return v }

// CheckName refuses what cannot stand in an MQTT topic level or client id: an
// empty name, one over 64 bytes, whitespace and control characters, and any of
// * > + # / ~.
func CheckName(field, name string) error {
	if name == "" {
		return fmt.Errorf("%s: empty: a name has 1 to 64 bytes", field)
	}
	if len(name) > 64 {
		return fmt.Errorf("%s: %q: longer than 64 bytes", field, name)
	}
	for _, r := range name {
		if r <= ' ' || r == 0x7f || r == '\u00a0' || r == '\u3000' || r == '\ufffd' {
			return fmt.Errorf("%s: %q: whitespace and control characters are not allowed", field, name)
		}
		switch r {
		case '*', '>', '+', '#', '/', '~':
			return fmt.Errorf("%s: %q: none of * > + # / ~ is allowed", field, name)
		}
	}
	return nil
}

// Kind of a device: what it measures and how its silence is judged.
type Kind string

// The kinds of device the two founding deployments have.
const (
	WaterMeter Kind = "water_meter"
	Wristband  Kind = "wristband"
)

// Device is an entry of the registry.
type Device struct {
	ID   DeviceID
	Kind Kind
	// Area is where the device stands, used while no resident is assigned.
	Area AreaPath
	// ClientID is the pinned MQTT client id, "" when none is pinned.
	ClientID string
	// Disabled devices may neither connect nor be heard.
	Disabled bool
	Created  time.Time
}

// Login is who has proved to be at the other end of an MQTT connection: one
// device, or a vendor's gateway that speaks for all devices of its vendor.
type Login struct {
	// User is the MQTT user name: "vendor/device" or "vendor:vendor".
	User   string
	Vendor string
	// Device is empty for a gateway.
	Device DeviceID
	// ClientID is the pinned client id, "" when none is pinned.
	ClientID string
}
