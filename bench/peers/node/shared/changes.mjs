/** Changes of customers for Mercurius' pubsub: one connection listens, and each changed customer is read once. */

import pg from 'pg'

import { CUSTOMER } from './entities.mjs'
import { poolOptions } from './pool.mjs'
import { everythingOf } from './projections.mjs'
import { Reader } from './reader.mjs'

const PREFIX = 'changes:'

/** The topic of a company's changes, which is also the channel of the NOTIFY that announces them. */
export function topicOf(companyId) {
  return PREFIX + companyId
}

/** Publishes the changes of the companies that have subscribers. */
export class Changes {
  #publish
  #client = null
  #followed = new Map()

  constructor(publish) {
    this.#publish = publish
  }

  /** Publish a company's changes from now on. */
  follow(companyId) {
    let listening = this.#followed.get(companyId)
    if (listening === undefined) {
      listening = this.#listen(companyId)
      this.#followed.set(companyId, listening)
    }
    return listening
  }

  async #listen(companyId) {
    const client = await (this.#client ??= this.#connect())
    await client.query(`LISTEN ${client.escapeIdentifier(topicOf(companyId))}`)
  }

  async #connect() {
    // A broken connection ends the process by its unhandled error: changes meanwhile would be lost.
    const client = new pg.Client(poolOptions)
    await client.connect()
    // One after the other, so that subscribers receive changes in the order of their commits.
    let last = Promise.resolve()
    client.on('notification', ({ channel, payload }) => {
      last = last.then(() => this.#announce(channel.slice(PREFIX.length), JSON.parse(payload)))
    })
    return client
  }

  async #announce(companyId, { subjectId, ...event }) {
    const reader = new Reader(companyId)
    try {
      // All columns, because each subscriber may select others.
      const subject = await reader.row(everythingOf(CUSTOMER), subjectId)
      this.#publish({ topic: topicOf(companyId), payload: { changes: { ...event, subject } } })
    } finally {
      reader.end()
    }
  }
}
