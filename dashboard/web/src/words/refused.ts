// Why the server refused a field, in words. It says so in English, to programs
// too; what is not known here is shown as it says it.
import { word, type Translate } from './word'

const rules: readonly [RegExp, string][] = [
  [/^(must not be empty|must be given|missing|expected length >= 1)$/, 'empty'],
  [/^must (?:be|lie) between (?<a>\S+) and (?<b>\S+)$/, 'between'],
  [/^must be (?:after from|later than from)$/, 'order'],
  [/^must lie (?:in the future|ahead)$/, 'future'],
  [/^must not lie ahead$/, 'past'],
  [/^must be (?:an area|a resident|an account|a device) (?:that|who|which) exists$/, 'exists'],
  [/^must stay: the policy .* names it$/, 'policy'],
  [/^must stay: the night setting names it$/, 'night'],
  [/^must be longer than 0$/, 'positive'],
  [/^must be longer than 0 and at most (?<b>.+)$/, 'upTo'],
  [/^(?:must have at most (?<n>\d+) characters|expected length <= (?<m>\d+))$/, 'long'],
  [/^(?:must have (?<a>\d+) to (?<b>\d+) characters)$/, 'length'],
  [/^expected length >= (?<n>\d+)$/, 'short'],
  [/^must name somebody$/, 'somebody'],
  [/^must (?:not be there twice|be unique)$/, 'twice'],
]

/** The field and what is wrong with it. */
export function refused(field: unknown, rule: unknown, t: Translate): string {
  const name = typeof field === 'string' ? field.replace(/^body\./, '') : ''
  let said = typeof rule === 'string' ? rule : ''
  for (const [pattern, key] of rules) {
    const m = pattern.exec(said)
    if (!m) continue
    const g = m.groups ?? {}
    said = t(`error.rule.${key}`, { a: g.a ?? '', b: g.b ?? '', n: g.n ?? g.m ?? '' })
    break
  }
  return [word(t, 'error.field', name), said].filter(Boolean).join(t('app.colon'))
}
