package notify_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"shouwang/alerting"
	"shouwang/alerting/notify"
)

// perMinute is a robot's limit.
func perMinute(n int) notify.Limits {
	return notify.Limits{Channel: []notify.Rate{{Count: n, Per: time.Minute}}}
}

// flood opens n alerts and asks that the person be told of each.
func (r *room) flood(n int, person string, severity alerting.Severity) {
	r.t.Helper()
	list := make([]alerting.Notice, n)
	for i := range n {
		id := fmt.Sprintf("%s%s%04d", person, severity, i)
		r.alert(id, severity)
		list[i] = alerting.Notice{Key: "n" + id, Person: person, Reason: alerting.NoticeOpened, Alert: id, Severity: severity, Area: "c/t/v", At: time.Now().UTC()}
	}
	r.notices(list...)
}

// wantLimit checks that no span of a minute held more than n messages.
func (c *carrier) wantLimit(t *testing.T, n int, per time.Duration) {
	t.Helper()
	for i := n; i < len(c.at); i++ {
		if c.at[i].Sub(c.at[i-n]) < per {
			t.Errorf("message %d came %v after the one %d before it", i, c.at[i].Sub(c.at[i-n]), n)
			return
		}
	}
}

func TestAThousandAtOnceReachARobotOf20AMinute(t *testing.T) {
	inRoom(t, func(r *room) {
		robot := &carrier{takes: 100 * time.Millisecond}
		r.add("dingtalk", "dingtalk", robot, perMinute(20))
		r.told("wang", ding())
		r.start()
		begun := time.Now()
		r.flood(1000, "wang", alerting.Red)
		r.pass(5 * time.Second)
		keys := robot.keys()
		if len(keys) != 1000 {
			t.Fatalf("%d notices in %d messages", len(keys), len(robot.got))
		}
		for k, n := range keys {
			if n != 1 {
				t.Errorf("%s %d times", k, n)
			}
		}
		if !strings.Contains(robot.got[0].Title, "条待处理警情（红色 ") || strings.Count(robot.got[0].Text, "\n") > 7 || len(robot.got[0].Text) > 2000 {
			t.Errorf("%s\n%s", robot.got[0].Title, robot.got[0].Text)
		}
		t.Logf("last message after %v, %d messages", robot.at[len(robot.at)-1].Sub(begun), len(robot.got))
		r.pass(time.Hour)
		if len(robot.keys()) != 1000 {
			t.Error("sent again")
		}
		robot.wantLimit(t, 20, time.Minute)
	})
}

func TestRedFindsRoomWhileOthersWait(t *testing.T) {
	inRoom(t, func(r *room) {
		robot := &carrier{takes: 100 * time.Millisecond}
		r.add("dingtalk", "dingtalk", robot, perMinute(20))
		r.told("wang", ding())
		r.start()
		// One every 2 s is more than the limit: others go together, red at once.
		for i := range 120 {
			id := fmt.Sprint("y", i)
			r.alert(id, alerting.Yellow)
			r.notice(id, "wang", id, alerting.Yellow)
			if i%20 == 19 {
				red := fmt.Sprint("red", i)
				r.alert(red, alerting.Red)
				r.notice(red, "wang", red, alerting.Red)
				r.pass(6 * time.Second)
				r.wantEnd(red, notify.Delivered, "dingtalk")
			}
			r.pass(2 * time.Second)
		}
		r.pass(2 * time.Minute)
		if n := len(robot.keys()); n != 126 {
			t.Errorf("%d of 126 notices", n)
		}
		robot.wantLimit(t, 20, time.Minute)
	})
}

func TestTheLimitHoldsOverARestartAndAProvidersWordOverOurs(t *testing.T) {
	inRoom(t, func(r *room) {
		calls := &carrier{}
		r.add("sms", "sms", calls, notify.Limits{Address: []notify.Rate{{Count: 2, Per: time.Hour}}})
		r.told("wang", sms())
		for i := range 4 {
			r.start()
			id := fmt.Sprint("a", i)
			r.alert(id, alerting.Red)
			r.notice(id, "wang", id, alerting.Red)
			r.pass(time.Minute)
			r.halt()
		}
		if len(calls.got) != 2 {
			t.Fatalf("%d messages", len(calls.got))
		}
		r.start()
		r.pass(time.Hour)
		if len(calls.got) != 3 || len(calls.got[2].Notices) != 2 {
			t.Errorf("%d messages, the last of %v", len(calls.got), calls.got[len(calls.got)-1].Notices)
		}
		calls.answer = func(n int, _ notify.Address) (notify.Receipt, error) {
			if n == 4 {
				return notify.Receipt{}, &notify.RateError{RetryAfter: 3 * time.Hour}
			}
			return notify.Receipt{Delivered: true}, nil
		}
		r.alert("b", alerting.Red)
		r.pass(time.Hour)
		r.notice("b", "wang", "b", alerting.Red)
		r.pass(2 * time.Hour)
		if len(calls.got) != 4 {
			t.Errorf("%d messages although the provider wants none", len(calls.got))
		}
		r.pass(90 * time.Minute)
		r.wantEnd("b", notify.Delivered, "sms")
	})
}

func TestASlowOrDeadGatewayDelaysNoOtherChannelAndRedLeavesIt(t *testing.T) {
	inRoom(t, func(r *room) {
		dead := &carrier{takes: time.Hour} // hangs until the timeout
		calls := &carrier{takes: 50 * time.Millisecond}
		r.add("dingtalk", "dingtalk", dead, notify.Limits{})
		r.add("voice", "voice", calls, notify.Limits{})
		r.told("wang", ding(), voice())
		r.told("li", voice())
		r.start()
		r.flood(20, "wang", alerting.Red)
		r.flood(20, "li", alerting.Red)
		r.pass(3 * time.Second)
		for i := range 20 {
			r.wantEnd(fmt.Sprintf("nlired%04d", i), notify.Delivered, "voice")
		}
		r.pass(r.timing.Patience + 5*time.Second)
		for i := range 20 {
			r.wantEnd(fmt.Sprintf("nwangred%04d", i), notify.Delivered, "voice")
		}
	})
}

// crashing fails at a point of the process's life, and from then on for ever:
// what a kill would leave.
type crashing struct {
	notify.Outbox

	mu   sync.Mutex // every channel has a worker
	left int
	dead bool
}

var errKilled = errors.New("killed")

func (c *crashing) point() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left--; c.left < 0 {
		c.dead = true
	}
	if c.dead {
		return errKilled
	}
	return nil
}

func (c *crashing) Begin(ctx context.Context, a []notify.Attempt) (map[string]bool, error) {
	if err := c.point(); err != nil {
		return nil, err
	}
	wanted, err := c.Outbox.Begin(ctx, a)
	if c.point() != nil { // killed after the commit, before the message
		return nil, errKilled
	}
	return wanted, err
}

func (c *crashing) Record(ctx context.Context, a []notify.Attempt, turns []notify.Turn) error {
	if err := c.point(); err != nil {
		return err
	}
	return c.Outbox.Record(ctx, a, turns)
}

func TestKilledAnywhereEveryNoticeIsSentAndAtMostOneMessageTwiceForEachKill(t *testing.T) {
	for seed := range uint64(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			luck := rand.New(rand.NewPCG(seed, 1))
			inRoom(t, func(r *room) {
				robot := &carrier{takes: 100 * time.Millisecond}
				letters := &carrier{takes: 10 * time.Millisecond}
				r.add("dingtalk", "dingtalk", robot, perMinute(30))
				r.add("sms", "sms", letters, notify.Limits{})
				r.told("wang", ding())
				r.told("li", sms())
				r.flood(20, "wang", alerting.Red)
				r.flood(20, "li", alerting.Red)
				kills := 0
				for range 10 {
					crash := &crashing{Outbox: r.store, left: luck.IntN(12)}
					r.outbox = crash
					r.start()
					r.pass(time.Duration(1+luck.IntN(20)) * time.Second)
					r.halt()
					if crash.dead {
						kills++
					}
				}
				r.outbox = r.store
				r.start()
				r.pass(10 * time.Minute)
				keys, waiting, err := r.store.DueNotices(r.t.Context(), time.Now().Add(24*time.Hour))
				r.must(err)
				if len(keys) != 0 || !waiting.IsZero() {
					t.Errorf("%d wait", len(keys))
				}
				twice := 0
				for _, c := range []*carrier{robot, letters} {
					if n := len(c.keys()); n != 20 {
						t.Errorf("%d of 20 notices", n)
					}
					messages := map[string]int{}
					for _, m := range c.got {
						messages[m.Key]++
					}
					for _, n := range messages {
						twice += n - 1
					}
					// Who drops messages by key has every notice once.
					seen, notices := map[string]bool{}, map[string]int{}
					for _, m := range c.got {
						if !seen[m.Key] {
							for _, k := range m.Notices {
								notices[k]++
							}
						}
						seen[m.Key] = true
					}
					for k, n := range notices {
						if n != 1 {
							t.Errorf("%s %d times although messages were dropped by key", k, n)
						}
					}
				}
				if twice > 2*kills { // one for each channel
					t.Errorf("%d messages twice in %d kills", twice, kills)
				}
				t.Logf("%d kills, %d messages twice", kills, twice)
				synctest.Wait()
			})
		})
	}
}
