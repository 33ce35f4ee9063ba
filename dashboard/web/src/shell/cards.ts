// A table whose rows are cards on a phone: each cell says under which heading it
// stands. The headings are taken from the table itself, so that they are written
// once and follow the language.
import type { ObjectDirective } from 'vue'

declare module 'vue' {
  interface GlobalDirectives { vCards: typeof cards }
}

function label(table: HTMLTableElement) {
  table.classList.add('cards')
  const heads = [...(table.tHead?.rows[0]?.cells ?? [])].map((h) => h.textContent?.trim() ?? '')
  for (const part of [...table.tBodies, ...(table.tFoot ? [table.tFoot] : [])]) {
    for (const row of part.rows) {
      let n = 0
      for (const cell of row.cells) {
        cell.dataset.label = cell.colSpan > 1 ? '' : heads[n] ?? ''
        n += cell.colSpan
      }
    }
  }
}

export const cards: ObjectDirective<HTMLTableElement> = { mounted: label, updated: label }
