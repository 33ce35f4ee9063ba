package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"shouwang/alerting/notify"
	"shouwang/alerting/store"
	"shouwang/dashboard"
	"shouwang/devices"
	"shouwang/devices/registry"
)

// telling is how people are told: the channels of the settings, who has which,
// and the links in messages. The dispatcher sends once it runs.
type telling struct {
	people   *notify.People
	links    *notify.Links
	texts    *notify.Texts
	dispatch *notify.Dispatcher
}

// newTelling reads people's channels; it sends nothing yet.
func (a *app) newTelling(ctx context.Context, zone *time.Location) (*telling, error) {
	s := &a.settings.Notify
	list, err := s.channels()
	if err != nil {
		return nil, fmt.Errorf("channels: %w", err)
	}
	t := &telling{links: &notify.Links{Base: s.BaseURL, Lasts: s.LinkLasts}}
	if t.links.Lasts == 0 {
		t.links.Lasts = 12 * time.Hour
	}
	if t.links.Key, err = a.alerts.ServiceKey(ctx, "acknowledge links"); err != nil {
		return nil, err
	}
	if t.people, err = notify.OpenPeople(ctx, a.alerts, list); err != nil {
		return nil, err
	}
	names := &areaNames{registry: a.registry}
	t.texts = &notify.Texts{AreaName: names.name, Link: t.links.For(time.Now), Zone: zone}
	t.dispatch = notify.NewDispatcher(notify.Options{
		Outbox: a.alerts, People: t.people, Channels: list, Timing: s.timing(zone),
		Texts: *t.texts, Delivered: a.alerts.Delivered,
		Log: a.log, Metrics: a.metrics,
	})
	return t, nil
}

// forDashboard is what the board shows and changes of it.
func (t *telling) forDashboard(alerts *store.Store) *dashboard.Telling {
	return &dashboard.Telling{People: t.people, Dispatcher: t.dispatch, Outbox: alerts, Links: t.links, Texts: t.texts}
}

// areaNames are the names of areas for texts, read again after a minute.
type areaNames struct {
	registry *registry.Registry

	mu    sync.Mutex
	known map[devices.AreaPath]string
	until time.Time
}

func (n *areaNames) name(path devices.AreaPath) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if now := time.Now(); now.After(n.until) {
		areas, err := n.registry.Areas(context.Background(), devices.Everywhere())
		if err == nil { // from memory
			n.known = make(map[devices.AreaPath]string, len(areas))
			for _, a := range areas {
				n.known[a.Path] = a.Name
			}
		}
		n.until = now.Add(time.Minute)
	}
	return n.known[path]
}
