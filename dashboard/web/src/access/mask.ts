// A name as a screen on the wall may show it.
export function maskName(name: string): string {
  const letters = [...name.trim()]
  if (letters.length < 2) return '*'
  return letters[0] + '*'.repeat(Math.min(letters.length - 1, 8))
}
