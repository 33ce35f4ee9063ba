package notify

import (
	"context"
	"fmt"
	"net/mail"
	"regexp"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"shouwang/devices"
)

// maxChannels is how many ways one person may have.
const maxChannels = 20

// People knows by which channels everybody is told, from memory.
type People struct {
	store PeopleStore
	kinds map[string]string // of the configured channels, by name

	mu    sync.RWMutex
	known map[string]Person
}

// OpenPeople reads them.
func OpenPeople(ctx context.Context, store PeopleStore, channels []Channel) (*People, error) {
	p := &People{store: store, kinds: map[string]string{}}
	for _, c := range channels {
		p.kinds[c.Name] = c.Kind
	}
	return p, p.reload(ctx)
}

func (p *People) reload(ctx context.Context) error {
	known, err := p.store.People(ctx)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.known = known
	return nil
}

// person is how the user is told; unknown ones have no channel.
func (p *People) person(user string) Person {
	p.mu.RLock()
	defer p.mu.RUnlock()
	known := p.known[user]
	if known.Language == "" {
		known.Language = "zh"
	}
	return known
}

// Person is how the user is told, with when each channel was last tried.
func (p *People) Person(ctx context.Context, user string) (Person, error) {
	if err := p.reload(ctx); err != nil {
		return Person{}, err
	}
	return p.person(user), nil
}

// Reachable says whether a red notice would be sent to the user at that time: by
// an enabled channel that is configured. Quiet hours do not hold for red. A board
// session of the user's is not asked for here.
func (p *People) Reachable(user string, _ time.Time) bool {
	known := p.person(user)
	return slices.ContainsFunc(known.Channels, func(c PersonChannel) bool { return c.Enabled && p.configured(c.Channel) })
}

func (p *People) configured(channel string) bool { return p.kinds[channel] != "" }

// Put checks and replaces how the user is told.
func (p *People) Put(ctx context.Context, user string, to Person) error {
	if err := p.check(&to); err != nil {
		return err
	}
	if err := p.store.PutPerson(ctx, user, to); err != nil {
		return err
	}
	return p.reload(ctx)
}

func (p *People) check(to *Person) error {
	if to.Language != "zh" && to.Language != "en" {
		return &devices.InputError{Field: "language", Value: to.Language, Rule: "must be zh or en"}
	}
	if len(to.Channels) > maxChannels {
		return &devices.InputError{Field: "channels", Value: fmt.Sprint(len(to.Channels)), Rule: fmt.Sprintf("must be at most %d", maxChannels)}
	}
	seen := map[[2]string]bool{}
	for i, c := range to.Channels {
		field := func(name string) string { return fmt.Sprintf("channels[%d].%s", i, name) }
		if !p.configured(c.Channel) {
			return &devices.InputError{Field: field("channel"), Value: c.Channel, Rule: "must be a channel of the settings"}
		}
		if seen[[2]string{c.Channel, c.Address}] {
			return &devices.InputError{Field: field("address"), Value: c.Address, Rule: "must not be there twice"}
		}
		seen[[2]string{c.Channel, c.Address}] = true
		if rule := CheckAddress(p.kinds[c.Channel], c.Address); rule != "" {
			return &devices.InputError{Field: field("address"), Value: c.Address, Rule: rule}
		}
		for _, q := range []struct {
			name   string
			minute int
		}{{"quiet_from", c.QuietFrom}, {"quiet_to", c.QuietTo}} {
			if q.minute < 0 || q.minute >= 24*60 {
				return &devices.InputError{Field: field(q.name), Value: fmt.Sprint(q.minute), Rule: "must be a time of day"}
			}
		}
	}
	return nil
}

var (
	phone = regexp.MustCompile(`^\+?[0-9][0-9 -]{4,18}[0-9]$`)
	// The length is counted apart: 64 copies of all letters there are would be 2.5 MB.
	member = regexp.MustCompile(`^[\p{L}\p{N}@._+-]*$`)
)

// maxMember is the longest id of a member of a group, in characters.
const maxMember = 64

// CheckAddress says which rule an address of that kind of channel breaks, ""
// for none.
func CheckAddress(kind, address string) string {
	switch kind {
	case "sms", "voice":
		if !phone.MatchString(address) {
			return "must be a phone number"
		}
	case "email":
		if a, err := mail.ParseAddress(address); err != nil || a.Address != address || len(address) > 254 {
			return "must be an e-mail address"
		}
	default: // whom to mention in the group, or nobody
		if !member.MatchString(address) || utf8.RuneCountInString(address) > maxMember {
			return "must be a member's id or phone number in the group, or empty"
		}
	}
	return ""
}

// Masked is an address as a list shows it: enough to tell two of one person
// apart.
func Masked(address string) string {
	r := []rune(address)
	switch at := slices.Index(r, '@'); {
	case len(r) == 0:
		return ""
	case at > 0:
		return string(r[:1]) + "***" + string(r[at:])
	case len(r) <= 4:
		return "***"
	}
	return "***" + string(r[len(r)-4:])
}
