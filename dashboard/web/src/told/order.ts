// A person's channels as the page edits them.
import type { Told, ToldChannel } from '@/api/types'

/** The list with one element moved by a step; at the ends it stays. */
export function moved<T>(list: T[], at: number, by: -1 | 1): T[] {
  const to = at + by
  if (to < 0 || to >= list.length) return list
  const next = [...list]
  const [one] = next.splice(at, 1)
  if (one !== undefined) next.splice(to, 0, one)
  return next
}

/** What is sent: without what the server alone knows. */
export function payload(language: 'zh' | 'en', channels: ToldChannel[]): Pick<Told, 'language' | 'channels'> {
  return {
    language,
    channels: channels.map((c) => ({
      channel: c.channel, address: c.address, enabled: c.enabled,
      ...(c.quiet_from && c.quiet_to ? { quiet_from: c.quiet_from, quiet_to: c.quiet_to } : {}),
    })),
  }
}

/** Whether two say the same, tests aside. */
export function same(a: Pick<Told, 'language' | 'channels'>, b: Pick<Told, 'language' | 'channels'>): boolean {
  return JSON.stringify(payload(a.language as 'zh', a.channels)) === JSON.stringify(payload(b.language as 'zh', b.channels))
}
