// 通知方式与发送记录
export const told = {
  title: '通知方式', titleOf: '{name} 的通知方式', hint: '有警情需要您处理时，从上到下依次尝试；红色警情前一种没有送达，就换下一种。',
  none: '还没有设置：现在只能在值班台上看到警情，离开屏幕就收不到。', noChannels: '系统还没有配置通知渠道，请管理员在配置文件的 notify 一节设置。',
  language: '通知语言', zh: '中文', en: '英文', add: '添加', choose: '选择渠道', address: '地址', up: '上移', down: '下移', remove: '删除', enabled: '启用',
  quiet: '免打扰', quietFrom: '从', quietTo: '到', quietHint: '免打扰时段内只发红色警情。', save: '保存', saved: '已保存', unsaved: '有未保存的修改', test: '发送测试', testing: '正在发送…',
  tested: '上次测试成功 {time}', untested: '未测试', saveFirst: '保存后才能测试', shared: '群内其他人也能看到', outbox: '发送记录', others: '查看他人：{name}', own: '我的通知方式',
  result: { delivered: '测试已送达', sent: '服务商已接收，请查看手机', waiting: '还在发送，请稍候查看手机', failed: '没有发出去', settled: '没有发出去' },
  placeholder: { sms: '手机号', voice: '手机号', email: '邮箱', webhook: '收件标识（可空）', wecom: '要提醒的手机号（可空）', dingtalk: '要提醒的手机号（可空）', feishu: '要提醒的用户 ID（可空）' },
  kind: { webhook: '网络推送', wecom: '企业微信群', dingtalk: '钉钉群', feishu: '飞书群', sms: '短信', voice: '语音电话', email: '邮件' },
  channels: '通知渠道', channel: '渠道', state: '状态', working: '正常', unused: '未使用', failing: '发送失败', waiting: '待发送', failed: '24 小时内失败', lastSuccess: '上次成功', lastError: '最近错误', noneConfigured: '没有配置通知渠道。',
  sentTitle: '发送记录', at: '时间', person: '通知谁', about: '内容', how: '经过', empty: '没有符合条件的记录', allStates: '全部状态', allReasons: '全部原因', retry: '重发', retried: '已重新排队', tries: '{n} 次', openAlert: '看警情',
  noticeState: { waiting: '待发送', delivered: '已送达', sent: '已发出', settled: '不必发', failed: '失败' },
  reason: { opened: '新警情', escalated: '无人接警升级', again: '仍无人接警', returned: '接警后退回', visit: '上门任务', coverage: '值守空档', handover: '交接班未签', canary: '自检中断', test: '测试' },
  why: { acknowledged: '已有人接警', closed: '警情已结案', too_old: '已过时', no_channel: '此人没有设置通知方式', refused: '渠道拒绝', gave_up: '多次尝试失败' },
  attempt: { sending: '发送中', taken: '已接收', delivered: '已送达', failed: '失败', limited: '渠道忙或中断，暂缓', refused: '被拒绝' },
}
