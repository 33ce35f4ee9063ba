// Words of accounts, second factor, masking, consent and the audit log.
export const access = {
  signin: { code: 'Code', codeHint: 'Open the authenticator app on your phone and enter its 6 digits; without the phone, one of the recovery codes.', codeWrong: 'The code is wrong, or was used before. Wait for the next one.', back: 'Another account' },
  mine: {
    title: 'My account', must: 'Administrators and supervisors must have an authenticator app. Until it is set up nothing else is open.', mustUntil: 'Set up an authenticator app before {time}; after that nothing else is open until you have.',
    factor: 'Authenticator app (two-step sign-in)', off: 'Two-step sign-in is switched off here.', on: 'Set up: since {time} signing in takes a code.', left: '{n} recovery codes are left.', none: 'Not set up yet. With it, signing in takes the 6 digits on your phone beside the password.',
    begin: 'Set up', scan: '1. Scan this with the authenticator app on your phone', typed: 'Or type in this key', enter: '2. Enter the 6 digits the phone shows', confirm: 'Confirm',
    codes: 'Recovery codes: each works once, should the phone be lost. Write them down or print them and keep them safe; they are shown only now.', copied: 'I have kept them', newCodes: 'New recovery codes', remove: 'Remove the app', needCode: 'Enter a present code first',
    password: 'Change password', oldPassword: 'Present password', newPassword: 'New password (8 characters at least)', repeat: 'New password again', differ: 'The two new passwords differ.', passwordHint: 'After that you sign in again everywhere.', change: 'Change password',
  },
  accounts: {
    title: 'Accounts', add: 'New account', username: 'User name', name: 'Name', role: 'Role', areas: 'Area', all: 'Everything', provider: 'Organisation', vendor: 'Vendor code', password: 'First password (empty: a program, with tokens only)', create: 'Create', empty: 'No accounts', created: 'Created',
    edit: 'Change', editHint: 'It holds at once, for what is signed in and for tokens too.', disabled: 'disabled', disable: 'Disable', enable: 'Enable', disableAsk: 'The account is signed out at once and its tokens stop working. Disable {name}?', reset: 'Set password', resetHint: 'New password (8 characters at least); tell the owner in person.', save: 'Save', resetFactor: 'Remove authenticator app', resetFactorAsk: 'Only for somebody who has lost phone and recovery codes, checked in person. Remove the app of {name}?', done: 'Saved',
    tokens: 'API tokens', tokensOf: 'API tokens of {name}', tokenName: 'Used for', tokenRole: 'Rights', tokenArea: 'Area', tokenOwn: 'as the account', readOnly: 'read only', expires: 'Ends', never: 'never', used: 'Last used', neverUsed: 'never used', maker: 'Made by', revoke: 'Revoke', revokeAsk: 'The program that uses it is shut out at once. Revoke it?', newToken: 'New token', days: '{n} days', shown: 'The token is shown only now, keep it:', noTokens: 'No tokens', close: 'Close', usernameHint: 'small letters, digits, dot, dash',
  },
  audit: {
    title: 'Audit log', hint: 'Who did what and looked at whom, and when. Lines are added; nobody changes or deletes one.', actor: 'User', action: 'Action', object: 'Object', search: 'Find in object or detail', from: 'From', to: 'To', at: 'Time', area: 'Area', detail: 'Detail', empty: 'No lines', export: 'Download as table', nobody: 'not signed in', every: 'All actions', refused: { wrong_password: 'wrong password', wrong_code: 'wrong code' }, guessed: '{n} with names that no account has',
  },
  reveal: { button: 'Show phone and address', reason: 'Why', hint: 'Phone and address are hidden: no alert is open. Showing them is noted in the audit log.', show: 'Show', reasons: { called: 'They called', followup: 'Call-back', record: 'Checking the record', device: 'About a device' }, other: 'Another reason' },
  position: { hidden: 'The position of the band is hidden: no alert is open.', show: 'Show position', reason: 'Why the position is needed' },
  consent: {
    title: 'Consent', types: { water: 'Water use', vitals: 'Vital signs', motion: 'Movement and wearing', position: 'Position' }, taken: 'taken', notTaken: 'not taken', byDefault: 'by default', grant: 'Enter consent', withdraw: 'Enter withdrawal', which: 'Which types of data', paper: 'Where the signed paper is', to: 'Until (empty: no end)', save: 'Save',
    withdrawHint: 'From then on these types are neither taken nor judged nor shown; calls for help and falls are not affected. What is stored stays until an administrator erases it.', erase: 'Erase what is stored', eraseAsk: 'This cannot be undone: stored data of the type {data} go, and what alerts judged by them had found. Erase them?', eraseAsked: 'being erased', hint: 'Calls for help and falls need no consent.', granted: 'granted', refused: 'withdrawn', by: 'entered by {name}', history: 'Decisions', withheld: 'Not agreed to, so not shown',
  },
}
