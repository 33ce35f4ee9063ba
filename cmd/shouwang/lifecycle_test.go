package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestPartsStopInReverseAndThenAllIsClosed(t *testing.T) {
	var mu sync.Mutex
	var order []string
	note := func(s string) { mu.Lock(); defer mu.Unlock(); order = append(order, s) }
	part := func(name string) (string, func(context.Context) error) {
		return name, func(ctx context.Context) error { <-ctx.Done(); note(name); return ctx.Err() }
	}
	var l lifecycle
	l.run(part("broker"))
	l.run(part("journal"))
	l.run(part("board"))
	l.onClose("database", func() error { note("database"); return nil })
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if err := l.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if want := []string{"board", "journal", "broker", "database"}; !slices.Equal(order, want) {
		t.Errorf("stopped in the order %v, want %v", order, want)
	}
}

func TestAPartThatFailsStopsAll(t *testing.T) {
	var l lifecycle
	stopped := false
	l.run("broker", func(ctx context.Context) error { <-ctx.Done(); stopped = true; return nil })
	l.run("board", func(context.Context) error { return errors.New("address in use") })
	err := l.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "board: address in use") {
		t.Errorf("error %v does not name the part and the reason", err)
	}
	if !stopped {
		t.Error("the broker was left running")
	}
}

func TestAPartThatEndsByItselfIsAFailure(t *testing.T) {
	var l lifecycle
	l.run("journal", func(context.Context) error { return nil })
	if err := l.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "journal: ended by itself") {
		t.Errorf("error %v", err)
	}
}

func TestAPartThatHangsDoesNotHoldUpTheStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l lifecycle
		brokerStopped := time.Time{}
		l.run("broker", func(ctx context.Context) error { <-ctx.Done(); brokerStopped = time.Now(); return nil })
		l.run("board", func(context.Context) error { time.Sleep(time.Minute); return nil })
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		start := time.Now()
		_ = l.Run(ctx)
		if waited := brokerStopped.Sub(start); waited != stopWithin {
			t.Errorf("the broker was stopped after %v, want %v", waited, stopWithin)
		}
	})
}
