/** Who is asking: an `Authorization` header → the company that its token was issued for. */

import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'

import { importSPKI, jwtVerify } from 'jose'

import { environment } from './environment.mjs'

const ALGORITHM = 'EdDSA'
const SCOPE = 'customers-read'
const LEEWAY_SECONDS = 30
const MOST_REMEMBERED = 10_000
const BEARER = /^bearer +([^ ]+) *$/i
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The body of every 401. */
export const UNAUTHENTICATED = {
  errors: [
    { message: 'Send a valid token as `Authorization: Bearer <token>`.', extensions: { code: 'UNAUTHENTICATED' } },
  ],
}

/** A function from a header to the company's id, or to null for a request that gets a 401. */
export async function createAuthenticator() {
  if (!environment.isProduction) return () => environment.companyId
  const { publicKeyFile, issuer, audience } = environment.tokens
  const key = await importSPKI(await readFile(publicKeyFile, 'utf8'), ALGORITHM)
  const rules = {
    algorithms: [ALGORITHM],
    issuer,
    audience,
    clockTolerance: LEEWAY_SECONDS,
    requiredClaims: ['exp', 'sub'],
  }
  const remembered = new Map()
  return (header) => {
    const token = BEARER.exec(header ?? '')?.[1]
    if (token === undefined) return null
    const digest = hash('sha256', token, 'base64')
    const known = remembered.get(digest)
    if (known === undefined) return verify(token, digest, key, rules, remembered)
    return Date.now() < known.until ? known.companyId : null
  }
}

async function verify(token, digest, key, rules, remembered) {
  let claims
  try {
    claims = (await jwtVerify(token, key, rules)).payload
  } catch {
    return null
  }
  const { company_id: companyId, scope, exp } = claims
  // The id is written into a statement that takes no parameters, so its form is checked here and never again.
  if (typeof companyId !== 'string' || !UUID.test(companyId)) return null
  if (typeof scope !== 'string' || !scope.split(' ').includes(SCOPE)) return null
  remembered.set(digest, { companyId, until: (exp + LEEWAY_SECONDS) * 1000 })
  if (remembered.size > MOST_REMEMBERED) remembered.delete(remembered.keys().next().value)
  return companyId
}
