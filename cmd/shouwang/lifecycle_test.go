package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestPartsStopInReverseAndThenAllIsClosed(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	l := newLifecycle(ctx)
	var order []string // parts stop one after the other, so this needs no lock
	part := func(name string) {
		l.start(name, func(ctx context.Context) error { <-ctx.Done(); order = append(order, name); return ctx.Err() })
	}
	l.closing("database", func() error { order = append(order, "database"); return nil })
	part("broker")
	part("journal")
	part("board")
	cancel()
	<-l.ending.Done()
	if err := l.stop(); err != nil {
		t.Fatal(err)
	}
	if want := []string{"board", "journal", "broker", "database"}; !slices.Equal(order, want) {
		t.Errorf("stopped in the order %v, want %v", order, want)
	}
}

func TestAPartThatFailsStopsAll(t *testing.T) {
	l := newLifecycle(t.Context())
	stopped := false
	l.start("broker", func(ctx context.Context) error { <-ctx.Done(); stopped = true; return nil })
	l.start("board", func(context.Context) error { return errors.New("address in use") })
	<-l.ending.Done()
	err := l.stop()
	if err == nil || !strings.Contains(err.Error(), "board: address in use") {
		t.Errorf("error %v does not name the part and the reason", err)
	}
	if !stopped {
		t.Error("the broker was left running")
	}
}

func TestAPartThatEndsByItselfIsAFailure(t *testing.T) {
	l := newLifecycle(t.Context())
	l.start("journal", func(context.Context) error { return nil })
	<-l.ending.Done()
	if err := l.stop(); err == nil || !strings.Contains(err.Error(), "journal: ended by itself") {
		t.Errorf("error %v", err)
	}
}

func TestAPartThatHangsDoesNotHoldUpTheStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLifecycle(t.Context())
		brokerStopped := make(chan time.Time, 1)
		l.start("broker", func(ctx context.Context) error { <-ctx.Done(); brokerStopped <- time.Now(); return nil })
		l.start("board", func(context.Context) error { time.Sleep(time.Minute); return nil })
		start := time.Now()
		if err := l.stop(); err == nil {
			t.Error("nobody was told that a part hung")
		}
		if waited := (<-brokerStopped).Sub(start); waited != stopWithin {
			t.Errorf("the broker was stopped after %v, want %v", waited, stopWithin)
		}
		if waited := time.Since(start); waited > 10*time.Second {
			t.Errorf("the stop took %v", waited)
		}
		time.Sleep(time.Minute) // let the hanging part end
	})
}
