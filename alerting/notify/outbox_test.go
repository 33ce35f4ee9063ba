package notify_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/alerting/notify"
)

var errLine = errors.New("connection refused")

func ding() notify.PersonChannel { return notify.PersonChannel{Channel: "dingtalk"} }
func sms() notify.PersonChannel  { return notify.PersonChannel{Channel: "sms", Address: "13800000001"} }
func voice() notify.PersonChannel {
	return notify.PersonChannel{Channel: "voice", Address: "13800000001"}
}

func TestTheOperatorIsToldWithinASecondAndTheProofIsKept(t *testing.T) {
	inRoom(t, func(r *room) {
		robot := &carrier{}
		r.add("dingtalk", "dingtalk", robot, notify.Limits{})
		r.told("wang", ding())
		r.start()
		r.pass(time.Minute)
		r.alert("a1", alerting.Red)
		r.notice("n1", "wang", "a1", alerting.Red)
		r.pass(time.Second)
		r.wantEnd("n1", notify.Delivered, "dingtalk")
		if got := robot.messages(); len(got) != 1 || len(r.shown) != 1 || r.shown[0] != "a1 wang dingtalk" {
			t.Fatalf("%+v, proofs %v", got, r.shown)
		}
	})
}

func TestATextNamesNobodyAndAGroupGetsNoPersonalLink(t *testing.T) {
	inRoom(t, func(r *room) {
		robot, letters := &carrier{answer: func(int, notify.Address) (notify.Receipt, error) { return notify.Receipt{}, errLine }}, &carrier{}
		r.add("dingtalk", "dingtalk", robot, notify.Limits{})
		r.add("sms", "sms", letters, notify.Limits{})
		r.told("wang", ding(), sms())
		r.start()
		r.alert("a1", alerting.Red)
		r.notice("n1", "wang", "a1", alerting.Red)
		r.pass(2 * time.Second)
		group, own := robot.messages()[0], letters.messages()[0]
		if group.Title != "红色 一键呼救" || !strings.Contains(group.Text, "观城镇 李庄村") || group.Key != "n1" {
			t.Errorf("%+v", group)
		}
		for _, m := range []notify.Message{group, own} {
			if strings.Contains(m.Title+m.Text+m.URL+m.Voice, "王秀英") {
				t.Errorf("a name: %+v", m)
			}
		}
		if group.URL != "https://sw.example/alerts/a1" {
			t.Errorf("a group could acknowledge for one of it: %s", group.URL)
		}
		token, ok := strings.CutPrefix(own.URL, "https://sw.example/a/")
		if link, err := r.links.Read(token, time.Now()); !ok || err != nil || link.Alert != "a1" || link.Person != "wang" {
			t.Errorf("%s: %+v, %v", own.URL, link, err)
		}
	})
}

func TestRedFallsThroughUntilAChannelProvesThatItArrived(t *testing.T) {
	inRoom(t, func(r *room) {
		robot := &carrier{answer: func(int, notify.Address) (notify.Receipt, error) { return notify.Receipt{}, errLine }}
		letters := &carrier{answer: func(int, notify.Address) (notify.Receipt, error) { return notify.Receipt{ID: "s1"}, nil }}
		calls := &carrier{}
		r.add("dingtalk", "dingtalk", robot, notify.Limits{})
		r.add("sms", "sms", letters, notify.Limits{})
		r.add("voice", "voice", calls, notify.Limits{})
		r.told("wang", ding(), sms(), voice())
		r.start()
		r.alert("a1", alerting.Red)
		r.notice("n1", "wang", "a1", alerting.Red)
		r.pass(2 * time.Second)
		if len(robot.messages()) != 1 || len(letters.messages()) != 1 || len(calls.messages()) != 0 {
			t.Fatalf("%d, %d, %d", len(robot.messages()), len(letters.messages()), len(calls.messages()))
		}
		r.pass(time.Minute) // no proof from the SMS
		if len(calls.messages()) != 1 {
			t.Fatal("nobody was called")
		}
		r.wantEnd("n1", notify.Delivered, "voice")

		// Of what is not red, a provider's word is enough.
		r.alert("a2", alerting.Orange)
		r.notice("n2", "wang", "a2", alerting.Orange)
		r.pass(5 * time.Minute)
		r.wantEnd("n2", notify.Sent, "sms")
		if len(calls.messages()) != 1 {
			t.Error("called for an orange one")
		}
	})
}

func TestWhatFailedIsTriedAgainWithGrowingPausesOverARestart(t *testing.T) {
	inRoom(t, func(r *room) {
		robot := &carrier{answer: func(n int, _ notify.Address) (notify.Receipt, error) {
			if n < 8 {
				return notify.Receipt{}, errLine
			}
			return notify.Receipt{Delivered: true}, nil
		}}
		r.add("dingtalk", "dingtalk", robot, notify.Limits{})
		r.told("wang", ding())
		r.alert("a1", alerting.Yellow)
		r.notice("n1", "wang", "a1", alerting.Yellow)
		for range 6 {
			r.start()
			r.pass(5 * time.Minute)
			r.halt()
		}
		r.start()
		r.pass(time.Hour)
		r.wantEnd("n1", notify.Delivered, "dingtalk")
		if e := r.entry("n1"); e.Attempts[0].Tries != 8 {
			t.Errorf("%d tries", e.Attempts[0].Tries)
		}
		for i := 2; i < len(robot.at); i++ {
			pause := robot.at[i].Sub(robot.at[i-1])
			if pause < 4*time.Second || pause > 20*time.Minute {
				t.Errorf("pause %d: %v", i, pause)
			}
		}
	})
}

func TestARefusedAddressIsNotTriedAgainAndTheFailureIsSaid(t *testing.T) {
	inRoom(t, func(r *room) {
		letters := &carrier{answer: func(int, notify.Address) (notify.Receipt, error) {
			return notify.Receipt{}, &notify.RefusedError{Detail: "isv.MOBILE_NUMBER_ILLEGAL"}
		}}
		r.add("sms", "sms", letters, notify.Limits{})
		r.told("wang", sms())
		r.start()
		r.alert("a1", alerting.Red)
		r.notice("n1", "wang", "a1", alerting.Red)
		r.pass(time.Hour)
		r.wantEnd("n1", notify.Failed, notify.WhyRefused)
		if len(letters.messages()) != 1 || !strings.Contains(r.running.Channels()[0].LastError, "MOBILE_NUMBER") {
			t.Errorf("%d messages; %+v", len(letters.messages()), r.running.Channels())
		}
		if !r.running.Troubled() {
			t.Error("the board is not told")
		}
		// The administrator mends it and has it sent again.
		letters.answer = nil
		e := r.entry("n1")
		r.must(r.store.RetryNotice(r.t.Context(), &e))
		r.pass(time.Second)
		r.wantEnd("n1", notify.Delivered, "sms")
	})
}

func TestANoticeOfAnAlertThatSomebodyTookIsNotSent(t *testing.T) {
	inRoom(t, func(r *room) {
		robot := &carrier{answer: func(int, notify.Address) (notify.Receipt, error) { return notify.Receipt{}, errLine }}
		r.add("dingtalk", "dingtalk", robot, notify.Limits{})
		r.told("wang", ding())
		r.start()
		for _, id := range []string{"a1", "a2"} {
			r.alert(id, alerting.Red)
			r.notice("n"+id, "wang", id, alerting.Red)
		}
		r.pass(time.Second)
		_, err := r.desk.Ack(r.t.Context(), "a1", alerting.Actor{User: "li"})
		r.must(err)
		r.must(r.store.Tx(r.t.Context(), func(tx alerting.Tx) error {
			c, err := tx.Alert("a2")
			if err != nil {
				return err
			}
			now := time.Now().UTC()
			c.State, c.ClosedAt = alerting.Closed, &now
			return tx.PutAlert(c)
		}))
		r.pass(2 * time.Minute)
		r.wantEnd("na1", notify.Settled, notify.WhyAcknowledged)
		r.wantEnd("na2", notify.Settled, notify.WhyClosed)
		had := len(robot.messages())
		r.pass(time.Hour)
		if len(robot.messages()) != had {
			t.Error("sent after all")
		}
	})
}

func TestAStartSendsNothingOld(t *testing.T) {
	inRoom(t, func(r *room) {
		robot := &carrier{}
		r.add("dingtalk", "dingtalk", robot, notify.Limits{})
		r.told("wang", ding())
		r.alert("a1", alerting.Red)
		r.notice("old", "wang", "a1", alerting.Red)
		r.pass(25 * time.Hour)
		r.notice("new", "wang", "a1", alerting.Red)
		r.start()
		r.pass(time.Second)
		r.wantEnd("old", notify.Settled, notify.WhyTooOld)
		r.wantEnd("new", notify.Delivered, "dingtalk")
		if n := robot.keys(); n["old"] != 0 || n["new"] != 1 {
			t.Errorf("%v", n)
		}
	})
}

func TestQuietHoursHoldAllButRed(t *testing.T) {
	inRoom(t, func(r *room) {
		calls := &carrier{}
		r.add("voice", "voice", calls, notify.Limits{})
		night := voice()
		night.QuietFrom, night.QuietTo = 22*60, 7*60
		r.told("wang", night)
		r.start()
		r.pass(time.Until(time.Date(2000, 1, 1, 23, 0, 0, 0, time.UTC)))
		r.alert("a1", alerting.Orange)
		r.alert("a2", alerting.Red)
		r.notice("orange", "wang", "a1", alerting.Orange)
		r.notice("red", "wang", "a2", alerting.Red)
		r.pass(7*time.Hour + 59*time.Minute)
		if n := calls.keys(); n["red"] != 1 || n["orange"] != 0 {
			t.Errorf("in the night: %v", n)
		}
		r.pass(2 * time.Minute)
		r.wantEnd("orange", notify.Delivered, "voice")
	})
}

func TestWithoutAChannelTheBoardAloneTells(t *testing.T) {
	inRoom(t, func(r *room) {
		r.start()
		r.alert("a1", alerting.Red)
		r.notice("n1", "wang", "a1", alerting.Red)
		r.pass(time.Second)
		r.wantEnd("n1", notify.Settled, notify.WhyNoChannel)
		if r.people.Reachable("wang", time.Now()) {
			t.Error("reachable without a channel")
		}
	})
}

func TestATestGoesByOneChannelAloneAndIsRemembered(t *testing.T) {
	inRoom(t, func(r *room) {
		robot, letters := &carrier{}, &carrier{}
		r.add("dingtalk", "dingtalk", robot, notify.Limits{})
		r.add("sms", "sms", letters, notify.Limits{})
		r.told("wang", ding(), sms())
		r.start()
		r.notices(alerting.Notice{
			Key: "t1", Person: "wang", Reason: alerting.NoticeTest, Severity: alerting.Blue, At: time.Now(),
			Data: map[string]any{"channel": "sms", "address": "13800000001"},
		})
		r.pass(time.Second)
		r.wantEnd("t1", notify.Delivered, "sms")
		p, err := r.people.Person(r.t.Context(), "wang")
		r.must(err)
		if len(robot.messages()) != 0 || p.Channels[1].VerifiedAt.IsZero() || !p.Channels[0].VerifiedAt.IsZero() {
			t.Errorf("%+v", p)
		}
	})
}
