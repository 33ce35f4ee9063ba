package report

import "shouwang/alerting"

// words are what a table says in one language.
type words struct {
	area, month, asOf, residents, alerts      string
	sheets                                    [6]string
	kindHead, timeHead, targetHead, visitHead []string
	providerHead, otherHead                   []string
	kinds                                     map[alerting.Kind]string
	outcomes                                  map[alerting.Outcome]string
	severities                                map[alerting.Severity]string
	steps                                     map[Step]string
	targets                                   map[string]string
	visits                                    [4]string
	quotas                                    [2]string
	others                                    [5]string
	met                                       map[bool]string
	everywhere                                string
}

func wordsOf(language string) *words {
	if language == "en" {
		return english()
	}
	return chinese()
}

func chinese() *words {
	return &words{
		area: "区域", month: "月份", asOf: "统计时间", residents: "在守护人数", alerts: "警情总数", everywhere: "全部区域",
		sheets:       [6]string{"警情与结果", "处置时长", "达标情况", "探访", "服务机构", "值守与设备"},
		kindHead:     []string{"类型", "发生", "未结案", "真实", "有用", "误报", "真实率"},
		timeHead:     []string{"级别", "环节", "已完成", "未完成", "中位数", "九成之内", "最长"},
		targetHead:   []string{"指标", "要求", "达标数", "总数", "未达标数", "实际", "是否达标"},
		visitHead:    []string{"区域", "项目", "应完成", "已完成"},
		providerHead: []string{"服务机构", "上门次数", "服务小时", "服务人数"},
		otherHead:    []string{"项目", "数值"},
		kinds: map[alerting.Kind]string{
			alerting.KindSOS: "一键呼救", alerting.KindFall: "跌倒", alerting.KindNoSignOfLife: "无生命活动迹象", alerting.KindWaterInactivity: "长时间未用水",
			alerting.KindHeartRate: "心率异常", alerting.KindSpO2: "血氧异常", alerting.KindBodyTemp: "体温异常", alerting.KindBloodPressure: "血压异常", alerting.KindRespRate: "呼吸异常",
			alerting.KindGeofence: "离开安全区", alerting.KindWandering: "疑似走失", alerting.KindVitalTrend: "体征趋势变化", alerting.KindRoutineChange: "作息变化", alerting.KindNotReturned: "外出逾期未归",
			alerting.KindWaterBurst: "疑似爆管", alerting.KindWaterLeak: "疑似漏水", alerting.KindWaterHighUse: "用水过多",
			alerting.KindNotWorn: "手环未佩戴", alerting.KindDeviceSilent: "设备无消息", alerting.KindDeviceFault: "设备故障", alerting.KindLowBattery: "电量低", alerting.KindDataOutage: "数据中断",
		},
		outcomes: map[alerting.Outcome]string{
			alerting.RealEmergency: "确有险情", alerting.Assisted: "已帮助", alerting.Well: "平安", alerting.DeceasedFound: "已去世", alerting.InHospital: "在医院", alerting.AwayFromHome: "外出不在家", alerting.Refused: "拒绝探访",
			alerting.FalseAlarm: "误报", alerting.DeviceFault: "设备故障", alerting.Repair: "已报修", alerting.Recovered: "自行恢复", alerting.Test: "测试", alerting.Duplicate: "重复",
		},
		severities: map[alerting.Severity]string{alerting.Red: "红色", alerting.Orange: "橙色", alerting.Yellow: "黄色", alerting.Blue: "蓝色"},
		steps:      map[Step]string{Seen: "看到", Acked: "接警", Called: "首次电话", AtDoor: "到门", Closed: "结案"},
		targets: map[string]string{
			"red_acked_60s": "红色警情60秒内接警", "red_acked_180s": "红色警情180秒内接警", "red_door_45min": "红色警情45分钟内到门", "closed_24h": "24小时内结案",
		},
		visits: [4]string{"应完成探访", "已完成", "以联系代替", "逾期"},
		quotas: [2]string{"入户探访", "电话回访"},
		others: [5]string{"设备失联超过24小时的人数", "无人值守时段数", "无人值守小时", "值守抽查次数", "抽查按时应答次数"},
		met:    map[bool]string{true: "达标", false: "未达标"},
	}
}

func english() *words {
	return &words{
		area: "Area", month: "Month", asOf: "As of", residents: "Residents", alerts: "Alerts", everywhere: "everywhere",
		sheets:       [6]string{"Alerts and outcomes", "Times", "Targets", "Visits", "Providers", "Desk and devices"},
		kindHead:     []string{"Kind", "Opened", "Open", "Real", "Useful", "False", "Truth rate"},
		timeHead:     []string{"Severity", "Step", "Taken", "Missing", "Median", "90 % within", "Longest"},
		targetHead:   []string{"Target", "Promised", "Within", "Of", "Missed", "Share", "Met"},
		visitHead:    []string{"Area", "What", "Asked for", "Done"},
		providerHead: []string{"Provider", "Visits", "Hours", "People"},
		otherHead:    []string{"What", "Number"},
		kinds: map[alerting.Kind]string{
			alerting.KindSOS: "SOS", alerting.KindFall: "Fall", alerting.KindNoSignOfLife: "No sign of life", alerting.KindWaterInactivity: "No water use",
			alerting.KindHeartRate: "Heart rate", alerting.KindSpO2: "Oxygen saturation", alerting.KindBodyTemp: "Body temperature", alerting.KindBloodPressure: "Blood pressure", alerting.KindRespRate: "Breathing",
			alerting.KindGeofence: "Left safe area", alerting.KindWandering: "Wandering", alerting.KindVitalTrend: "Trend of vital signs", alerting.KindRoutineChange: "Change of routine", alerting.KindNotReturned: "Not returned",
			alerting.KindWaterBurst: "Burst pipe", alerting.KindWaterLeak: "Leak", alerting.KindWaterHighUse: "High water use",
			alerting.KindNotWorn: "Band not worn", alerting.KindDeviceSilent: "Device silent", alerting.KindDeviceFault: "Device fault", alerting.KindLowBattery: "Low battery", alerting.KindDataOutage: "Data outage",
		},
		outcomes: map[alerting.Outcome]string{
			alerting.RealEmergency: "Real emergency", alerting.Assisted: "Assisted", alerting.Well: "Well", alerting.DeceasedFound: "Deceased", alerting.InHospital: "In hospital", alerting.AwayFromHome: "Away", alerting.Refused: "Refused",
			alerting.FalseAlarm: "False alarm", alerting.DeviceFault: "Device fault", alerting.Repair: "Repair", alerting.Recovered: "Recovered", alerting.Test: "Test", alerting.Duplicate: "Duplicate",
		},
		severities: map[alerting.Severity]string{alerting.Red: "Red", alerting.Orange: "Orange", alerting.Yellow: "Yellow", alerting.Blue: "Blue"},
		steps:      map[Step]string{Seen: "Seen", Acked: "Acknowledged", Called: "First call", AtDoor: "At the door", Closed: "Closed"},
		targets: map[string]string{
			"red_acked_60s": "Red acknowledged within 60 s", "red_acked_180s": "Red acknowledged within 180 s", "red_door_45min": "Red at the door within 45 min", "closed_24h": "Closed within 24 h",
		},
		visits: [4]string{"Visits due", "Made", "Settled by a contact", "Overdue"},
		quotas: [2]string{"Home visits", "Calls back"},
		others: [5]string{"Residents dark for more than 24 h", "Times without anybody to tell", "Hours without anybody to tell", "Presence checks", "Answered in time"},
		met:    map[bool]string{true: "met", false: "missed"},
	}
}
