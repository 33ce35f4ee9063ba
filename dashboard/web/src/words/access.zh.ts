// Words of accounts, second factor, masking, consent and the audit log.
export const access = {
  signin: { code: '验证码', codeHint: '打开手机上的身份验证器，输入 6 位数字；手机不在身边，可输入一个备用码。', codeWrong: '验证码不对，或已经用过。请等下一个。', back: '换一个账号' },
  mine: {
    title: '我的账号', must: '管理员和监管人员必须绑定身份验证器。绑定之前不能使用其他功能。', mustUntil: '请在 {time} 之前绑定身份验证器，过期后须先绑定才能使用。',
    factor: '身份验证器（两步登录）', off: '本系统没有启用两步登录。', on: '已绑定，自 {time} 起登录时需要验证码。', left: '还剩 {n} 个备用码。', none: '还没有绑定。绑定后登录时除密码外还要输入手机上的 6 位数字。',
    begin: '开始绑定', scan: '1. 用手机上的身份验证器（如微软验证器、腾讯身份验证器）扫描', typed: '扫不了就手工输入密钥', enter: '2. 输入手机上显示的 6 位数字', confirm: '确认绑定',
    codes: '备用码：手机丢失时每个可用一次。请抄下或打印，收在安全的地方，只显示这一次。', copied: '我已抄好', newCodes: '换一批备用码', remove: '解除绑定', needCode: '先输入现在的验证码',
    password: '修改密码', oldPassword: '现在的密码', newPassword: '新密码（至少 8 位）', repeat: '再输一遍新密码', differ: '两次输入的新密码不一样。', passwordHint: '修改后所有地方都要重新登录。', change: '修改密码',
  },
  accounts: {
    title: '账号', add: '新增账号', username: '用户名', name: '姓名', role: '角色', areas: '管辖区域', all: '全部', provider: '服务机构', vendor: '厂商代码', password: '初始密码（空为只用令牌的程序账号）', create: '建立', empty: '没有账号', created: '建立',
    edit: '修改', editHint: '保存后立即生效，本人已登录的页面和令牌也随之缩小。', disabled: '已停用', disable: '停用', enable: '启用', disableAsk: '停用后立即退出登录，令牌失效。确定停用 {name}？', reset: '重设密码', resetHint: '新密码（至少 8 位），请当面告知本人。', save: '保存', resetFactor: '解除身份验证器', resetFactorAsk: '仅在本人丢失手机且没有备用码时使用，请先当面核实。确定解除 {name} 的身份验证器？', done: '已保存',
    tokens: '接口令牌', tokensOf: '{name} 的接口令牌', tokenName: '用途', tokenRole: '权限', tokenArea: '区域', tokenOwn: '与账号相同', readOnly: '只读', expires: '到期', never: '不过期', used: '最近使用', neverUsed: '从未使用', maker: '建立人', revoke: '吊销', revokeAsk: '吊销后使用它的程序立即失去访问。确定吊销？', newToken: '新建令牌', days: '{n} 天', shown: '令牌只显示这一次，请立即保存：', noTokens: '没有令牌', close: '收起', usernameHint: '小写字母、数字、点、横线',
  },
  audit: {
    title: '操作记录', hint: '谁在什么时候做了什么、看了谁。只能追加，不能修改或删除。', actor: '用户', action: '操作', object: '对象', search: '查找对象或说明', from: '从', to: '到', at: '时间', area: '区域', detail: '说明', empty: '没有记录', export: '导出表格', nobody: '未登录', every: '全部操作', refused: { wrong_password: '密码不对', wrong_code: '验证码不对' }, guessed: '{n} 次，用户名不存在',
  },
  reveal: { button: '显示电话和住址', reason: '查看原因', hint: '电话和住址已隐藏：现在没有未结警情。显示会记入操作记录。', show: '显示', reasons: { called: '对方来电', followup: '电话回访', record: '核对档案', device: '处理设备' }, other: '其他原因' },
  position: { hidden: '手环位置已隐藏：没有未结警情。', show: '查看位置', reason: '为什么要看位置' },
  consent: {
    title: '知情同意', types: { water: '用水', vitals: '体征', motion: '活动与佩戴', position: '位置' }, taken: '采集', notTaken: '不采集', byDefault: '按默认', grant: '登记同意', withdraw: '登记撤回', which: '哪几类数据', paper: '纸质凭证存放处', to: '到期（空为长期）', save: '保存',
    withdrawHint: '保存后不再采集、判断和显示这几类数据，呼救和跌倒不受影响。已存的数据不会自动删除；如需删除，请管理员点“清除已存数据”。', erase: '清除已存数据', eraseAsk: '清除后无法恢复：已存的{data}数据、由其判断的警情依据都会删除。确定清除？', eraseAsked: '正在清除', hint: '呼救和跌倒不需要同意。', granted: '同意', refused: '撤回', by: '{name} 登记', history: '登记经过', withheld: '本人未同意采集，不显示',
  },
}
