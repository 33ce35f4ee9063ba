package notify_test

import (
	"strings"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/alerting/notify"
)

// What people get of what is about no alert, or more than its opening.
func TestTexts(t *testing.T) {
	inRoom(t, func(r *room) {
		letters := &carrier{}
		r.add("sms", "sms", letters, notify.Limits{})
		r.told("wang", sms())
		r.start()
		r.alert("a1", alerting.Red)
		at := time.Date(2000, 1, 1, 9, 30, 0, 0, time.UTC)
		for reason, c := range map[alerting.NoticeReason]struct {
			alert string
			data  map[string]any
			want  []string
		}{
			alerting.NoticeEscalated: {"a1", nil, []string{"红色 一键呼救（无人接警，升级）", "请接警处置"}},
			alerting.NoticeReturned:  {"a1", map[string]any{"due": at}, []string{"退回待接警", "请接警处置"}},
			alerting.NoticeVisit:     {"", map[string]any{"due": at, "overdue": true}, []string{"红色 上门任务", "区域：观城镇 李庄村", "时限：01-01 09:30", "已逾期", "https://sw.example/visits"}},
			alerting.NoticeCoverage:  {"", map[string]any{"gaps": 3, "hours": 14, "from": at}, []string{"值守有空档", "3 段时间无人可通知，共 14 小时", "01-01 09:30"}},
			alerting.NoticeHandover:  {"", map[string]any{"minutes": 15}, []string{"交接班未签收", "15 分钟"}},
			alerting.NoticeCanary:    {"", nil, []string{"系统自检中断"}},
		} {
			r.notices(alerting.Notice{Key: string(reason), Person: "wang", Reason: reason, Alert: c.alert, Severity: alerting.Red, Area: "c/t/v", At: time.Now(), Data: c.data})
			r.pass(time.Second)
			m := letters.messages()[len(letters.messages())-1]
			got := m.Title + "\n" + m.Text + "\n" + m.URL
			for _, w := range c.want {
				if !strings.Contains(got, w) {
					t.Errorf("%s: no %q in\n%s", reason, w, got)
				}
			}
			if reason == alerting.NoticeReturned && strings.Contains(got, "09:30") {
				t.Errorf("when the last operator's time ran out is nobody's due: %s", got)
			}
			if !strings.HasPrefix(m.Voice, "守望平台提醒，") {
				t.Errorf("%s: %s", reason, m.Voice)
			}
		}
	})
}

func FuzzLink(f *testing.F) {
	links := notify.Links{Key: []byte("key"), Base: "https://x", Lasts: time.Hour}
	now := time.Unix(1_700_000_000, 0)
	f.Add(links.Token("alert", "wang", now))
	f.Add("")
	f.Fuzz(func(t *testing.T, token string) {
		link, err := links.Read(token, now)
		if err == nil && links.Token(link.Alert, link.Person, now) != token {
			t.Errorf("%q is taken as %+v", token, link)
		}
	})
}
