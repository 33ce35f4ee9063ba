package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"shouwang/alerting/notify"
	"shouwang/alerting/store"
	"shouwang/dashboard/access"
	"shouwang/devices"
	"shouwang/devices/database"
)

// receiver is a webhook of our own that counts messages and notices by key. It
// lives while the service is killed.
type receiver struct {
	url    string
	server *http.Server

	mu       sync.Mutex
	messages map[string]int
	notices  map[string]int
}

// takes is how long the receiver works on a message, so that kills fall into it.
const takes = 20 * time.Millisecond

func newReceiver(ctx context.Context) (*receiver, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &receiver{url: "http://" + listener.Addr().String() + "/", messages: map[string]int{}, notices: map[string]int{}}
	r.server = &http.Server{Handler: http.HandlerFunc(r.take), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = r.server.Serve(listener) }() // ends by close
	return r, nil
}

func (r *receiver) close() { _ = r.server.Close() }

func (r *receiver) take(w http.ResponseWriter, req *http.Request) {
	var in struct {
		Data struct {
			Key     string   `json:"key"`
			Notices []string `json:"notices"`
		} `json:"data"`
	}
	if err := json.NewDecoder(req.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	// Counted first: what is killed from here on was received.
	r.mu.Lock()
	r.messages[in.Data.Key]++
	for _, key := range in.Data.Notices {
		r.notices[key]++
	}
	r.mu.Unlock()
	time.Sleep(takes)
	w.WriteHeader(http.StatusNoContent)
}

// told is what the run expects of each notice.
func (r *receiver) told(key string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.notices[key]
}

func (r *receiver) twice() (messages, more int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range r.messages {
		messages += n
		more += n - 1
	}
	return messages, more
}

// duty are the people of the run, each asked one step later than the one before.
func duty() []string { return []string{"desk", "town", "county"} }

// callsPerLife is how many call for help between two kills.
const callsPerLife = 4

// killWhileTelling kills the service while alerts open, climb their steps and
// people are told of them: every notice reaches the receiver, at most one more
// message for each kill, and nothing waits at the end.
func killWhileTelling(ctx context.Context, h *harness) (err error) {
	kills := min(h.Kills, 30)
	hook, err := newReceiver(ctx)
	if err != nil {
		return err
	}
	defer hook.close()
	dir, err := h.folder("notify")
	if err != nil {
		return err
	}
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("whsec_"+"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="), 0o600); err != nil {
		return err
	}
	s, err := h.newService(ctx, dir, 1, (kills+1)*callsPerLife, "--notify-webhook-url", hook.url, "--notify-webhook-secret-file", secret)
	if err != nil {
		return err
	}
	if err := enterDuty(ctx, s.data); err != nil {
		return err
	}
	if err := s.run(ctx); err != nil {
		return err
	}
	defer func() { s.kill(); err = errors.Join(err, s.fault()) }()
	if err := s.policy(ctx); err != nil {
		return err
	}
	help := calls((kills + 1) * callsPerLife)
	if err := s.livesOfCalls(ctx, h, help, kills); err != nil {
		return err
	}
	return s.expectTold(ctx, h, hook, len(help), kills)
}

// enterDuty makes the people and lets the webhook tell them.
func enterDuty(ctx context.Context, data string) (err error) {
	db, err := database.Open(ctx, filepath.Join(data, "state.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	accounts, people := access.New(db, access.Options{}), store.New(db)
	for _, name := range duty() {
		account := access.Account{Username: name, Name: name, Role: access.Duty, Areas: []devices.AreaPath{"f"}}
		if err := accounts.Create(ctx, account, ""); err != nil {
			return err
		}
		// The receiver is told who it is for.
		if err := people.PutPerson(ctx, name, notify.Person{Language: "zh", Channels: []notify.PersonChannel{{Channel: "webhook", Address: name, Enabled: true}}}); err != nil {
			return err
		}
	}
	return nil
}

// policy asks one after the other, a second apart.
func (s *service) policy(ctx context.Context) error {
	steps := []any{}
	for i, name := range duty() {
		steps = append(steps, map[string]any{"after_s": i, "targets": []any{map[string]any{"user": name}}})
	}
	body, err := json.Marshal(map[string]any{"area": "f", "severity": "red", "unseen_s": 0, "steps": steps, "reason": "faults"})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://"+s.http+"/api/v1/roster/policies", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // nothing is read
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("put policy: %s", resp.Status)
	}
	return nil
}

// outboxItem is a notice as the API has it.
type outboxItem struct {
	Key, Alert, State, Why, Person string
}

func (s *service) outbox(ctx context.Context) (all []outboxItem, err error) {
	for cursor := ""; ; {
		body, err := s.get(ctx, "/api/v1/outbox?limit=500&cursor="+cursor)
		if err != nil {
			return nil, err
		}
		var page struct {
			Items []outboxItem
			Next  *string
		}
		if err := json.Unmarshal(body, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if page.Next == nil || *page.Next == "" {
			return all, nil
		}
		cursor = *page.Next
	}
}

// expectTold waits until every alert has climbed all its steps and nothing is
// left to be sent, and holds what was received against the outbox.
func (s *service) expectTold(ctx context.Context, h *harness, hook *receiver, alerts, kills int) error {
	var all []outboxItem
	want := alerts * len(duty())
	about := 0
	err := within(ctx, patience, fine, "all steps are taken and told", func() bool {
		var err error
		if all, err = s.outbox(ctx); err != nil {
			return false
		}
		about = 0
		for _, n := range all {
			if n.Alert != "" {
				about++
			}
			if n.State == string(notify.Waiting) {
				return false
			}
		}
		return about >= want
	})
	missing, undelivered := 0, 0
	for _, n := range all {
		if n.Alert == "" {
			continue
		}
		if n.State != string(notify.Delivered) {
			undelivered++
		}
		if hook.told(n.Key) == 0 {
			missing++
		}
	}
	messages, twice := hook.twice()
	h.say("killed %d times; %d alerts, %d notices, %d messages received, %d of them more than once; %d notices never received, %d not delivered",
		kills, alerts, about, messages, twice, missing, undelivered)
	switch {
	case err != nil:
		return err
	case missing > 0 || undelivered > 0:
		return fmt.Errorf("%d notices were never received, %d are not delivered", missing, undelivered)
	case twice > kills:
		return fmt.Errorf("%d messages more than once in %d kills", twice, kills)
	}
	return nil
}
