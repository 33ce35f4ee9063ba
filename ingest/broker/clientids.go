package broker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	clientIDStream  = "client_ids"
	clientIDSubject = "client_ids."
	// maxClientIDs is how many client ids one user may hold at a time; each
	// can keep a stored session in the server, and those never expire.
	maxClientIDs = 16
	storeTimeout = 5 * time.Second
)

// clientIDs remembers whose client id each is. The server would hand a stored
// session to whoever connects with its client id, and the bare device ids of
// two vendors can be the same; so an id stays with the user who came first,
// over restarts too, until neither a connection nor a stored session is left.
type clientIDs struct {
	js    jetstream.JetStream
	inUse func(ctx context.Context, user, clientID string) (bool, error)

	mu    sync.Mutex
	owner map[string]string
	held  map[string]map[string]struct{} // user: ids
}

type clientIDRecord struct {
	ID   string `json:"id"`
	User string `json:"user"`
}

func newClientIDs(js jetstream.JetStream, inUse func(ctx context.Context, user, clientID string) (bool, error)) *clientIDs {
	return &clientIDs{js: js, inUse: inUse, owner: map[string]string{}, held: map[string]map[string]struct{}{}}
}

func (c *clientIDs) load(ctx context.Context) error {
	stream, err := c.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: clientIDStream, Subjects: []string{clientIDSubject + ">"},
		Storage: jetstream.FileStorage, MaxMsgsPerSubject: 1, AllowDirect: true,
	})
	if err != nil {
		return fmt.Errorf("open client ids: %w", err)
	}
	left := stream.CachedInfo().State.Msgs
	if left == 0 {
		return nil
	}
	consumer, err := stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return fmt.Errorf("read client ids: %w", err)
	}
	messages, err := consumer.Messages()
	if err != nil {
		return fmt.Errorf("read client ids: %w", err)
	}
	defer messages.Stop()
	for ; left > 0; left-- {
		msg, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return fmt.Errorf("read client ids: %w", err)
		}
		var r clientIDRecord
		if err := json.Unmarshal(msg.Data(), &r); err != nil {
			return fmt.Errorf("read client ids: %w", err)
		}
		c.set(r.ID, r.User)
	}
	return nil
}

// claim gives the client id to the user, or says that it is in use by another.
// Claims are one at a time: a take-over that races with its victim's reconnect
// must not let both in.
func (c *clientIDs) claim(id, user string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	owner, bound := c.owner[id]
	if bound && owner == user {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	if bound {
		used, err := c.inUse(ctx, owner, id)
		if err != nil {
			return err
		}
		if used {
			return refuse(badClientID, "client id %q is in use by another user", id)
		}
	}
	if len(c.held[user]) >= maxClientIDs {
		if err := c.release(ctx, user); err != nil {
			return err
		}
		if len(c.held[user]) >= maxClientIDs {
			return refuse(badClientID, "client id %q: the user already has %d others with a stored session", id, maxClientIDs)
		}
	}
	data, err := json.Marshal(clientIDRecord{id, user})
	if err != nil {
		return err
	}
	if _, err := c.js.Publish(ctx, clientIDKey(id), data); err != nil {
		return fmt.Errorf("store client id: %w", err)
	}
	c.unset(id)
	c.set(id, user)
	return nil
}

// release lets go of the user's ids that nothing is left of.
func (c *clientIDs) release(ctx context.Context, user string) error {
	stream, err := c.js.Stream(ctx, clientIDStream)
	if err != nil {
		return fmt.Errorf("release client ids: %w", err)
	}
	for id := range c.held[user] {
		used, err := c.inUse(ctx, user, id)
		if err != nil {
			return err
		}
		if used {
			continue
		}
		if err := stream.Purge(ctx, jetstream.WithPurgeSubject(clientIDKey(id))); err != nil {
			return fmt.Errorf("release client id: %w", err)
		}
		c.unset(id)
	}
	return nil
}

func (c *clientIDs) set(id, user string) {
	c.owner[id] = user
	if c.held[user] == nil {
		c.held[user] = map[string]struct{}{}
	}
	c.held[user][id] = struct{}{}
}

func (c *clientIDs) unset(id string) {
	user, ok := c.owner[id]
	if !ok {
		return
	}
	delete(c.owner, id)
	delete(c.held[user], id)
	if len(c.held[user]) == 0 {
		delete(c.held, user)
	}
}

func clientIDKey(id string) string {
	sum := sha256.Sum256([]byte(id))
	return clientIDSubject + hex.EncodeToString(sum[:16])
}

// sessionKey is the subject under which the server stores the session of a
// client id.
func sessionKey(clientID string) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	sum := sha256.Sum256([]byte(clientID))
	key := sum[:8]
	for i, b := range key {
		key[i] = digits[int(b)%len(digits)]
	}
	return sessionPrefix + string(key)
}

// storedSession says whether the server keeps a session for the client id that
// outlives its connection.
func storedSession(ctx context.Context, js jetstream.JetStream, clientID string) (bool, error) {
	stream, err := js.Stream(ctx, sessionStream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for session: %w", err)
	}
	msg, err := stream.GetLastMsgForSubject(ctx, sessionKey(clientID))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for session: %w", err)
	}
	var session struct {
		ID    string `json:"id"`
		Clean bool   `json:"clean"`
	}
	if err := json.Unmarshal(msg.Data, &session); err != nil {
		return false, fmt.Errorf("read session: %w", err)
	}
	// A clean session's record is removed when its connection ends; one that
	// is still there was left by a crash and means nothing.
	return session.ID == clientID && !session.Clean, nil
}
