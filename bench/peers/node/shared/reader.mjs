/** One operation's way to its data: look-ups and pages, and a loader per edge that reads a level in one statement. */

import DataLoader from 'dataloader'

import { readsOf } from './database.mjs'
import { byId, byIds, COMPANY, many, page, pairsOf, UPDATE } from './statements.mjs'

/** What the resolvers of one operation read through; end() must follow, whatever happens. */
export class Reader {
  #reads
  #loaders = new Map()

  constructor(companyId) {
    this.#reads = readsOf(companyId)
  }

  /** Give back what the operation holds. The promise of a write must be awaited before answering. */
  end() {
    return this.#reads.end()
  }

  /** Update a customer's notes, and tell whether it exists. What is read afterwards shows it. */
  async update(id, notes) {
    this.#reads.write()
    return (await this.#reads.rows(UPDATE, [id, notes])).length > 0
  }

  /** The credential's company. */
  async company() {
    return (await this.#reads.rows(COMPANY, []))[0] ?? null
  }

  /** One row, or null. */
  async row(projection, id) {
    return (await this.#reads.rows(byId(projection), [id]))[0] ?? null
  }

  /** A page of customers after a position, as a connection. */
  async page(projection, limit, position, pairs) {
    const statement = page(projection, position.length > 0, pairs.length)
    const values = [limit + 1, ...position, ...pairsOf(pairs)]
    return connection(await this.#reads.rows(statement, values), limit)
  }

  /** The loader of rows by id. */
  rows(projection) {
    return this.#loader(byIds(projection), async (statement, ids) => {
      const found = new Map()
      for (const row of await this.#reads.rows(statement, [ids])) found.set(row.id, row)
      return ids.map((id) => found.get(id) ?? null)
    })
  }

  /** The loader of an edge's first rows by the source's id. */
  lists(projection, edge, limit) {
    return this.#loader(many(projection, edge, false), (statement, ids) => this.#many(statement, ids, limit), limit)
  }

  /** The loader of an edge's pages, as connections, by the source's id. */
  connections(projection, edge, limit, position) {
    const load = async (statement, ids) => {
      const lists = await this.#many(statement, ids, limit + 1, position)
      return lists.map((rows) => connection(rows, limit))
    }
    return this.#loader(many(projection, edge, position.length > 0), load, limit, position)
  }

  async #many(statement, ids, limit, position = []) {
    const lists = ids.map(() => [])
    for (const row of await this.#reads.rows(statement, [ids, limit, ...position])) lists[row.source - 1].push(row)
    return lists
  }

  #loader(statement, load, ...variant) {
    const key = variant.length > 0 ? `${statement.name} ${variant}` : statement.name
    let loader = this.#loaders.get(key)
    if (loader === undefined) {
      loader = new DataLoader((ids) => load(statement, ids))
      this.#loaders.set(key, loader)
    }
    return loader
  }
}

function connection(rows, limit) {
  const hasNextPage = rows.length > limit
  if (hasNextPage) rows.length = limit
  return { nodes: rows, hasNextPage }
}
