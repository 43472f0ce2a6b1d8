/** Mercurius on Fastify: documents compiled by graphql-jit, ordinary DataLoaders, subscriptions by its own pubsub. */

import Fastify from 'fastify'
import mercurius from 'mercurius'

import { createAuthenticator, UNAUTHENTICATED } from './shared/authentication.mjs'
import { Changes, topicOf } from './shared/changes.mjs'
import { environment } from './shared/environment.mjs'
import { Reader } from './shared/reader.mjs'
import { schema } from './shared/schema.mjs'

// A document that comes a second time is compiled.
const JIT_AFTER = 1

const authenticate = await createAuthenticator()
const app = Fastify({ logger: false })
app.decorateRequest('companyId', null)
app.decorateRequest('reader', null)

const changes = new Changes((message) => app.graphql.pubsub.publish(message))
schema.getType('Subscription').getFields().changes.subscribe = async (_root, _arguments, { companyId, pubsub }) => {
  await changes.follow(companyId)
  return pubsub.subscribe(topicOf(companyId))
}

app.addHook('onRequest', async (request, reply) => {
  const companyId = await authenticate(request.headers.authorization)
  if (companyId === null) return reply.code(401).send(UNAUTHENTICATED)
  request.companyId = companyId
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
  context(request) {
    request.reader = new Reader(request.companyId)
    return { reader: request.reader }
  },
  subscription: {
    context: (_socket, { companyId }) => ({ companyId }),
  },
})

await app.listen({ host: '127.0.0.1', port: environment.port })
