package household

import (
	"cmp"
	"slices"
	"time"

	"shouwang/devices"
)

// What labels say. Incidents, then what is true of a life, then of its data.
const (
	Collapse      = "collapse"       // lies somewhere: no use, no steps, until found
	SOS           = "sos"            // presses the button
	Fall          = "fall"           // falls, and the band feels it
	Fever         = "fever"          // body temperature above 38.2 °C
	LowSpO2       = "low_spo2"       // saturation of 82–89 %
	OffWrist      = "off_wrist"      // the band is forgotten for over half a day
	Leak          = "leak"           // constant flow
	Burst         = "burst"          // hundreds of litres an hour
	GatewayOutage = "gateway_outage" // a village's meters are not heard
	LateBatch     = "late_batch"     // readings arrive together, late
	GoingAway     = "going_away"     // for days, and nobody was told (also labelled absence)

	Absence          = "absence"           // a night or more elsewhere, unannounced
	AnnouncedAbsence = "absence_announced" // the service was told beforehand, or the person is in hospital
	Drift            = "drift"             // a habit has changed, until the end
	Infection        = "infection"         // ill, on a band: the pulse is up from two days before until two days after
	Illness          = "illness"           // ill, on the meter of somebody without a band: does less, stays in bed
	Guests           = "guests"            // family stays overnight
	FrostDrip        = "frost_drip"        // a tap runs against frost
	FrozenPipe       = "frozen_pipe"       // no water for frost
	WaterCut         = "water_cut"         // no water in the village
	Reset            = "reset"             // the register began again at zero
	BackwardStep     = "backward_step"
	Backlog          = "backlog"      // a band without network sends later, out of order
	BatteryDead      = "battery_dead" // a band is silent until it is charged
)

// IncidentKinds are the incidents that can be asked for.
func IncidentKinds() []string {
	return []string{Collapse, SOS, Fall, Fever, LowSpO2, OffWrist, Leak, Burst, GatewayOutage, LateBatch, GoingAway}
}

// Label is one true thing about a device or the person behind it.
type Label struct {
	Device   devices.DeviceID
	Kind     string
	From, To time.Time
}

func sortLabels(list []Label) {
	slices.SortStableFunc(list, func(a, b Label) int {
		return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Device, b.Device), cmp.Compare(a.Kind, b.Kind))
	})
}
