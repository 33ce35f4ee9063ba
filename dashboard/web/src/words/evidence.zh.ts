// What alerts say of themselves, in Chinese; evidence.en.ts has the same keys.
export const evidence = {
  sos: '{time} 按下手环呼救键', sosTimes: '共按 {n} 次', fall: '{time} 手环报告跌倒', fallTimes: '共报告 {n} 次',
  fallStill: '跌倒后 {time}没有走动（{steps} 步）：可能起不来', fallMoved: '{time} 又有走动（{steps} 步）；仍须联系本人',
  quality_receipt_time: '设备没有给出时间，以收到时间为准', quality_clock_refused: '设备时间不可信，以收到时间为准', battery: '当时电量 {pct}%',

  position: '位置 {lat}, {lon}（误差约 {m} 米）', positionNoAccuracy: '位置 {lat}, {lon}', fixAt: '定位时间 {time}', fixOld: '注意：定位是 {ago} 前的（{time}），人可能已不在那里',
  geofence: '在“{zone}”范围外 {outside} 米，离家 {distance} 米（允许离家 {radius} 米）', geofencePlain: '离家 {distance} 米（允许 {radius} 米）', outsideSince: '{time} 起在范围外，连续 {fixes} 次定位确认',
  wandering: '夜间在外走动：离家 {distance} 米，{minutes} 分钟内移动了 {moved} 米', wanderingNight: '夜间时段 {from}:00 至 {to}:00，家的范围 {radius} 米', zoneHome: '家',

  water: '{from} 至 {to} 共用水 {used} 升，低于 {window} 小时 {limit} 升', waterUsedZero: '{from} 至 {to} 水表没有走动（规则：{window} 小时少于 {limit} 升）', waterLastUse: '最后一次用水：{time}（已 {ago}）',
  waterNone: '{from} 至 {to} 水表有上报，没有走动', waterLittle: '{from} 至 {to} 水表只走了 {used} 升，不像有人用水',
  waterExpected: '按这家的习惯，最晚 {time} 该再用水', waterUsual: '这个钟点停用后，通常 {usual} 小时内会再用水；这一级等 {window} 小时', waterHome: '住户类型：{type}；最长 {longest} 小时不用水必须询问', waterHomeOnly: '住户类型：{type}',
  waterLearnt: '习惯由 {days} 天用水学得；灵敏度：{sensitivity}', waterFixed: '按固定规则判断（已学习用水习惯 {days} 天）', waterBase: '已扣除持续细流 {flow} 升/小时（可能滴漏），不算有人用水',
  home_unknown: '还不清楚，按冲水马桶', home_flush: '冲水马桶', home_low_use: '用水少（旱厕）', home_vat: '水缸储水',

  noLife: '{from} 以来没有用水，也没有活动或脉搏', noLifeWater: '最后一次用水：{time}（已 {ago}）', noLifeSteps: '最后一次走动：{time}（已 {ago}）', noLifePulse: '最后一次测到脉搏：{time}（已 {ago}）', noLifeWorn: '手环 {time} 起戴着，有上报', noLifeNoPulse: '手环有上报，但测不到脉搏', noLifeNoSteps: '手环戴着，但没有走动', noLifeContact: '最后一次联系到本人：{time}',
  notReturned: '外出登记到 {time} 为止，之后没有生活迹象', notReturnedOpen: '外出登记已结束，之后没有生活迹象', notReturnedFor: '已逾期 {ago}', notReturnedReason: '登记的外出事由：{reason}', notReturnedFrom: '{time} 外出',

  vitalHigh: '{metric} {value} {unit}，高于上限 {bound} {unit}', vitalLow: '{metric} {value} {unit}，低于下限 {bound} {unit}', vitalOther: '{metric} {value} {unit}', vitalBoth: '忽高忽低：既有低于 {low}，也有高于 {high} 的',
  vitalValues: '最近几次：{values}', vitalConfirmed: '{window} 次有效测量中 {n} 次超限', vitalAt: '测量时间 {time}', vitalSince: '{time} 起超限',
  vitalPersonal: '下限按本人平日放宽到 {low}（一般为 {general}）', vitalScale2: '血氧按第二标准（已知慢阻肺，目标 88–92%）', vitalScore: '7 项体征中测到 {n} 项，这几项共 {score} 分（只是部分评分，不作诊断）',

  trendNight: '夜间静息心率平均 {mean} 次/分，平时 {baseline}（达到 {threshold} 提示）', trendNightKnown: '按 {nights} 个夜晚比较，当晚 {samples} 次测量',
  trendRest: '安静时心率 {value} 次/分，这个钟点平时 {median}', trendRestKnown: '{time} 起连续 {hours} 个安静小时都不同往常，按 {days} 天比较',
  trendSkin: '皮肤温度 {value} ℃，平时 {median} ℃，连续 {run} 天', trendPressure: '血压（无袖带，仅看趋势）{value} mmHg，平时 {median} mmHg，连续 {run} 天', trendKnown: '按 {days} 天比较，偏离程度 {z}（提示线 {limit}）', trendUnvalidated: '这种手环的该项数值未经验证，只作趋势看',
  sign_resting_heart_rate: '安静心率', sign_night_heart_rate: '夜间心率', sign_skin_temp: '皮肤温度', sign_blood_pressure: '血压趋势', sign_body_temp: '体温趋势', trendSigns: '不同往常的有：{signs}',

  leakEvent: '{time} 水表报告漏水', leak: '{from} 至 {to} 水一直在流，{window} 小时没有停过，共 {used} 升', leakLeast: '流得最少时每小时 {least} 升（超过 {limit} 升算漏水）', seepLeast: '流得最少时每小时 {least} 升：很细，但两天没停', leakProven: '其中 {proven} 小时有读数证明，{gaps} 小时没有读数', leakStep: '这只表最小走 {step} 升',
  burst: '{from} 至 {to} 用水 {used} 升，超过 {window} 小时 {limit} 升的界限', burstMost: '这家以前两小时最多用 {most} 升', burstUnknown: '还不了解这家平时用多少水', nightTap: '{from} 至 {to} 夜里一直在放水，共 {used} 升（每小时超过 {limit} 升）', nightMost: '这家夜里一小时以前最多用 {most} 升',
  high: '{from} 至 {to} 用水 {used} 升，超过一天 {limit} 升的界限', highDay: '这家用水多的日子约 {ample} 升',
  routine_day_l: '每天用水由 {usual} 升变为 {now} 升', routine_night_l: '夜里用水由 {usual} 升增加到 {now} 升', routineLater: '每天第一次用水平均晚了 {time}', routineEarlier: '每天第一次用水平均早了 {time}', routineDays: '最近 {n} 天（{from} 起）与之前几周比较',

  silent: '设备已 {quiet} 没有消息（限值 {limit}）', silentEvery: '它平时每 {every} 报一次', silentLast: '最后一次消息：{time}', silentNever: '登记以来没有收到消息', silentMeter: '水表没有上报，不能说明有没有用水', silentBlue: '先由技术人员查看', silentYellow: '请今天电话问候一次，确认平安', silentOrange: '已缺两次上报，请上门查看人和水表',
  lowBattery: '电量 {pct}%，低于 {limit}%', lowBatteryAbove: '电量 {pct}%', lowBatteryEvent: '{time} 设备报告电量低', emptyAt: '照目前的消耗，{time} 前后会没电', batteryAt: '{time} 上报', deviceEvent: '{time} 设备报告：{event}',
  stuck: '水表有上报但不走字：{from} 至 {to} 一直停在 {value} m³', stuckFlow: '同时水表自己报有 {flow} 升水流过', stuckContact: '期间（{time}）有人见过本人，人在家用水', stuckWalked: '期间手环有 {n} 天显示在家走动', stuckMeans: '不能用这只表判断有没有用水',
  reset: '{time} 水表读数由 {before} m³ 变为 {value} m³：表被更换或清零', resetPlain: '{time} 水表读数重新开始：{value} m³', reverse: '{time} 水表倒走了 {back} 升',
  notWorn: '手环 {time} 起没有戴，已 {ago}（{limit} 小时算一项任务）', notWornNights: '最近 {of} 个夜晚有 {n} 个没戴', why_flag: '手环自己报告已摘下', why_charging: '手环在充电', why_no_pulse: '有血氧却没有脉搏：不在手上', why_pulse_missing: '测不到心率，步数不动',

  outage: '{n} 台设备同时没有数据', outageResidents: '涉及 {n} 位老人，恢复前看不到他们的情况', outageSince: '{time} 起数据中断', outageWhere: '共同点：{what}', outageAreaUse: '{n} 户同时不用水：可能停水或冰冻，不一定是人出事', outageOf: '（该处共 {n} 户）', outageRisk: '以下老人恢复前看不到，请逐户电话问候：{names}', outageMore: '等 {n} 人',
  outageKinds: '包括：{kinds}', uploads: '{n} 块每日一传的水表这一晚没有上传', uploadsMeans: '请逐户打电话问候；下一晚还没有上传的，会单独报警', outageRule: '规则：{minutes} 分钟内至少 {least} 台', outageBack: '已恢复 {n} 台', outageBackAt: '{time} 起有设备恢复', outageCalled: '电话问候：{all} 人中已联系 {n} 人', group_town: '同一个镇',
  group_village: '同一个村', group_area: '同一个区域', group_gateway: '同一个网关', group_vendor: '同一家厂商', group_batch: '同一批设备', group_carrier: '同一家运营商',
  also: '同时并入：{kinds}', ofOutage: '曾归入一次数据中断，现单独列出', outageDry: '已 {hours} 小时，平时这段时间各家约用水 {uses} 次', notReturnedLimit: '规则：到期后 {hours} 小时没有生活迹象', 
  canary: '系统自身的心跳中断', generic: '满足规则“{rule}”', again: '这是第 {n} 次再次提醒：上次结案时没有确认到本人', merged: '共 {n} 次',
  key: {
    device: '设备', at: '时间', quality: '时间可信度', lat_deg: '纬度', lon_deg: '经度', accuracy_m: '定位误差（米）', battery_pct: '电量（%）', used_l: '用水（升）', limit_l: '限值（升）', window_h: '时段（小时）', from: '自', to: '至', last_use: '最后用水', last_heard: '最后消息', quiet_min: '静默（分钟）', limit_min: '限值（分钟）', metric: '指标', value: '数值', values: '各次数值', low: '下限', high: '上限', confirmed: '确认方式', event: '设备报告', limit_pct: '限值（%）', devices: '设备', count: '数量', area: '区域', vendor: '厂商', raised_again: '再次提醒（第几次）', previous: '上一条警情', step_l: '最小走字（升）', measure: '判断方式', since: '起于', reason: '原因', residents: '对象', gateway: '网关', carrier: '运营商', batch: '批次', used_m3: '用水（立方米）', followed_at: '后续消息', z: '偏离程度',
  },
}
