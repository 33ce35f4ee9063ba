// The rules page in Chinese; rules.en.ts has the same keys.
export const rules = {
  title: '规则', version: '第 {n} 版', since: '{time} 起生效', first: '系统默认值', holds: '正在生效', intro: '什么情况算警情、多久没人接警要升级。改动立即生效，不用重启；每次改动都记下谁、何时、为什么。',
  forWhom: '适用于', everybody: '全系统', allTiers: '各风险等级', inherits: '没有单独设置的沿用上一级。', own: '本级设置', 
  edit: '修改', stop: '放弃修改', more: '更多设置', changed: '已改 {n} 项', was: '原为 {value}', none: '不设', off: '关', on: '开',
  readOnly: '您的账号只能查看规则。', tryOnly: '全系统的规则要由管辖全系统的账号启用；您可以试算，或为您管辖的区域设置。',
  try: '试算最近 {n} 天', trying: '正在用已存的读数试算，最长一分钟…', tryFirst: '启用前先试算：看这样改在这里会多报还是少报。', tryAgain: '改动后还没有试算。', tryNone: '这个系统不提供试算。',
  result: '最近 {days} 天在这里会怎样', resultOf: '{residents} 位对象，{readings} 条读数', partial: '时间不够，只算了一部分对象。', kind: '警情', now: '现行', proposed: '改后', change: '变化', perMonth: '每人每月', away: '其中多半不在家 {n}', same: '警情数量没有变化', no: '这段时间两种规则都没有警情', more_n: '多 {n}', less_n: '少 {n}', equal: '不变',
  reason: '为什么改（必填，会记录在案）', enable: '启用', enabling: '正在启用…', enabled: '第 {n} 版已启用',
  history: '版本记录', historyEmpty: '还没有人改过规则，用的是系统默认值。', whatChanged: '改了什么', noDifference: '内容与前一版相同', restore: '以此版为底稿', newer: '规则刚被别人改过，请重新打开本页。',
  part: { water_inactivity: '长时间未用水', water_use: '漏水、爆管与用水变化', vitals: '体征', trend: '与本人平日比较', position: '位置', devices: '设备', together: '水表和手环合看', storm: '同时中断', quiet: '静默、反复与交接班', answer: '接警与上门' },
  about: {
    water_inactivity: '没学会一家的用水习惯之前按固定规则；学满 14 天后按各家自己的习惯，冲水马桶家庭最长 24 小时、旱厕 36 小时、水缸 48 小时必问。', water_use: '按水表看漏、爆、多用，以及几周来的变化。', vitals: '手环测得的数值到达上下限就算异常，要连续几次有效测量确认；到极限为红色。填 0 表示不设这一限。', trend: '与本人以往相比明显不同，黄色提示。',
    position: '离家多远算离开安全区；夜间在外走动算疑似走失。', devices: '多久没有消息算失联；水表失联先打电话再上门。', together: '手环戴着却没有活动和脉搏，家里又没用水，立即按红色处理；外出到期没有生活迹象会提醒。', quiet: '反复出现又恢复的警情响几次后就不再每次响铃，只在警情上记次数；红色、呼救和跌倒总是响。静默到期仍未恢复就响铃。', storm: '同一地方短时间内许多设备一起没有消息，合并为一条数据中断。', answer: '多久没人接警自动升级，派单后多久须到门。',
  },
  unit: { l: '升', lh: '升/小时', h: '小时', min: '分钟', d: '天', s: '秒', bpm: '次/分', m: '米', times: '倍', clock: '点', z: '倍离差' },
  bound: { low: '下限', high: '上限', extreme_low: '极低（红色）', extreme_high: '极高（红色）', margin: '恢复余量' },
  spo2_scale_2: '血氧（第二标准）',
  field: {
    water_inactivity: { limit_l: '少于多少算没用水', window: '固定规则的时段', sensitivity: '学会习惯后的灵敏度' },
    water_use: {
      leak_l_per_h: '不停的水流超过', leak_window: '持续多久算漏水', seep_window: '细流持续多久算漏水', burst_l: '两小时用水超过', burst_factor: '且超过这家以往最多的', burst_unknown_l: '不了解的家庭两小时超过', night_l: '夜里连续三小时每小时超过', high_l: '一天用水超过', high_factor: '或超过这家多用日的', high_floor_l: '且至少', routine_z: '变化要有多明显', routine_share: '水量变化至少', routine_first: '首次用水时间变化至少', routine_every: '最多多久提一次',
    },
    vitals: { spo2_scale: '血氧标准（1 一般，2 慢阻肺）', personal_low: '心率下限最多随本人放宽到', confirm: '几次超限才算', window: '看最近几次有效测量', clear: '恢复正常多久后结束', not_worn: '多久不戴算一项任务' },
    trend: { learn_days: '先学习', z: '偏离多少算不同', mad_floor: '最小离差', hours: '连续几个安静小时', rest: '多久不走动算安静', night_yellow: '夜间心率高出（黄）', night_red: '夜间心率高出（红）', night_alert: '提示级别（1 黄 2 红）', night_run: '连续几夜', night_z: '夜间偏离至少' },
    position: { fence_m: '离家超过（0 不限制）', home_m: '家的范围', fixes: '连续几次定位确认', wandering: '夜间走失提醒', wander_m: '两次定位间移动超过', night_from: '夜间开始', night_to: '夜间结束' },
    silence: { band: '手环无消息超过', meter: '水表无上报超过（打电话）', meter_visit: '水表无上报超过（上门）' }, low_battery_pct: '电量低于',
    together: { pulseless: '戴着手环却无脉搏无走动', no_water: '且没有用水', not_returned: '外出到期后多久没有迹象', steps: '走多少步算有人活动' },
    quiet: { silence_most: '静默最长', flap_rings: '反复几次后不再每次响铃（0 每次都响）', flap_within: '在多长时间内', handover: '交班后多久没人接班通知督导' },
    storm: { homes: '看停水的村至少多少户（0 不看）', dry: '多少户没用水算停水', devices: '多少台设备（0 不合并）', window: '在多长时间内', back: '恢复多少算结束' },
    field: { check_in_m: '上门定位签到离住址', accuracy_m: '定位误差不超过' },
    escalation: { red: '红色无人接警升级', orange: '橙色无人接警升级', yellow: '黄色无人接警升级', blue: '蓝色无人接警升级' }, ack_timeout: { red: '红色接警后须处理', orange: '橙色接警后须处理', yellow: '黄色接警后须处理', blue: '蓝色接警后须处理' }, visit_due: { red: '红色须到门', orange: '橙色须到门', yellow: '黄色须到门', blue: '蓝色须到门' }, raise_again: '未联系到本人结案后再次提醒', late: '多久以前的算迟到（不鸣响）',
  },
}
