package alerting

// RuleVersion is one change of the rules, and what its scope has had since.
type RuleVersion struct {
	RuleChange
	Rules *Rules
}
