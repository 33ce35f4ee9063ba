// The Chinese words of the page; en.ts has the same keys, held to by a test.
import { told } from './told.zh'
import { access } from './access.zh'
import { evidence } from './evidence.zh'
import { operation } from './operations.zh'
import { duty } from './duty.zh'
import { reports } from './reports.zh'
import { rounds } from './rounds.zh'
import { life } from './life.zh'
import { field } from './field.zh'
import { rules } from './rules.zh'
import { shift, silence as quiet, state as lifeState } from './shift.zh'

export const zh = {
  app: {
    name: '守望', tagline: '独居老人水表与手环照护', skip: '跳到内容',
    loading: '正在载入…', retry: '重试', cancel: '取消',
    yes: '是', no: '否', comma: '、', colon: '：', optional: '选填', required: '此项必填',
    theme: '切换明暗',
  },
  nav: { told: '通知', board: '值班台', visits: '上门', providers: '机构', shift: '交接班', residents: '对象', devices: '设备', areas: '区域', duty: '值班', reports: '报表', rules: '规则', deadletters: '拒收消息', accounts: '账号', audit: '操作记录', mine: '我的账号', more: '更多', main: '主导航', signOut: '退出' },
  signin: {
    title: '登录', username: '用户名', password: '密码', submit: '登录', working: '正在登录…', failed: '用户名或密码不对。', expired: '登录已过期，请重新登录。',
  },
  connection: {
    live: '实时', connecting: '连接中', stale: '连接中断',
    dataAsOf: '数据截至', noData: '尚无数据', behind: '数据滞后 {time}',
    banner: '连接中断，画面已停止更新。', bannerAsOf: '数据截至 {time}；以下内容可能已过时，正在重新连接…',
    never: '尚未连上服务器，正在重试…',
  },
  warning: {
    telemetry_refused: '磁盘空间不足：暂停接收普通读数，只接收报警事件。请通知管理员。',
    events_refused: '磁盘已满：报警事件也无法接收！请立即通知管理员。',
    store_damaged: '存储文件曾有损坏：启动时已修复，可能缺少部分读数。请通知管理员。',
    canary_silent: '系统自检中断：消息到不了本页，所见可能不是实情！请立即通知管理员，并用电话等其他办法核实。',
    notices_failed: '有人没有收到通知，或红色通知迟迟发不出去。请在“通知”里查看，并电话告知。',
    messages_set_aside: '有收到的数据无法读取，已单独保存 7 天，其中可能有报警。请通知管理员。',
  },
  sound: {
    on: '声音开', off: '声音关', turnOn: '打开声音', turnOff: '关闭声音', test: '试听',
    banner: '浏览器需要您点一下才能发声：红色警情现在不会响。', enable: '启用声音', muted: '声音已关闭：红色警情不会响。',
    ringing: '红色警情待接警',
  },
  severity: { red: '红色', orange: '橙色', yellow: '黄色', blue: '蓝色' },
  level: { red: 'Ⅰ级', orange: 'Ⅱ级', yellow: 'Ⅲ级', blue: 'Ⅳ级' },
  areaLevel: { county: '县', town: '镇', village: '村' },
  state: { open: '待接警', acknowledged: '已接警', dispatched: '已派单', visited: '已上门', closed: '已结案' },
  kind: {
    sos: '一键呼救', fall: '跌倒', no_sign_of_life: '无生命活动迹象', water_inactivity: '长时间未用水',
    heart_rate: '心率异常', spo2: '血氧异常', body_temp: '体温异常', blood_pressure: '血压异常', resp_rate: '呼吸异常',
    geofence: '离开安全区', wandering: '疑似走失', vital_trend: '体征趋势变化', routine_change: '作息变化', not_returned: '外出逾期未归',
    water_burst: '疑似爆管', water_leak: '疑似漏水', water_high_use: '用水过多',
    not_worn: '手环未佩戴', device_silent: '设备无消息', device_fault: '设备故障', low_battery: '电量低', data_outage: '数据中断', canary: '系统自检中断',
  },
  outcome: {
    real_emergency: '确有险情', assisted: '已帮助', well: '平安', deceased: '已去世', hospital: '在医院', away: '外出不在家', refused: '拒绝探访',
    false_alarm: '误报', device_fault: '设备故障', repair: '已报修', recovered: '自行恢复', test: '测试', duplicate: '重复',
  },
  how: { phone: '电话', family: '家属', door: '上门', device: '设备' },
  callResult: { answered: '已接通', no_answer: '无人接听', busy: '占线', wrong_number: '号码不对' },
  visitState: { planned: '待上门', started: '进行中', reported: '已回报', canceled: '已取消' },
  tier: { red: '红色（高风险）', yellow: '黄色（中风险）', green: '绿色（低风险）' },
  residentState: { active: '在家守护', hospital: '住院', institution: '入住机构', moved: '已迁出', deceased: '已去世', left: '已退出' },
  role: { administrator: '管理员', duty: '县值班员', town_duty: '镇值班员', assistant: '村协理员', provider: '服务机构', supervisor: '监管人员', vendor: '设备厂商', auditor: '审计员' },
  subject: { resident: '对象', device: '设备', area: '区域', system: '系统' },
  deviceKind: { water_meter: '水表', wristband: '手环' },
  metric: {
    volume_m3: '水表读数', flow_m3h: '流量', water_temp_c: '水温', pressure_kpa: '水压',
    heart_rate_bpm: '心率', spo2_pct: '血氧', body_temp_c: '体温', skin_temp_c: '皮肤温度',
    systolic_mmhg: '收缩压', diastolic_mmhg: '舒张压', resp_rate_bpm: '呼吸频率',
    steps: '步数', worn: '佩戴', lat_deg: '纬度', lon_deg: '经度', accuracy_m: '定位精度', battery_pct: '电量', battery_v: '电池电压', rssi_dbm: '信号',
  },
  unit: { perMinute: '次/分', litre: '升', steps: '步' },
  refusal: {
    unknown_device: '设备未登记', device_disabled: '设备已停用', malformed: '格式错误', not_a_number: '数值无效', time_ahead: '时间超前', too_old: '时间过旧', too_large: '消息过大',
    unknown_event: '未知事件', wrong_topic: '主题不符', store_refused: '时序库拒收', over_rate: '发送过频',
  },
  deviceEvent: { sos: '呼救', fall: '跌倒', worn: '戴上', removed: '摘下', tamper: '被拆动', leak: '漏水', reverse_flow: '倒流', low_battery: '电量低', stuck: '不走字', register_reset: '读数重置' },
  round: { title: '电话问候名单', left: '还有 {n} 人（共 {all} 人）', back: '已恢复' },
  silence: { no_use: '未用水', no_report: '水表无上报', not_measuring: '水表不走字', away: '外出' },
  silenceHint: { no_use: '水表有上报，没有人用水', no_report: '没有收到水表上报，不知道有没有用水', not_measuring: '水表有上报，但不计量', away: '本人登记外出' },
  silenceRoute: { away: '外出期间不用水不报警；回来后请结束外出登记。' },
  sensitivity: { fixed: '固定规则', quietest: '最少打扰', quiet: '宁少打扰', balanced: '均衡', early: '较早', earliest: '最早' },
  ruleName: { storm: '同时中断', uploads: '当晚漏传', village_water: '村里停水', meter_fault: '水表故障', faults: '设备自报故障' },
  log: {
    alert_opened: '警情产生', alert_updated: '更新', alert_acked: '接警', alert_escalated: '升级', alert_recovered: '恢复', alert_closed: '结案',
    visit_created: '派单', visit_updated: '上门进展', visit_planned: '计划上门',
    joined: '并入：{kind}', rings: '再次鸣响', system: '系统',
  },
  board: {
    title: '值班台', list: '未结警情', count: '{n} 条', empty: '没有未结警情', emptyFiltered: '没有符合筛选条件的警情', choose: '从左侧选择一条警情', chooseHint: '用 ↑ ↓ 键移动，回车打开',
    filters: '筛选', area: '区域', kind: '类型', severity: '级别', state: '状态', clear: '清除筛选',
    late: '迟到数据', lateHint: '发现时已超过 24 小时，不鸣响', recovered: '已恢复', recoveredHint: '指标已恢复正常，仍需有人结案',
    escalated: '已升级至{to}', due: '下次升级 {time}', dueNow: '即将升级',
    visitLate: '上门已逾期 {time}', newAlert: '新警情：{severity}，{kind}，{name}', assignee: '处理人 {name}',
    unacked: '待接警 {n}', unackedShort: '待{n}', ago: '{time}前', since: '起于 {time}', noResident: '未绑定对象', counts: '各级未结警情数',
  },
  case: {
    evidence: '依据', resident: '对象', contacts: '联系人', log: '处理记录', visit: '上门', actions: '处置', facts: '明细', advice: '建议', rule: '规则 {id}（第 {version} 版）',
    opened: '产生', outcome: '结果', noContacts: '没有登记联系人', noPhone: '没有登记电话', openResident: '查看档案',
    gone: '这条警情不存在，或不在您的管辖范围内。', emptyLog: '还没有记录', ageYears: '{n} 岁', position: '位置 {lat}, {lon}（误差约 {m} 米）', positionNoAccuracy: '位置 {lat}, {lon}',
  },
  action: {
    seen: '已看到', morning: '早上开始响', again: '仍无人接警，再次通知',
    ack: '接警', assign: '转交', call: '电话记录', note: '备注', dispatch: '派单上门', escalate: '升级', close: '结案', reopen: '重新打开', merge: '合并', lower: '降级', return: '无人处理，退回待接警', checkin: '到门口签到', checkout: '离开', checklist: '无人应门', photo: '照片', start: '出发上门', report: '上门回报', cancel: '取消上门',
    working: '正在提交…', done: '已提交',
    more: '更多', assignTo: '转交给', mergeInto: '并入哪条警情', mergeHint: '这条作为重复结案，处理记录保留。', mergeNone: '没有可并入的未结警情。', cancelReason: '为什么取消上门', noteText: '备注内容', callWhom: '打给谁', callResult: '结果', callNote: '说了什么', callSelf: '本人', dispatchHint: '生成上门任务，默认派给本村服务机构。', dispatchAssignee: '派给', dispatchDefault: '本村服务机构',
    escalateReason: '升级原因', reopenReason: '重新打开的原因', closeOutcome: '结果', closeVerifiedBy: '谁核实的', closeHow: '如何核实', closeNote: '说明', closeVisit: '已有上门回报，可直接结案；核实人按回报记录。',
    closeUnverified: '没有核实到本人的情况会在 4 小时后再次提醒。',
  },
  error: {
    conflict: '现在不能“{action}”：这条警情{state}。', conflictBy: '{name} 已先处理。', unreachable: '连不上服务器，操作没有生效。请稍后重试。', forbidden: '您的账号没有这项权限。', notFound: '不存在，或不在您的管辖范围内。',
    input: '填写有误：{detail}',
    field: { reason: '原因', name: '名称', text: '内容', note: '说明', until: '到期', from: '开始', to: '结束', due: '期限', area: '区域', resident: '对象', username: '用户名', password: '密码', role: '角色', provider: '服务机构', vendor: '厂商', rota: '值班表', people: '人员', outcome: '结果', severity: '级别', kind: '类型' },
    rule: { empty: '必填', between: '应在 {a} 到 {b} 之间', order: '结束要晚于开始', future: '要晚于现在', past: '不能晚于现在', exists: '查不到', policy: '升级步骤里还用着它，请先改升级步骤', night: '夜间设置里还用着它，请先改夜间设置', positive: '要大于 0', upTo: '要大于 0，最多 {b}', long: '最多 {n} 个字符', length: '应有 {a} 到 {b} 个字符', short: '至少 {n} 个字符', somebody: '至少选一个人', twice: '重复了' },
    server: '服务器出错（{status}）：{detail}', tooMany: '操作太频繁，请稍后再试。', tooManyFor: '次数太多，请 {time}后再试。',
  },
  residents: {
    title: '照护对象', search: '按姓名或编号查找', name: '姓名', phone: '电话', address: '住址', area: '区域', tier: '风险等级', state: '状态', empty: '没有找到', more: '载入更多',
  },
  resident: {
    watch: '看护情况', watchFine: '水表有上报，用水没有停得过久', watchNoMeter: '没有绑定水表', blind: '最长可能看不到的时间：', blindUnknown: '还不清楚，设备上报次数不够', blindWhy: '{device} 每 {every} 上报一次；规则等待的时间另计', blindWhyBoth: '{device} 每 {measure} 测一次、每 {every} 上报一次；规则等待的时间另计', dailyCall: '红色档且超过 6 小时：请每天打一次电话问候。', fix: '手环位置 {lat}, {lon}', fixOld: '{ago} 前的位置', partial: '读数不全', partialHint: '空心柱为读数不全', waterDay: '每日用水', absenceAdd: '登记外出', absenceEnd: '已回来', absenceFrom: '从（空为现在）', absenceTo: '到（空为未定）', absenceReason: '去哪里、为什么', absenceHint: '外出期间不用水不报警；到期没有生活迹象会提醒。',
    devices: '设备', absences: '外出登记', noAbsences: '没有外出登记', noDevices: '没有绑定设备', openAlerts: '未结警情', pastAlerts: '以往警情', noAlerts: '没有警情', charts: '近况', days: '{n} 天', from: '自 {time}', until: '至 {time}', openEnd: '未定', lastSeen: '最近消息 {time}', neverSeen: '从未有消息',
    noData: '这段时间没有数据', alertMarks: '虚线为警情时刻', water: '每小时用水', chartTable: '{metric}：最近 {value}（{time}）', gapHint: '曲线断开、斜线处没有数据', away: '现外出中',
  },
  visits: {
    title: '上门任务', today: '今天', overdue: '逾期', upcoming: '以后', done: '已回报', empty: '没有待办任务', emptyHint: '有新任务会自动出现在这里。', due: '期限 {time}', dueIn: '还剩 {time}', late: '逾期 {time}', start: '出发', started: '已出发 {time}', report: '填写结果', planned: '计划回访', note: '补充说明（选填）', choose: '见到的情况', submit: '提交', chooseFirst: '请先选一项情况',
    waiting: '待发送', sent: '已送达', sending: '发送中', rejected: '未被接受', waitingHint: '没有信号也能填写，有网后自动发送。', queue: '{n} 份结果待发送', resend: '立即发送', discard: '删除', found: '结果：{outcome}', by: '由 {name}', refresh: '刷新', offline: '没有网络，显示的是上次载入的任务。', discardConfirm: '删除后这份结果不会再发送。确定删除？',
  },
  devices: { title: '设备', id: '设备号', kind: '类型', resident: '对象', area: '区域', state: '状态', disabled: '已停用', empty: '没有设备', search: '按设备号查找' },
  areas: { title: '区域', path: '代码', name: '名称', hint: '各色数字是该区域（含下级）未结的警情。', empty: '没有区域' },
  deadletters: { title: '拒收消息', hint: '服务没有接受的消息和原因。呼救和跌倒不会被拒收。', received: '收到', device: '设备', reason: '原因', detail: '说明', payload: '内容', empty: '没有拒收的消息', showPayload: '看内容' },
  demo: { title: '演示事件', hint: '只在演示中出现：让一位虚拟居民发生下面的事，经过真实的 MQTT 通路。', run: '触发', done: '已触发', doneFor: '已触发：{name}' },
  incident: { collapse: '家中倒下（用水和活动停止）', sos: '一键呼救', fall: '跌倒', fever: '发烧', low_spo2: '血氧过低', off_wrist: '摘下手环忘记佩戴', going_away: '未告知外出', leak: '马桶漏水', burst: '水管爆裂', gateway_outage: '村网关中断', late_batch: '水表日批量迟到', recover: '恢复正常' },
  time: { seconds: '{n} 秒', minutes: '{n} 分钟', hoursMinutes: '{h} 小时 {m} 分', hours: '{n} 小时', days: '{n} 天', daysHours: '{d} 天 {h} 小时', today: '今天', yesterday: '昨天', tomorrow: '明天', },
  access,
  evidence,
  operation,
  life, rounds, reports, duty,
  field,
  told,
  shift, quiet, lifeState,
  rules,
  advice: {
    no_use_yellow: '第一步：打电话给本人，或请村协理员顺路看一眼；有应答即记录并结案。', no_use_red: '已远超本人平日：立即打电话，无人接听马上派人敲门，必要时拨 120。', no_report_yellow: '今天打电话给本人确认平安；请技术人员查水表和信号。', no_report_orange: '派人上门看望本人，同时检查水表。', not_measuring: '通知水表厂商或水务所换表；换好之前靠电话和手环了解本人。', not_returned: '打电话给本人或家属，问是否已回家；回来了就结束外出登记，联系不上派人上门。',
    sos: '立即回拨；无人接听马上派人上门，必要时拨 120。', fall: '立即回拨；无人接听马上派人上门，必要时拨 120。', no_sign_of_life: '立即打电话；无人接听马上派人敲门，必要时请家属或派出所协助开门。', water_inactivity: '先给本人打电话，再打给联系人；都不通就派人上门。', vital: '打电话问本人感觉如何，请其坐下重测；有不适或仍超限，联系家属或 120。', place: '打电话问本人在哪里；联系不上通知家属和网格员。', water: '打电话请本人查看水龙头和马桶；无人接听派人查看。', device: '白天联系本人或下次上门时处理设备，不必夜间打扰。', outage: '查看网关和网络；恢复前对该区域红色档对象电话问候。', system: '通知系统管理员。', soft: '工作时间电话问候，了解近况。',
  },
}
export type Messages = typeof zh
