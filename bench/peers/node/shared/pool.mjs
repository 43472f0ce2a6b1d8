/** How every peer connects: ten connections, with what this service sets on its own. */

import { environment } from './environment.mjs'

export const poolOptions = {
  connectionString: environment.databaseUrl,
  max: 10,
  idleTimeoutMillis: 0,
  options: '-c TimeZone=UTC -c jit=off -c max_parallel_workers_per_gather=0 -c statement_timeout=10000',
}
