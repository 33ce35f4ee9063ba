// Numbers to be dialled by a tap.

/** The link that dials the number; none for one that is hidden in part or not known. */
export function tel(number: string | null | undefined): string | undefined {
  if (!number || number.includes('*')) return undefined
  return 'tel:' + number.replace(/[^+\d]/g, '')
}
