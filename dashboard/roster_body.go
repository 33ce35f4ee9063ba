package dashboard

import (
	"time"

	"shouwang/alerting"
	"shouwang/alerting/roster"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

type policyIn struct {
	Body struct {
		roster.Policy

		Reason string `json:"reason" minLength:"1" maxLength:"1000" doc:"Why; kept with the change."`
	}
}

type rotaIn struct {
	ByID
	Body struct {
		Name      string           `json:"name" minLength:"1" maxLength:"60"`
		Area      devices.AreaPath `json:"area"`
		Turn      string           `json:"turn" enum:"shift,day,week,explicit"`
		Start     string           `json:"start,omitempty" maxLength:"10" doc:"The first team begins with this day's first handover."`
		Handovers []string         `json:"handovers,omitempty" maxItems:"24" doc:"Times of day, as 08:00, in order."`
		Teams     [][]string       `json:"teams,omitempty" maxItems:"100" doc:"User names, team by team, in the order of their turns."`
		Shifts    []roster.Shift   `json:"shifts,omitempty" maxItems:"2000" doc:"Of an explicit rota."`
		Reason    string           `json:"reason" minLength:"1" maxLength:"1000"`
	}
}

type overrideIn struct {
	Body struct {
		Rota   string    `json:"rota" maxLength:"64"`
		From   time.Time `json:"from"`
		To     time.Time `json:"to"`
		Away   string    `json:"away,omitempty" maxLength:"64" doc:"Who is replaced; everybody on duty without it."`
		By     string    `json:"by" minLength:"1" maxLength:"64" doc:"Who comes instead, by user name."`
		Reason string    `json:"reason" minLength:"1" maxLength:"1000"`
	}
}

type holidayIn struct {
	Body struct {
		Rota   string   `json:"rota" maxLength:"64"`
		Name   string   `json:"name" minLength:"1" maxLength:"60"`
		From   string   `json:"from" maxLength:"10"`
		To     string   `json:"to" maxLength:"10" doc:"The last day."`
		People []string `json:"people" minItems:"1" maxItems:"50"`
		Reason string   `json:"reason" minLength:"1" maxLength:"1000"`
	}
}

type settingsIn struct {
	Body struct {
		roster.Settings

		Reason string `json:"reason" minLength:"1" maxLength:"1000" doc:"Why; kept with the change."`
	}
}

type removeIn struct {
	ByID
	Reason string `query:"reason" maxLength:"1000" doc:"Why; kept with the change."`
}

// effectivePolicy is what holds in an area for one severity.
type effectivePolicy struct {
	roster.Policy
	Entered bool `json:"entered" doc:"It was entered, for the area it names; else it is the one a fresh service has."`
}

type policiesOut struct {
	Items     []roster.Policy   `json:"items" doc:"Those that were entered."`
	Effective []effectivePolicy `json:"effective" doc:"What holds in the area that was asked for, by severity."`
}

// rotaView is a rota with who works by it for a week.
type rotaView struct {
	roster.Rota
	OnDuty []string       `json:"on_duty" doc:"Who is on duty now."`
	Week   []roster.Shift `json:"week" doc:"From the day that was asked for, seven days."`
}

type rotasOut struct {
	Items    []rotaView  `json:"items"`
	People   []colleague `json:"people" doc:"Who can be put on a rota."`
	TimeZone string      `json:"time_zone"`
}

type colleague struct {
	User      string      `json:"user"`
	Name      string      `json:"name"`
	Role      access.Role `json:"role"`
	Watching  bool        `json:"watching" doc:"Sits at a board now."`
	Reachable bool        `json:"reachable" doc:"Can be told now, at a board or by a channel."`
}

type nowStep struct {
	AfterS    int         `json:"after_s"`
	Level     string      `json:"level"`
	People    []colleague `json:"people"`
	Reachable bool        `json:"reachable"`
}

type nowOut struct {
	Area       devices.AreaPath  `json:"area"`
	Severity   alerting.Severity `json:"severity"`
	At         time.Time         `json:"at"`
	Policy     effectivePolicy   `json:"policy"`
	OnDuty     []nowRota         `json:"on_duty"`
	Steps      []nowStep         `json:"steps" doc:"Who would be told of an alert here that rings now, at which second."`
	UnseenS    int               `json:"unseen_s" doc:"Seconds within which somebody must have seen it, else the next step is taken at once."`
	WaitsUntil *time.Time        `json:"waits_until" doc:"It would wait for the morning until then."`
	Watching   []colleague       `json:"watching" doc:"Who sits at a desk's board now and watches the area."`
}

type nowRota struct {
	ID     string      `json:"id"`
	Name   string      `json:"name"`
	People []colleague `json:"people"`
	Until  *time.Time  `json:"until" doc:"When the shift ends, if that is within a week."`
}

type coverageOut struct {
	From     time.Time    `json:"from"`
	Hours    int          `json:"hours"`
	Villages int          `json:"villages"`
	Gaps     []roster.Gap `json:"gaps" doc:"Times in which nobody could be told of a red alert."`
}

type rosterChange struct {
	Version int64            `json:"version"`
	At      time.Time        `json:"at"`
	What    string           `json:"what" enum:"policy,rota,override,holiday,settings"`
	ID      string           `json:"id"`
	Area    devices.AreaPath `json:"area"`
	Gone    bool             `json:"gone" doc:"It was taken away."`
	By      string           `json:"by"`
	Reason  string           `json:"reason"`
}

type inArea struct {
	Area devices.AreaPath `query:"area" maxLength:"200"`
}
