// The month's report and the random tests of desks in Chinese; reports.en.ts has the same keys.
export const reports = {
  title: '月度报表', month: '月份', area: '区域', everywhere: '全部区域', asOf: '统计到 {time}', print: '打印', xlsx: '下载 Excel', csv: '下载 CSV', residents: '在守护人数', alerts: '警情总数', uncoveredHours: '无人值守小时',
  targets: '达标情况', target: { red_acked_60s: '红色警情 60 秒内接警', red_acked_180s: '红色警情 180 秒内接警', red_door_45min: '红色警情 45 分钟内到门', closed_24h: '24 小时内结案' },
  promised: '要求 {n}%', met: '达标', missed: '未达标', none: '本月没有', missedN: '{n} 件未达标', ofN: '{n} / {of} 件',
  kinds: '警情与结果', kind: '类型', opened: '发生', open: '未结案', real: '真实', useful: '有用', falseN: '误报', truth: '真实率', truthHint: '查清的警情里，确有其事（险情、故障）的比例；自行恢复、重复、测试不算。', outcomes: '结果',
  times: '处置时长', severity: '级别', taken: '已完成', missing: '未完成', p50: '中位数', p90: '九成之内', longest: '最长', timesHint: '从响铃算起；由低级别升到红色的，从变红算起。补报的、测试的、重复的不计。',
  step: { seen: '看到', acked: '接警', called: '首次电话', door: '到门', closed: '结案' },
  visits: '探访', due: '应完成', made: '已完成', settled: '以联系代替', overdue: '逾期', providers: '服务机构', provider: '机构', hours: '服务小时', people: '服务人数', noProviders: '本月没有机构上门', quotas: '探访配额', homeVisits: '入户', callbacks: '回访', needed: '应 {n}', done: '已 {n}', quotasMet: '够了',
  desk: '值守与设备', dark: '设备失联超过 24 小时的人数', uncovered: '没有人能接警的时段', presence: '值守抽查', answered: '按时应答',
  item: { at: '时间', kind: '类型', area: '区域', person: '对象', took: '用时', outcome: '结果' },
  list: '明细', close: '收起', empty: '没有', resident: '对象', at: '时间', took: '用时', case: '警情', noAlerts: '本月没有警情',
  check: '值守抽查', checkWhy: '请在 {time} 之前应答，说明值班台有人。', here: '我在岗', checkDone: '已应答，谢谢。', ask: '抽查一次', asked: '已发出，3 分钟内应答有效。',
}
