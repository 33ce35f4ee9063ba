package alerting

import (
	"cmp"
	"slices"
)

// TruthOf is what a truth rate is about.
type TruthOf struct {
	Kind Kind   `json:"kind"`
	Rule string `json:"rule"`
}

// TruthRate says how the alerts of a kind and rule ended. What was entered twice,
// tried out, or ended by itself before anybody found out is not judged.
type TruthRate struct {
	TruthOf

	Judged   int `json:"judged" doc:"Closed alerts of which people found out what they were."`
	Real     int `json:"real" doc:"Somebody needed help, or had died."`
	Useful   int `json:"useful" doc:"Nothing of danger, but worth knowing: a repair, a broken device."`
	False    int `json:"false" doc:"All was well, or the alert was wrong."`
	Unjudged int `json:"unjudged" doc:"Ended by itself, entered twice, or a test."`
	// ByCause counts the false ones by what was entered as their cause.
	ByCause map[Cause]int `json:"by_cause" doc:"Of the false ones, by cause."`
}

// Rate is the share of those judged that were real or useful, from 0 to 1; false
// while none was judged.
func (t *TruthRate) Rate() (float64, bool) {
	if t.Judged == 0 {
		return 0, false
	}
	return float64(t.Real+t.Useful) / float64(t.Judged), true
}

// Count adds alerts that ended so:
//
//	real      real_emergency, assisted, hospital, deceased
//	useful    device_fault, repair
//	false     well, away, refused, false_alarm
//	unjudged  recovered, duplicate, test, false_alarm by test
func (t *TruthRate) Count(o Outcome, cause Cause, n int) {
	switch o {
	case RealEmergency, Assisted, InHospital, DeceasedFound:
		t.Real += n
	case DeviceFault, Repair:
		t.Useful += n
	case Well, AwayFromHome, Refused, FalseAlarm:
		if cause == CauseTest {
			t.Unjudged += n
			return
		}
		t.False += n
		if cause == "" && o == AwayFromHome {
			cause = CauseAway
		}
		if cause != "" {
			if t.ByCause == nil {
				t.ByCause = map[Cause]int{}
			}
			t.ByCause[cause] += n
		}
	case Recovered, Duplicate, Test:
		fallthrough
	default:
		t.Unjudged += n
		return
	}
	t.Judged += n
}

// SortedTruth lists rates in the order of the table of kinds.
func SortedTruth(of map[TruthOf]*TruthRate) []TruthRate {
	order := Kinds()
	list := make([]TruthRate, 0, len(of))
	for _, t := range of {
		if t.ByCause == nil {
			t.ByCause = map[Cause]int{}
		}
		list = append(list, *t)
	}
	slices.SortFunc(list, func(a, b TruthRate) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Kind), slices.Index(order, b.Kind)), cmp.Compare(a.Rule, b.Rule))
	})
	return list
}
