// Contact ladder, planned visits, providers and truth rates in Chinese;
// rounds.en.ts has the same keys.
export const rounds = {
  ladder: '联系顺序', reached: '已联系到本人', none: '都试过了，仍未联系到本人', next: '下一步', hint: '点一下即记录', dispatch: '派人上门', going: '上门的人已派出', notYet: '尚未到这一步', record: '记录：{whom} {result}', tries: '{n} 次',
  rung: { resident: '本人', contact: '联系人', neighbour: '邻居', assistant: '协理员', door: '上门', emergency: '急救', police: '报警' },
  rungState: { later: '待试', next: '下一步', tried: '未果', answered: '已接通', going: '已派出' },
  quotas: '本月探访', area: '区域', residents: '在管对象', home: '上门（人）', calls: '回访电话', settled: '联系抵扣', overdue: '逾期', planned: '另有 {n} 已排', notAsked: '不要求', met: '已达标', short: '还差 {n}', onlyOverdue: '只看逾期：{area}', all: '全部', noOverdue: '没有逾期', quotasHint: '上门按人计；逾期含警情派出的上门。点逾期数只看该处逾期的任务。',
  visitKind: { home: '上门', phone: '电话' }, plan: { routine: '定期探访', quota: '镇月度探访', callback: '电话回访', daily: '每日问候' },
  providers: '服务机构', staff: '人员', noStaff: '没有账号', villages: '服务范围', wholeCounty: '共 {n} 个村', work: '{month} 工作量', person: '人员', visits: '次数', visitHome: '上门', visitCalls: '电话', notMet: '未见到人', hours: '服务时长', hoursHint: '只计签到且签离的上门', noWork: '这个月还没有回报', others: '协理员与值班台', month: '月份', total: '合计', edit: '修改', add: '新增机构', id: '编号', name: '名称', save: '保存', saved: '已保存', disabled: '已停用', noProviders: '没有服务机构', pick: '按住 Ctrl 可多选',
  truth: '警情属实率', truthHint: '近 90 天结案的警情：属实或有用的占多少。自行恢复、测试、重复的不计。', real: '属实', useful: '有用', false: '不属实', judged: '已查明', people: '对象数', unjudged: '未计', noTruth: '还没有结案的警情', rate: '属实率', kind: '类型',
  noNumber: '没有登记电话',
  cause: '为什么是误报', causes: { away: '家里没人', device: '设备问题', habit: '生活习惯如此', test: '测试', other: '其他' }, causeHint: '“家里没人”“设备问题”“测试”的那段时间不会被学成习惯；“生活习惯如此”会学。',
}
