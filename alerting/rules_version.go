package alerting

import "time"

// RuleVersion is one change of the rules: from when it holds, who made it and why.
type RuleVersion struct {
	Rules  *Rules
	From   time.Time
	By     string // user name
	Reason string
}
