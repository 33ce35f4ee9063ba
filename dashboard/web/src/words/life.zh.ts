// Words of an alert's life in Chinese; life.en.ts has the same keys.
export const life = {
  ackDue: '{time}内须处理', ackNow: '即将退回', ackHint: '接警后不打电话、不备注、不派单，到时退回待接警并再次鸣响',
  again: '仍无人接警，{time}后再次通知', againNow: '仍无人接警，正在再次通知',
  callAt: '约定回电 {time}', callLate: '回电已逾期 {time}', callbacks: '约定回电已到时 {n} 个', promised: '约定回电 {time}', hadIt: '原处理人 {name}，{time} 接警',
  direction: '来电或去电', callOut: '去电', callIn: '来电', callWho: '谁打来的', callOther: '其他人…', callOtherName: '是谁', callNumber: '号码（只保留首尾几位）', callMinutes: '通话几分钟', callNext: '约定再打', callNoNext: '不约定', in: '{time}后',
  lowerTo: '降为', lowerReason: '为什么降级（会记录在案）', lowerHint: '只有人能降级，系统只会升级；有新的情况仍会升上来。',
  file: '案卷', fileHint: '完整案卷，可打印', print: '打印', fileTitle: '警情案卷', fileNo: '编号', printed: '打印于 {time}，打印人 {name}', back: '返回', loading: '正在整理案卷…',
  person: '对象', what: '警情', times: '时间', evidence: '依据', calls: '通话记录', visits: '上门', log: '处理记录', none: '无',
  kind: '类型', severity: '级别', state: '状态', area: '区域', subject: '主体', since: '起始', opened: '产生', rang: '最近鸣响', acked: '接警', recovered: '恢复', closed: '结案', outcome: '结果', assignee: '处理人', escalation: '升级步数', rule: '规则', version: '{name}（第 {n} 版）', late: '迟到数据',
  phone: '电话', address: '住址', tier: '风险等级', contacts: '联系人', born: '出生年份',
  when: '时间', way: '方向', whom: '对方', number: '号码', length: '时长', result: '结果', by: '经办人', next: '约定回电', kept: '已回', created: '派单', due: '期限', started: '出发', found: '见到', received: '收到', note: '说明', provider: '机构', report: '回报',
  action: '事项', detail: '内容', eventNo: '序号',
}
