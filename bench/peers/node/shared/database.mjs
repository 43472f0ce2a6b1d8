/** The pool, and the two ways to read from it: statement by statement, or in one transaction per operation. */

import pg from 'pg'

import { environment } from './environment.mjs'
import { poolOptions } from './pool.mjs'

const READ_ONLY = 'ISOLATION LEVEL REPEATABLE READ READ ONLY'
const TIMESTAMPTZ = 1184

/** PostgreSQL's text of a moment, in UTC, as the schema shows it; a JavaScript Date would lose the microseconds. */
function moment(text) {
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${text.slice(20, -3).padEnd(6, '0')}Z`
}

const types = {
  getTypeParser: (oid, format) => (oid === TIMESTAMPTZ ? moment : pg.types.getTypeParser(oid, format)),
}

const pool = new pg.Pool({
  ...poolOptions,
  // A transaction's statements follow each other without waiting for the answer to the one before.
  pipeline: true,
  types,
})
// The pool drops a broken connection by itself, and its statements fail; unheard, the event would end the process.
pool.on('error', () => {})
pool.on('connect', (client) => client.on('error', () => {}))

/** Reads of one operation, each on whatever connection is free. */
class PooledReads {
  constructor(companyId) {
    this.companyId = companyId
  }

  /** The rows of a statement whose first parameter is the company. */
  async rows({ name, text }, values) {
    return (await pool.query({ name, text, values: [this.companyId, ...values] })).rows
  }

  /** Each statement is committed by itself. */
  write() {}

  /** Nothing is held between statements. */
  end() {}
}

/** Reads of one operation on one connection: a read-only snapshot that the policies narrow to the company. */
class TransactionReads {
  #client = null
  #fault = null
  #ended = false
  #isWriting = false

  constructor(companyId) {
    this.companyId = companyId
  }

  /** The rows of a statement whose first parameter is the company; the first one begins the transaction. */
  async rows({ name, text }, values) {
    if (this.#ended) throw new Error('the operation has ended')
    const client = await (this.#client ??= this.#begin())
    const { rows } = await client.query({ name, text, values: [this.companyId, ...values] })
    if (this.#fault) throw this.#fault
    return rows
  }

  /** Let the transaction write. It must not have begun. */
  write() {
    this.#isWriting = true
  }

  /** Give the connection back. A write must be awaited, and fails if its commit fails; nothing waits after reading. */
  end() {
    this.#ended = true
    const committed = this.#client?.then((client) =>
      client.query('COMMIT').then(
        () => client.release(),
        (error) => {
          client.release(error)
          throw error
        },
      ),
    )
    if (this.#isWriting) return committed
    committed?.catch(() => {})
  }

  async #begin() {
    const client = await pool.connect()
    // One message for both, and the statement that needs them is sent right behind it.
    client
      .query(`BEGIN ${this.#isWriting ? 'READ WRITE' : READ_ONLY}; SET LOCAL app.company_id = '${this.companyId}'`)
      .catch((error) => {
        this.#fault = error
      })
    return client
  }
}

/** A new operation's reads; end() must follow, whatever happens. */
export function readsOf(companyId) {
  return environment.isProduction ? new TransactionReads(companyId) : new PooledReads(companyId)
}
