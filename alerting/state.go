package alerting

import "slices"

// Action is what a person does to an alert, or to one of its visits.
type Action string

// The actions on an alert, and those on its visits.
const (
	ActAck      Action = "ack"
	ActAssign   Action = "assign"
	ActNote     Action = "note"
	ActCall     Action = "call"
	ActEscalate Action = "escalate"
	ActMerge    Action = "merge"
	ActReopen   Action = "reopen" // acknowledged or closed back to open
	ActClose    Action = "close"
	ActLower    Action = "lower" // to a lower severity, which only people do

	ActDispatch Action = "dispatch" // a visit is created for the alert
	ActStart    Action = "start"
	ActReport   Action = "report"
	ActCancel   Action = "cancel"
)

// Actions lists all actions.
func Actions() []Action {
	return []Action{
		ActAck, ActAssign, ActNote, ActCall, ActEscalate, ActMerge, ActReopen, ActClose, ActLower,
		ActDispatch, ActStart, ActReport, ActCancel,
	}
}

// showsWork says whether the action proves that somebody works on the alert, so
// that the countdown of its acknowledgement starts anew. Handing it to somebody or
// up the area tree does not: it may lie there as well.
func (a Action) showsWork() bool {
	switch a {
	case ActAck, ActNote, ActCall, ActLower, ActCancel:
		return true
	}
	return false
}

// States lists all states of an alert, in the order of its life.
func States() []State { return []State{Open, Acknowledged, Dispatched, Visited, Closed} }

// transitions says which state follows which action; what is missing is not
// allowed. Beside people, a new episode rings any alert that is not closed back
// to open, and the recovery of a kind that may close itself closes it.
var transitions = map[State]map[Action]State{
	Open: {
		// Not ActLower: what rings is first acknowledged by somebody.
		ActAck: Acknowledged, ActAssign: Open, ActNote: Open, ActCall: Open, ActEscalate: Open,
		ActMerge: Closed, ActClose: Closed, ActDispatch: Dispatched,
		// A visit may be under way when a new episode rings the alert again.
		ActStart: Open, ActReport: Visited, ActCancel: Open,
	},
	Acknowledged: {
		ActLower: Acknowledged, ActAssign: Acknowledged, ActNote: Acknowledged, ActCall: Acknowledged, ActEscalate: Acknowledged,
		ActMerge: Closed, ActReopen: Open, ActClose: Closed, ActDispatch: Dispatched,
		ActStart: Acknowledged, ActReport: Visited, ActCancel: Acknowledged,
	},
	Dispatched: {
		ActLower: Dispatched, ActAssign: Dispatched, ActNote: Dispatched, ActCall: Dispatched, ActEscalate: Dispatched,
		ActClose: Closed, ActDispatch: Dispatched,
		ActStart: Dispatched, ActReport: Visited,
		ActCancel: Acknowledged, // while another visit is active it stays dispatched
	},
	Visited: {
		ActLower: Visited, ActAssign: Visited, ActNote: Visited, ActCall: Visited, ActEscalate: Visited,
		ActClose: Closed, ActDispatch: Dispatched,
		ActStart: Visited, ActReport: Visited, ActCancel: Visited,
	},
	Closed: {
		ActNote: Closed, ActReopen: Open,
		ActReport: Closed, // the report of a phone that had no signal is never lost
	},
}

// visitTransitions is the same for a visit. A report is taken even for a
// canceled visit: who stands at the door may not have heard of it.
var visitTransitions = map[VisitState]map[Action]VisitState{
	VisitPlanned:  {ActStart: VisitStarted, ActReport: VisitReported, ActCancel: VisitCanceled},
	VisitStarted:  {ActReport: VisitReported, ActCancel: VisitCanceled},
	VisitCanceled: {ActReport: VisitReported},
}

// Next is the state after the action, or a *StateError when the state does not
// allow it.
func (s State) Next(a Action) (State, error) {
	to, ok := transitions[s][a]
	if !ok {
		return s, &StateError{Action: string(a), State: s}
	}
	return to, nil
}

// Allows lists the actions the state allows, for the buttons of a page.
func (s State) Allows() []Action {
	return slices.DeleteFunc(Actions(), func(a Action) bool {
		_, ok := transitions[s][a]
		return !ok
	})
}

// Next is the state of a visit after the action, or a *StateError.
func (s VisitState) Next(a Action) (VisitState, error) {
	to, ok := visitTransitions[s][a]
	if !ok {
		return s, &StateError{Action: string(a), State: State(s)}
	}
	return to, nil
}

// Active says whether somebody is still to go.
func (s VisitState) Active() bool { return s == VisitPlanned || s == VisitStarted }
