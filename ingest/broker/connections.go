package broker

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/nats-io/nats-server/v2/server"
)

// connections knows who is behind each MQTT connection, from before its login
// is checked until the next look after its end. The server's own listing
// (Connz) reads what a connecting client is just writing, so it is not used.
type connections struct {
	alive func(id uint64) bool

	mu     sync.Mutex
	byUser map[string]map[uint64]string // connection: client id
}

func newConnections(alive func(uint64) bool) *connections {
	return &connections{alive: alive, byUser: map[string]map[uint64]string{}}
}

// add enters a connection; remove takes a refused one out again.
func (c *connections) add(user string, id uint64, clientID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.prune(user)
	if c.byUser[user] == nil {
		c.byUser[user] = map[uint64]string{}
	}
	c.byUser[user][id] = clientID
}

func (c *connections) remove(user string, id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.byUser[user], id)
	if len(c.byUser[user]) == 0 {
		delete(c.byUser, user)
	}
}

// of lists the open connections of a user.
func (c *connections) of(user string) []uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.prune(user)
	ids := make([]uint64, 0, len(c.byUser[user]))
	for id := range c.byUser[user] {
		ids = append(ids, id)
	}
	return ids
}

// has says whether the user is connected with the client id.
func (c *connections) has(user, clientID string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.prune(user)
	for _, other := range c.byUser[user] {
		if other == clientID {
			return true
		}
	}
	return false
}

func (c *connections) prune(user string) {
	for id := range c.byUser[user] {
		if !c.alive(id) {
			delete(c.byUser[user], id)
		}
	}
	if len(c.byUser[user]) == 0 {
		delete(c.byUser, user)
	}
}

// origin tells an MQTT connection and its client id from an in-process one.
// The server gives both only in the name it uses for the connection in its log:
// `address - mid:NUMBER - "client id"`. Anything else is let in nowhere.
func origin(c server.ClientAuthentication) (isMQTT bool, clientID string, err error) {
	name, ok := c.(fmt.Stringer)
	if !ok {
		return false, "", refuse(internal, "connection has no name")
	}
	s := name.String()
	if _, quoted, ok := strings.Cut(s, fmt.Sprintf(" - mid:%d - ", c.GetID())); ok {
		if clientID, err = strconv.Unquote(quoted); err != nil {
			return false, "", refuse(internal, "connection name: client id: %w", err)
		}
		return true, clientID, nil
	}
	if strings.HasSuffix(s, fmt.Sprintf("cid:%d", c.GetID())) {
		return false, "", nil
	}
	return false, "", refuse(internal, "connection of an unknown type")
}
