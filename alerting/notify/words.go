package notify

import (
	"fmt"
	"strings"

	"shouwang/alerting"
)

// words are one language's.
type words struct {
	language                             string
	severity                             map[alerting.Severity]string
	kind                                 map[alerting.Kind]string
	reason                               map[alerting.NoticeReason]string
	area, since, due, ask, askVoice      string
	test, call, everywhere, more, digest string
	pause, join, stop, open, closing     string
	overdue, gaps, first, unsigned       string
}

// wordsOf are those of the language, Chinese unless it is English.
func wordsOf(language string) *words {
	if language == "en" {
		return english()
	}
	return chinese()
}

// title says severity, what happened and why the person is told.
func (w *words) title(e *Entry) string {
	if e.Reason == alerting.NoticeTest {
		return w.reason[e.Reason]
	}
	what := ""
	severity := e.Severity
	if e.Facts != nil {
		what = w.kind[e.Facts.Kind]
		if what == "" {
			what = string(e.Facts.Kind)
		}
		severity = e.Facts.Severity
	}
	why := w.reason[e.Reason]
	switch {
	case what == "":
		what = why
	case e.Reason != alerting.NoticeOpened && why != "":
		what += w.open + why + w.closing
	}
	if s := w.severity[severity]; s != "" {
		return s + w.join + what
	}
	return what
}

func (w *words) counts(list []*Entry) string {
	n := map[alerting.Severity]int{}
	for _, e := range list {
		n[e.Severity]++
	}
	var parts []string
	for _, s := range []alerting.Severity{alerting.Red, alerting.Orange, alerting.Yellow, alerting.Blue} {
		if n[s] > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", w.severity[s], n[s]))
		}
	}
	return strings.Join(parts, w.pause)
}

func (w *words) digestTitle(list []*Entry) string {
	return fmt.Sprintf(w.digest, len(list)) + w.open + w.counts(list) + w.closing
}

func (w *words) digestVoice(list []*Entry) string {
	return w.call + w.pause + fmt.Sprintf(w.digest, len(list)) + w.pause + w.counts(list) + w.stop
}

func chinese() *words {
	return &words{
		language: "zh",
		severity: map[alerting.Severity]string{alerting.Red: "红色", alerting.Orange: "橙色", alerting.Yellow: "黄色", alerting.Blue: "蓝色"},
		kind: map[alerting.Kind]string{
			alerting.KindSOS: "一键呼救", alerting.KindFall: "跌倒", alerting.KindNoSignOfLife: "无生命活动迹象", alerting.KindWaterInactivity: "长时间未用水",
			alerting.KindHeartRate: "体征异常", alerting.KindSpO2: "体征异常", alerting.KindBodyTemp: "体征异常", alerting.KindBloodPressure: "体征异常", alerting.KindRespRate: "体征异常",
			alerting.KindGeofence: "离开安全区", alerting.KindWandering: "疑似走失", alerting.KindVitalTrend: "体征趋势变化", alerting.KindRoutineChange: "作息变化", alerting.KindNotReturned: "外出逾期未归",
			alerting.KindWaterBurst: "疑似爆管", alerting.KindWaterLeak: "疑似漏水", alerting.KindWaterHighUse: "用水过多",
			alerting.KindNotWorn: "手环未佩戴", alerting.KindDeviceSilent: "设备无消息", alerting.KindDeviceFault: "设备故障", alerting.KindLowBattery: "电量低",
			alerting.KindDataOutage: "数据中断", alerting.KindCanary: "系统自检中断",
		},
		reason: map[alerting.NoticeReason]string{
			alerting.NoticeOpened: "新警情", alerting.NoticeEscalated: "无人接警，升级", alerting.NoticeAgain: "仍无人接警", alerting.NoticeReturned: "接警后无处置，退回待接警", alerting.NoticeVisit: "上门任务",
			alerting.NoticeCoverage: "值守有空档", alerting.NoticeHandover: "交接班未签收", alerting.NoticeUnattended: "值守抽查无人应答", alerting.NoticeCanary: "系统自检中断", alerting.NoticeTest: "测试通知",
		},
		area: "区域：", since: "起始：", due: "时限：", ask: "请接警处置。", askVoice: "请尽快登录接警",
		test: "这是守望平台的测试通知，收到即说明此方式可用，无需处置。", call: "守望平台提醒", everywhere: "全部区域", more: "另有 %d 条，请登录查看。", digest: "%d 条待处理警情",
		overdue: "已逾期。", gaps: "未来 7 天有 %d 段时间无人可通知，共 %d 小时。", first: "最早：", unsigned: "交接单已等待 %d 分钟。",
		pause: "，", join: " ", stop: "。", open: "（", closing: "）",
	}
}

func english() *words {
	return &words{
		language: "en",
		severity: map[alerting.Severity]string{alerting.Red: "Red", alerting.Orange: "Orange", alerting.Yellow: "Yellow", alerting.Blue: "Blue"},
		kind: map[alerting.Kind]string{
			alerting.KindSOS: "SOS", alerting.KindFall: "fall", alerting.KindNoSignOfLife: "no sign of life", alerting.KindWaterInactivity: "no water use",
			alerting.KindHeartRate: "vital signs", alerting.KindSpO2: "vital signs", alerting.KindBodyTemp: "vital signs", alerting.KindBloodPressure: "vital signs", alerting.KindRespRate: "vital signs",
			alerting.KindGeofence: "left safe area", alerting.KindWandering: "wandering", alerting.KindVitalTrend: "change in vital signs", alerting.KindRoutineChange: "change in routine", alerting.KindNotReturned: "not returned",
			alerting.KindWaterBurst: "burst pipe", alerting.KindWaterLeak: "water leak", alerting.KindWaterHighUse: "high water use",
			alerting.KindNotWorn: "band not worn", alerting.KindDeviceSilent: "device silent", alerting.KindDeviceFault: "device fault", alerting.KindLowBattery: "low battery",
			alerting.KindDataOutage: "data outage", alerting.KindCanary: "self-check broken",
		},
		reason: map[alerting.NoticeReason]string{
			alerting.NoticeOpened: "new alert", alerting.NoticeEscalated: "nobody answered", alerting.NoticeAgain: "still nobody has answered", alerting.NoticeReturned: "taken, then nothing was done", alerting.NoticeVisit: "visit",
			alerting.NoticeCoverage: "hours without anybody", alerting.NoticeHandover: "shift not signed for", alerting.NoticeUnattended: "nobody at the desk", alerting.NoticeCanary: "self-check broken", alerting.NoticeTest: "test notice",
		},
		area: "Area: ", since: "since ", due: "Due: ", ask: "Please acknowledge.", askVoice: "please sign in and acknowledge",
		test: "This is a test of Shouwang. It has reached you, so this way works; there is nothing to do.", call: "Shouwang", everywhere: "all areas", more: "and %d more: please sign in.", digest: "%d alerts waiting",
		overdue: "Overdue.", gaps: "In the next 7 days nobody could be told in %d spans, %d hours together.", first: "First: ", unsigned: "The sheet has waited %d minutes.",
		pause: ", ", join: " ", stop: ".", open: " (", closing: ")",
	}
}
