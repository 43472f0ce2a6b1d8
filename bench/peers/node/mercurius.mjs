/** Mercurius on Fastify: documents compiled by graphql-jit, ordinary DataLoaders. */

import Fastify from 'fastify'
import mercurius from 'mercurius'

import { createAuthenticator, UNAUTHENTICATED } from './shared/authentication.mjs'
import { environment } from './shared/environment.mjs'
import { Reader } from './shared/reader.mjs'
import { schema } from './shared/schema.mjs'

// A document that comes a second time is compiled.
const JIT_AFTER = 1

const authenticate = await createAuthenticator()
const app = Fastify({ logger: false })
app.decorateRequest('reader', null)

app.addHook('onRequest', async (request, reply) => {
  const companyId = await authenticate(request.headers.authorization)
  if (companyId === null) return reply.code(401).send(UNAUTHENTICATED)
  request.reader = new Reader(companyId)
})
// The answer is complete, or an error takes its place: either way nothing is read any more. A write is committed first.
app.addHook('preSerialization', async (request, _reply, payload) => {
  await request.reader?.end()
  return payload
})

app.register(mercurius, {
  schema,
  jit: JIT_AFTER,
  compilerOptions: { disablingCapturingStackErrors: true },
  context: ({ reader }) => ({ reader }),
})

await app.listen({ host: '127.0.0.1', port: environment.port })
