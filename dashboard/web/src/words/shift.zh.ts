// Hand-over of shifts, silences and residents' states in Chinese; shift.en.ts has
// the same keys.
export const shift = {
  title: '交接班', now: '本班交班单', past: '历次交班单', silences: '静默', back: '返回', refresh: '重新生成', at: '截至 {time}',
  intro: '离岗前核对下面各项，逐条写明要交代的事，签名交班；接班人看过后签名接班。单子按签名时的内容保存，之后不能改。',
  section: { case: '未结警情', callback: '答应回拨的电话', silence: '正在静默', silent: '没有数据的对象' },
  none: { case: '没有未结的警情。', callback: '没有约好的回拨。', silence: '没有静默。', silent: '所有对象都有数据。' },
  warnings: '系统状态', noWarnings: '系统运行正常。', remark: '交代', remarkFor: '交代：{name}', note: '总的情况', notePlaceholder: '天气、停水停电、人手、其他要说的事',
  sound: '警铃试音', soundTest: '试音', soundHeard: '听到了', soundNot: '没听到，或没有试',
  sign: '签名交班', signing: '正在签名…', signed: '已签名交班，等人接班。{n} 分钟内没人接班会通知督导。', signAs: '签名人：{name}',
  take: '签名接班', taking: '正在签名…', taken: '已接班。', takeNote: '接班说明（可不填）', takeOwn: '要由另一个人签名接班。', takeAs: '接班人：{name}',
  outgoing: '交班人', incoming: '接班人', signedAt: '交班时间', takenAt: '接班时间', areas: '值班区域', state: '状态', open: '打开', print: '打印',
  sheetState: { waiting: '等人接班', taken: '已接班', withdrawn: '已被新单代替' },
  waiting: '{name} 于 {time} 交班，还没有人接班。', overdue: '{name} 于 {time} 交班，已 {wait} 没有人接班，已通知督导。', go: '去接班',
  intact: '内容与签名时一致', broken: '内容与签名时不一致：请通知管理员', digest: '校验码', erased: '此人的资料已依法删除，这一条只留校验码。', everywhere: '全部区域', pastEmpty: '还没有交班单。',
  count: '{n} 条', due: '应在 {time}', until: '到 {time}', since: '自 {time}', by: '经手 {name}', whom: '打给 {name}', self: '本人',
}

export const silence = {
  title: '静默', intro: '静默期间，这类警情仍会登记，列为「静默」，不响铃、不升级；到期后若情况还在就响铃。一键呼救、跌倒、无生命迹象和任何红色警情不受静默影响。',
  add: '新建静默', resident: '对象', residentId: '对象姓名或编号', device: '设备', kind: '警情类别', kindAsk: '请选择类别', until: '到何时', reason: '为什么（必填）', submit: '开始静默', working: '正在保存…',
  forHours: '{n} 小时', forDays: '{n} 天', end: '提前结束', endReason: '为什么提前结束', ended: '已由 {name} 结束', over: '已到期', running: '正在静默', past: '已结束',
  by: '{name} 设', held: '压着 {n} 条', soon: '即将到期', none: '没有正在静默的警情。', never: '不能静默：一键呼救、跌倒、无生命迹象、数据中断。', left: '还剩 {time}', mark: '静默至 {time}', markHint: '此类警情正在静默：不响铃，到期后还在就响铃', here: '静默此类警情', all: '全部静默',
  flaps: '{min} 分钟内反复 {n} 次', flapsHint: '反复出现又恢复：不再每次响铃',
  log: { held: '静默中，不响铃', over: '静默结束', damped: '反复出现，不再响铃', stays: '反复出现，不自动结案', frozen: '案卷冻结：对象登记为{state}', thawed: '案卷解冻：对象登记为{state}' },
}

export const state = {
  title: '对象状态', change: '变更状态', to: '改为', reason: '为什么（必填，会记录在案）', submit: '确认变更', working: '正在保存…', history: '变更记录', none: '没有变更过。', imported: '随资料导入', line: '由{from}改为{to}',
  effect: {
    active: '恢复照护：警情、上门重新开始，用水等计时从现在算起。', hospital: '住院：按外出处理，不因没有用水报警；出院后请改回「在家守护」。', institution: '住进机构：按外出处理；回家后请改回「在家守护」。',
    moved: '搬离：立即停止照护和上门，未结的警情冻结，设备列入待回收。', deceased: '去世：立即停止照护、上门和一切通知，未结的警情冻结，设备列入待回收。按错可以改回。', left: '退出服务：立即停止照护和上门，未结的警情冻结，设备列入待回收。',
  },
  sos: '设备若仍有人佩戴，一键呼救和跌倒照样报警，并注明登记状态。', confirm: '我已核实', frozen: '案卷冻结：登记为{state}', frozenHint: '只能写备注、打印和结案', listed: '注意：此人登记为{state}，呼救仍须核实',
  collect: '待回收设备', collectNone: '没有要回收的设备。', collected: '已取回', collectSince: '{state}，自 {time}', collectConfirm: '确认已从此人处取回 {device}？',
}
