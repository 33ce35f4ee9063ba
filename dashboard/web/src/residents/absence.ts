// What is typed of an absence.

/** A date and time as a form has it ("2026-11-25T18:30"), which is county time. */
export function dateTime(typed: string): string | undefined {
  const at = Date.parse(`${typed}:00+08:00`)
  return Number.isNaN(at) ? undefined : new Date(at).toISOString()
}
