package roster

import (
	"slices"

	"shouwang/alerting"
	"shouwang/devices"
)

// Person is an account that can be told of alerts.
type Person struct {
	User     string
	Role     string
	Areas    []devices.AreaPath // that the account may see; "" is everything
	Provider string             // "" for nobody's
}

// People are all who can be told, by what targets name them by.
type People struct {
	users     map[string]Person
	roles     map[string][]Person
	providers map[string][]Person
}

// NewPeople indexes them.
func NewPeople(all []Person) *People {
	p := &People{users: map[string]Person{}, roles: map[string][]Person{}, providers: map[string][]Person{}}
	for _, one := range all {
		p.users[one.User] = one
		p.roles[one.Role] = append(p.roles[one.Role], one)
		if one.Provider != "" {
			p.providers[one.Provider] = append(p.providers[one.Provider], one)
		}
	}
	return p
}

// Knows says whether there is a person of that user name.
func (p *People) Knows(user string) bool {
	_, ok := p.users[user]
	return ok
}

// may says whether there is such a person, who may see the area.
func (p *People) may(user string, area devices.AreaPath) bool {
	one, ok := p.users[user]
	return ok && one.watches(area)
}

// watches says whether the person may see the area.
func (p *Person) watches(area devices.AreaPath) bool {
	return slices.ContainsFunc(p.Areas, func(a devices.AreaPath) bool { return a.Contains(area) })
}

// at says whether the person's own area is the village, town or county of an
// area. Who sees the whole service is of every county.
func (p *Person) at(level string, area devices.AreaPath) bool {
	for _, own := range p.Areas {
		if own == "" && level == alerting.LevelCounty {
			return true
		}
		if own != "" && alerting.LevelOf(own) == level && own.Contains(area) {
			return true
		}
	}
	return false
}

// inRole lists the people of a role for an alert in an area.
func (p *People) inRole(role, level string, area devices.AreaPath) []string {
	var users []string
	for i := range p.roles[role] {
		one := &p.roles[role][i]
		if level == "" && one.watches(area) || level != "" && one.at(level, area) {
			users = append(users, one.User)
		}
	}
	return users
}

// ofProvider lists the people of a provider who may see an area.
func (p *People) ofProvider(provider string, area devices.AreaPath) []string {
	var users []string
	if provider == "" {
		return nil
	}
	for i := range p.providers[provider] {
		if one := &p.providers[provider][i]; one.watches(area) {
			users = append(users, one.User)
		}
	}
	return users
}
