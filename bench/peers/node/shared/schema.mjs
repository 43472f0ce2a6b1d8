/** The executable schema that Mercurius and Apollo Server share. */

import { readFileSync } from 'node:fs'

import { buildSchema, GraphQLError, valueFromASTUntyped } from 'graphql'

import { cursorOf, positionOf } from './cursors.mjs'
import { CONTACT, CUSTOMER, DEPARTMENT, GROUP } from './entities.mjs'
import { projectionOf } from './projections.mjs'
import { CHILDREN, CONTACTS, DEPARTMENTS } from './statements.mjs'

const DEFAULT_PAGE = 50
const MOST_ROWS = 500
const MOST_PAIRS = 10
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

const resolvers = {
  Query: {
    viewer: () => ({}),
    customer(_root, { by }, { reader }, info) {
      if (!UUID.test(by.id)) throw invalid('`by.id` must be a UUID.')
      return reader.row(projectionOf(info, CUSTOMER), by.id)
    },
    customers(_root, { first, after, where }, { reader }, info) {
      const pairs = where?.metadata ?? []
      if (pairs.length > MOST_PAIRS) throw invalid(`\`where.metadata\` must have at most ${MOST_PAIRS} pairs.`)
      return reader.page(projectionOf(info, CUSTOMER), size(first), positionOf(after), pairs)
    },
  },
  Mutation: {
    async updateCustomer(_root, { input: { id, notes } }, { reader }) {
      if (!UUID.test(id)) throw invalid('`input.id` must be a UUID.')
      const isFound = await reader.update(id, notes ?? null)
      return { id: isFound ? id : null, errors: isFound ? [] : [{ code: 'NOT_FOUND' }] }
    },
  },
  UpdateCustomerPayload: {
    customer: ({ id }, _arguments, { reader }, info) => id && reader.row(projectionOf(info, CUSTOMER), id),
  },
  Viewer: {
    company: (_viewer, _arguments, { reader }) => reader.company(),
  },
  Customer: {
    group({ customerGroupId }, _arguments, { reader }, info) {
      return reader.rows(projectionOf(info, GROUP)).load(customerGroupId)
    },
    parent({ parentCustomerId }, _arguments, { reader }, info) {
      return parentCustomerId && reader.rows(projectionOf(info, CUSTOMER)).load(parentCustomerId)
    },
    children({ id }, { first, after }, { reader }, info) {
      return reader.connections(projectionOf(info, CUSTOMER), CHILDREN, size(first), positionOf(after)).load(id)
    },
    contacts({ id }, { first }, { reader }, info) {
      return reader.lists(projectionOf(info, CONTACT), CONTACTS, size(first)).load(id)
    },
    departments({ id }, { first }, { reader }, info) {
      return reader.lists(projectionOf(info, DEPARTMENT), DEPARTMENTS, size(first)).load(id)
    },
  },
  CustomerConnection: {
    edges: ({ nodes }) => nodes.map((node) => ({ node })),
    pageInfo: ({ nodes, hasNextPage }) => ({ hasNextPage, last: nodes.at(-1) }),
  },
  CustomerEdge: {
    cursor: ({ node }) => cursorOf(node),
  },
  PageInfo: {
    endCursor: ({ last }) => (last ? cursorOf(last) : null),
  },
}

function size(first) {
  const rows = first ?? DEFAULT_PAGE
  if (rows < 0 || rows > MOST_ROWS) throw invalid(`\`first\` must be 0 to ${MOST_ROWS}.`)
  return rows
}

function invalid(message) {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } })
}

function metadataValue(value) {
  if (['string', 'boolean'].includes(typeof value) || Number.isFinite(value)) return value
  throw new GraphQLError('A metadata value is a string, a number or a boolean.')
}

function executableSchema() {
  const schema = buildSchema(readFileSync(new URL('schema.graphql', import.meta.url), 'utf8'))
  for (const [type, fields] of Object.entries(resolvers)) {
    for (const [field, resolve] of Object.entries(fields)) schema.getType(type).getFields()[field].resolve = resolve
  }
  const scalar = schema.getType('MetadataValue')
  scalar.parseValue = metadataValue
  scalar.parseLiteral = (node, variables) => metadataValue(valueFromASTUntyped(node, variables))
  return schema
}

export const schema = executableSchema()
