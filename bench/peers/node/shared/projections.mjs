/** Projections: the columns that a field of the document needs of an entity, found once per document. */

import { Kind } from 'graphql'

// Documents are anyone's to write, prepared statements are kept: beyond this many, all columns are read.
const MOST_PROJECTIONS = 200

const projections = new Map()
const ofNodes = new WeakMap()

/** Some columns of an entity, and the statements that read them. */
class Projection {
  #statements = new Map()

  constructor(entity, fields, number) {
    this.name = `${entity.name}_${number}`
    this.fields = fields
    this.columns = fields.map((field) => `${entity.columns[field]} AS "${field}"`).join(', ')
    const isJoined = entity.join && this.columns.includes(entity.join.alias)
    this.from = isJoined ? `${entity.from} ${entity.join.sql}` : entity.from
  }

  /** The named statement of a kind, written once by `write`. */
  statement(kind, write) {
    let statement = this.#statements.get(kind)
    if (statement === undefined) {
      statement = { name: `${this.name}_${kind}`, text: write(this) }
      this.#statements.set(kind, statement)
    }
    return statement
  }
}

/** The projection of `entity` for a field that returns it, a list of it, or a connection of it. */
export function projectionOf(info, entity) {
  const { fieldNodes } = info
  if (fieldNodes.length > 1) return projection(entity, fieldsOf(fieldNodes, entity, info.fragments))
  let found = ofNodes.get(fieldNodes[0])
  if (found === undefined) {
    found = projection(entity, fieldsOf(fieldNodes, entity, info.fragments))
    ofNodes.set(fieldNodes[0], found)
  }
  return found
}

function projection(entity, fields) {
  const key = `${entity.name}(${[...fields].sort()})`
  let found = projections.get(key)
  if (found === undefined) {
    if (projections.size >= MOST_PROJECTIONS) return everythingOf(entity)
    found = new Projection(entity, [...fields], projections.size)
    projections.set(key, found)
  }
  return found
}

const everything = new Map()

/** The projection of all columns. */
export function everythingOf(entity) {
  if (!everything.has(entity)) everything.set(entity, new Projection(entity, Object.keys(entity.columns), 'all'))
  return everything.get(entity)
}

function fieldsOf(fieldNodes, entity, fragments) {
  const fields = new Set(['id'])
  for (const node of fieldNodes) collect(node.selectionSet, entity, fragments, fields)
  return fields
}

function collect(selectionSet, entity, fragments, fields) {
  for (const selection of selectionSet.selections) {
    if (selection.kind === Kind.FIELD) {
      add(selection, entity, fragments, fields)
    } else {
      const inner = selection.kind === Kind.FRAGMENT_SPREAD ? fragments[selection.name.value] : selection
      collect(inner.selectionSet, entity, fragments, fields)
    }
  }
}

function add({ name: { value: name }, selectionSet }, entity, fragments, fields) {
  const field = entity.needs[name] ?? name
  if (Object.hasOwn(entity.columns, field)) fields.add(field)
  // What is neither leads through a connection to the entity: nodes, edges, node.
  else if (selectionSet) collect(selectionSet, entity, fragments, fields)
}
