package devices

// CanaryVendor is the service's own vendor. Its two devices are in no register:
// the service publishes by them through the broker and watches what comes out at
// the other end (alerting/canary). No other device may have this vendor.
const CanaryVendor = "shouwang"

// The two devices of the canary, a meter and a band.
const (
	CanaryMeter DeviceID = CanaryVendor + "/canary-meter"
	CanaryBand  DeviceID = CanaryVendor + "/canary-band"
)

// Canary is a device of the canary; false for all others.
func Canary(id DeviceID) (*Device, bool) {
	switch id {
	case CanaryMeter:
		return &Device{ID: CanaryMeter, Kind: WaterMeter}, true
	case CanaryBand:
		return &Device{ID: CanaryBand, Kind: Wristband}, true
	}
	return nil, false
}
