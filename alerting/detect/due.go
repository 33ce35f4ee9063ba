package detect

import "shouwang/alerting"

// When the detectors need their ticks (see alerting.Sleeper). Those that judge
// by what they hear need none.

// Due implements alerting.Sleeper.
func (*Calls) Due(*alerting.View) alerting.Due { return alerting.Due{} }

// Due implements alerting.Sleeper.
func (*Vitals) Due(*alerting.View) alerting.Due { return alerting.Due{} }

// Due implements alerting.Sleeper.
func (*WaterUse) Due(*alerting.View) alerting.Due { return alerting.Due{} }

// Due implements alerting.Sleeper.
func (*Battery) Due(*alerting.View) alerting.Due { return alerting.Due{} }

// Due implements alerting.Sleeper.
func (*Faults) Due(*alerting.View) alerting.Due { return alerting.Due{} }

// Due implements alerting.Sleeper.
func (*NotWorn) Due(*alerting.View) alerting.Due { return alerting.Due{} }

// Due implements alerting.Sleeper: when the device has been quiet for so long.
func (s *Silence) Due(v *alerting.View) alerting.Due {
	if s.state.HeardAt.IsZero() || v.Device == nil {
		return alerting.Due{}
	}
	severity, due := s.stage(v)
	if severity == "" {
		return alerting.Due{}
	}
	return alerting.Due{Watched: s.state.Heard + due}
}

// Due implements alerting.Sleeper: while the resident is away, every tick moves
// the earliest time of a proof.
func (d *WaterInactivity) Due(v *alerting.View) alerting.Due {
	if v.Away {
		return alerting.Due{At: v.Now}
	}
	return alerting.Due{}
}

// Due implements alerting.Sleeper.
func (*Trend) Due(*alerting.View) alerting.Due { return alerting.Due{} }
