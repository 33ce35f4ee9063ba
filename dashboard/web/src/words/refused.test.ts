import { expect, it } from 'vitest'
import { createWords } from '@/words'
import { refused } from './refused'

const zh = createWords('zh').global.t as (key: string, params?: Record<string, unknown>) => string
const en = createWords('en').global.t as typeof zh

it.each([
  ['body.reason', 'expected length >= 1', '原因：必填'],
  ['until', 'must lie ahead', '到期：要晚于现在'],
  ['rota', 'must stay: the policy for red in shen names it', '值班表：升级步骤里还用着它，请先改升级步骤'],
  ['vitals.heart_rate.low', 'must be between 20 and 100', 'vitals.heart_rate.low：应在 20 到 100 之间'],
  ['password', 'must have 8 to 200 characters', '密码：应有 8 到 200 个字符'],
  ['hook', 'must begin with SEC, as the robot\'s page shows it', 'hook：must begin with SEC, as the robot\'s page shows it'],
])('says of %s "%s"', (field, rule, said) => {
  expect(refused(field, rule, zh)).toBe(said)
  expect(refused(field, rule, en)).not.toMatch(/[\u4e00-\u9fff]/)
})
