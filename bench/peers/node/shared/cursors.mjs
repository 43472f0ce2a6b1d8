/** Cursors: a row's position in the list, opaque to callers. */

import { GraphQLError } from 'graphql'

/** The cursor of a row. */
export function cursorOf({ numberKey, id }) {
  return Buffer.from(JSON.stringify([numberKey, id])).toString('base64url')
}

/** The position that a cursor names; of no cursor, none. */
export function positionOf(cursor) {
  if (cursor == null) return []
  try {
    const position = JSON.parse(Buffer.from(cursor, 'base64url'))
    if (position.length === 2 && position.every((part) => typeof part === 'string')) return position
  } catch {
    // Not a cursor of ours, like one with other parts.
  }
  throw new GraphQLError('`after` is not a cursor of this list.', { extensions: { code: 'INVALID_CURSOR' } })
}
