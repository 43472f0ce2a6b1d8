/** Apollo Server behind node:http itself, which costs less than its standalone server. */

import { createServer } from 'node:http'

import { ApolloServer, HeaderMap } from '@apollo/server'
import { ApolloServerPluginCacheControlDisabled } from '@apollo/server/plugin/disabled'

import { createAuthenticator, UNAUTHENTICATED } from './shared/authentication.mjs'
import { environment } from './shared/environment.mjs'
import { jsonBody, refuse, serverOptions } from './shared/http.mjs'
import { Reader } from './shared/reader.mjs'
import { schema } from './shared/schema.mjs'

const authenticate = await createAuthenticator()
const apollo = new ApolloServer({
  schema,
  introspection: false,
  persistedQueries: false,
  includeStacktraceInErrorResponses: false,
  // Cache control would watch every field, for a header that nobody asks for.
  plugins: [ApolloServerPluginCacheControlDisabled()],
})
await apollo.start()

async function answer(request, response) {
  const companyId = await authenticate(request.headers.authorization)
  if (companyId === null) return refuse(response, 401, UNAUTHENTICATED)
  let body
  try {
    body = await jsonBody(request)
  } catch {
    return refuse(response, 400, { errors: [{ message: 'The body must be JSON.' }] })
  }
  const reader = new Reader(companyId)
  try {
    const answered = await apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: { method: request.method, headers: headersOf(request), search: '', body },
      context: async () => ({ reader }),
    })
    const text = answered.body.string
    answered.headers.set('content-length', String(Buffer.byteLength(text)))
    response.writeHead(answered.status ?? 200, Object.fromEntries(answered.headers))
    response.end(text)
  } finally {
    reader.end()
  }
}

function headersOf({ headers }) {
  const map = new HeaderMap()
  for (const name of ['content-type', 'accept']) if (headers[name] !== undefined) map.set(name, headers[name])
  return map
}

const server = createServer(serverOptions, (request, response) => {
  answer(request, response).catch(() => refuse(response, 500, { errors: [{ message: 'The operation failed.' }] }))
})
server.listen(environment.port, '127.0.0.1')
