/** How long something took as tables show it: 1:05, or 26:03:00; '' for nothing. */
export function took(seconds: number | null): string {
  if (seconds === null) return ''
  const s = Math.round(seconds)
  const two = (n: number) => String(n).padStart(2, '0')
  const minutes = Math.floor(s / 60)
  return s < 3600 ? `${minutes}:${two(s % 60)}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(s % 60)}`
}
