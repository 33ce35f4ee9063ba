// How people are told, and what was sent
export const told = {
  title: 'How I am told', titleOf: 'How {name} is told', hint: 'When a case needs you these are tried from top to bottom; of a red case the next follows when one has not arrived.',
  none: 'Nothing yet: you see cases on the board only, and not when you leave the screen.', noChannels: 'The service has no channels yet; the administrator sets them under notify in the configuration.',
  language: 'Language of notices', zh: 'Chinese', en: 'English', add: 'Add', choose: 'Choose a channel', address: 'Address', up: 'Up', down: 'Down', remove: 'Remove', enabled: 'On',
  quiet: 'Quiet hours', quietFrom: 'from', quietTo: 'to', quietHint: 'In quiet hours only red cases come.', save: 'Save', saved: 'Saved', unsaved: 'There are unsaved changes', test: 'Send a test', testing: 'Sending…',
  tested: 'last test arrived {time}', untested: 'not tested', saveFirst: 'Save before testing', shared: 'Others of the group read it', outbox: 'What was sent', others: 'Somebody else: {name}', own: 'How I am told',
  result: { delivered: 'The test has arrived', sent: 'The provider took it: look at your phone', waiting: 'Still sending: look at your phone in a moment', failed: 'It could not be sent', settled: 'It could not be sent' },
  placeholder: { sms: 'Phone number', voice: 'Phone number', email: 'E-mail address', webhook: 'Receiver (may be empty)', wecom: 'Phone to mention (may be empty)', dingtalk: 'Phone to mention (may be empty)', feishu: 'User id to mention (may be empty)' },
  kind: { webhook: 'Webhook', wecom: 'WeCom group', dingtalk: 'DingTalk group', feishu: 'Feishu group', sms: 'SMS', voice: 'Phone call', email: 'E-mail' },
  channels: 'Channels', channel: 'Channel', state: 'State', working: 'Works', unused: 'Not used yet', failing: 'Failing', waiting: 'Waiting', failed: 'Failed in 24 h', lastSuccess: 'Last success', lastError: 'Last error', noneConfigured: 'No channel is configured.',
  sentTitle: 'What was sent', at: 'Time', person: 'Whom', about: 'About', how: 'How', empty: 'Nothing matches', allStates: 'All states', allReasons: 'All reasons', retry: 'Send again', retried: 'Waits to be sent again', tries: '{n} tries', openAlert: 'Open the case',
  noticeState: { waiting: 'Waiting', delivered: 'Arrived', sent: 'Sent', settled: 'Not needed', failed: 'Failed' },
  reason: { opened: 'New case', escalated: 'Nobody answered', again: 'Still nobody', returned: 'Taken and left', visit: 'Visit', coverage: 'Hours without anybody', handover: 'Shift not signed', canary: 'Self-check broken', test: 'Test' },
  why: { acknowledged: 'somebody took it', closed: 'case closed', too_old: 'too old', no_channel: 'the person has no channel', refused: 'refused by the channel', gave_up: 'too many tries' },
  attempt: { sending: 'sending', taken: 'taken', delivered: 'arrived', failed: 'failed', limited: 'channel busy or down, later', refused: 'refused' },
}
