// Verifies messages as a receiver does: reads [{ secret, headers, body }], and prints each body, or why it is rejected.
import { readFileSync } from "node:fs"
import { Webhook } from "standardwebhooks"

const messages = JSON.parse(readFileSync(process.argv[2], "utf8"))
const verified = messages.map(({ secret, headers, body }) => {
  try {
    return new Webhook(secret).verify(body, headers)
  } catch (error) {
    return error.message
  }
})
console.log(JSON.stringify(verified))
