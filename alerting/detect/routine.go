package detect

import (
	"shouwang/alerting"
	"shouwang/devices"
)

type routine struct{ median float64 }

func (r *routine) firstL() float64 { return 10 }
func (r *routine) day(*habits)     {}

func (m *meterUse) judgeRoutine(_ *alerting.View, _ devices.DeviceID, found []alerting.Finding) []alerting.Finding {
	return found
}

func (w *writer) routine(*routine) {}
func (r *reader) routine(*routine) {}
