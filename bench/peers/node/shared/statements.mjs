/** The statements, each for a projection; the first parameter of all of them is the company. */

import { environment } from './environment.mjs'

const BY_NUMBER = 't.number_key, t.id'
const BY_NAME = 't.name_key, t.id'

/** The edges to many rows: the column that refers to the source, and the order of a source's rows. */
export const CHILDREN = { name: 'children', key: 't.parent_customer_id', order: BY_NUMBER }
export const CONTACTS = { name: 'contacts', key: 't.customer_id', order: `t.is_not_default, ${BY_NAME}` }
export const DEPARTMENTS = { name: 'departments', key: 't.customer_id', order: `t.is_not_default, ${BY_NAME}` }

// A pair of metadata as a condition: its SQL, from the number of the first parameter, and its parameters.
const METADATA = {
  gin: {
    parameters: 1,
    sql: (first) => `t.metadata @> $${first}::jsonb`,
    values: ({ key, value }) => [JSON.stringify({ [key]: value })],
  },
  table: {
    parameters: 2,
    sql: (first) =>
      'EXISTS (SELECT FROM customer_metadata m WHERE m.company_id = t.company_id' +
      ` AND m.pair = metadata_pair($${first}::text, $${first + 1}::jsonb)` +
      ' AND m.number_key = t.number_key AND m.customer_id = t.id)',
    values: ({ key, value }) => [key, JSON.stringify(value)],
  },
}[environment.metadata]

/** The company itself. */
export const COMPANY = { name: 'company', text: 'SELECT id, name FROM companies WHERE id = $1' }

/** The update of a customer: id, notes. */
export const UPDATE = {
  name: 'update',
  text:
    'UPDATE customers SET notes = $3, version = version + 1, updated_at = now()' +
    ' WHERE company_id = $1 AND id = $2 RETURNING id',
}

/** One row: id. */
export function byId(projection) {
  return projection.statement('by_id', ({ columns, from }) => {
    return `SELECT ${columns} FROM ${from} WHERE t.company_id = $1 AND t.id = $2`
  })
}

/** Rows of a level: ids. */
export function byIds(projection) {
  return projection.statement('by_ids', ({ columns, from }) => {
    return `SELECT ${columns} FROM ${from} WHERE t.company_id = $1 AND t.id = ANY($2::uuid[])`
  })
}

/** A page of customers: limit, the position after which it begins if there is one, what pairsOf() gives. */
export function page(projection, isAfter, pairs) {
  return projection.statement(`page_${isAfter ? 'after' : 'first'}_${pairs}`, ({ columns, from }) => {
    const conditions = ['t.company_id = $1']
    if (isAfter) conditions.push(`(${BY_NUMBER}) > ($3::text, $4::uuid)`)
    const firstOfPairs = isAfter ? 5 : 3
    for (let pair = 0; pair < pairs; pair++) {
      conditions.push(METADATA.sql(firstOfPairs + pair * METADATA.parameters))
    }
    return `SELECT ${columns} FROM ${from} WHERE ${conditions.join(' AND ')} ORDER BY ${BY_NUMBER} LIMIT $2`
  })
}

/** The parameters of a page that stand for pairs of metadata. */
export function pairsOf(pairs) {
  return pairs.flatMap(METADATA.values)
}

/** The first rows of an edge for each of many sources: their ids, the limit, the position after which they begin. */
export function many(projection, edge, isAfter) {
  return projection.statement(`${edge.name}_${isAfter ? 'after' : 'first'}`, ({ fields, columns, from }) => {
    // The place says again what the index already did, so that the order of the whole is stated and not hoped for.
    const rows =
      `SELECT ${columns}, row_number() OVER (ORDER BY ${edge.order}) AS place FROM ${from}` +
      ` WHERE t.company_id = $1 AND ${edge.key} = source.id` +
      (isAfter ? ` AND (${BY_NUMBER}) > ($4::text, $5::uuid)` : '') +
      ` ORDER BY ${edge.order} LIMIT $3`
    return (
      `SELECT source.place::int AS source, ${fields.map((field) => `member."${field}"`).join(', ')}` +
      ' FROM unnest($2::uuid[]) WITH ORDINALITY AS source(id, place)' +
      ` CROSS JOIN LATERAL (${rows}) AS member ORDER BY source.place, member.place`
    )
  })
}
