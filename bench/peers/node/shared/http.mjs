/** What the servers on node:http share. */

const MAX_BODY_BYTES = 1_000_000

/** Idle connections stay as long as Fastify keeps them: a client that pauses between rounds finds them open. */
export const serverOptions = { keepAliveTimeout: 72_000 }

/** Answer a request that is not executed. */
export function refuse(response, status, body) {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
}

/** A request's JSON body; it throws where there is none. */
export async function jsonBody(request) {
  const chunks = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES) throw new RangeError('the body is too long')
    chunks.push(chunk)
  }
  return JSON.parse(Buffer.concat(chunks))
}
