/** PostGraphile over the same tables: the amber preset, names by smart tags, the company from the credential. */

import { createServer } from 'node:http'

import { postgraphile } from 'postgraphile'
import { makePgService } from 'postgraphile/adaptors/pg'
import { grafserv } from 'postgraphile/grafserv/node'
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber'
import { addPgTableCondition, extendSchema, gql, pgSmartTags, wrapPlans } from 'postgraphile/utils'

import { changes } from './postgraphile-changes.mjs'
import { createAuthenticator, UNAUTHENTICATED } from './shared/authentication.mjs'
import { environment } from './shared/environment.mjs'
import { refuse, serverOptions } from './shared/http.mjs'
import { poolOptions } from './shared/pool.mjs'

const ROOT = 'customers'
const NESTED = ['customer_groups', 'contacts', 'departments']
const AS_LIST = { behavior: ['-manyRelation:resource:connection', '+manyRelation:resource:list'] }

const names = pgSmartTags([
  { kind: 'class', match: ({ relname }) => relname !== ROOT, tags: { behavior: '-query:resource:connection' } },
  { kind: 'class', match: ({ relname }) => relname !== ROOT && !NESTED.includes(relname), tags: { behavior: '-*' } },
  { kind: 'procedure', match: () => true, tags: { behavior: '-*' } },
  constraint('customers_company_id_customer_group_id_fkey', { fieldName: 'group' }),
  constraint('customers_company_id_parent_customer_id_fkey', { fieldName: 'parent', foreignFieldName: 'children' }),
  constraint('contacts_company_id_customer_id_fkey', { foreignSimpleFieldName: 'contacts', ...AS_LIST }),
  constraint('departments_company_id_customer_id_fkey', { foreignSimpleFieldName: 'departments', ...AS_LIST }),
])

function constraint(match, tags) {
  return { kind: 'constraint', match, tags }
}

// The root list is narrowed to the credential's company, and so is, by composite keys, what hangs on a customer.
const narrowedList = wrapPlans(({ sql, grafast: { context }, dataplanPg: { TYPES } }) => ({
  Query: {
    allCustomers(plan) {
      const $connection = plan()
      const $customers = $connection.getSubplan()
      const company = $customers.placeholder(context().get('companyId'), TYPES.uuid)
      $customers.where(sql`${$customers}.company_id = ${company}`)
      return $connection
    },
  },
}))

const additions = extendSchema(({ input: { pgRegistry }, grafast: { constant, context } }) => ({
  typeDefs: gql`
    type Viewer {
      company: ViewerCompany
    }
    type ViewerCompany {
      id: UUID!
      name: String!
    }
    extend type Query {
      viewer: Viewer!
      customer(id: UUID!): Customer
    }
    extend type Customer {
      customerGroupNumber: String
      customerGroupName: String
    }
    input MetadataPairInput {
      key: String!
      value: JSON!
    }
  `,
  objects: {
    Customer: {
      plans: {
        customerGroupNumber: ($customer) => $customer.singleRelation('group').get('number'),
        customerGroupName: ($customer) => $customer.singleRelation('group').get('name'),
      },
    },
    Viewer: {
      plans: {
        company: () => pgRegistry.pgResources.companies.get({ id: context().get('companyId') }),
      },
    },
    ViewerCompany: {
      plans: {
        id: ($company) => $company.get('id'),
        name: ($company) => $company.get('name'),
      },
    },
    Query: {
      plans: {
        viewer: () => constant({}),
        customer(_$root, { $id }) {
          return pgRegistry.pgResources.customers.get({ company_id: context().get('companyId'), id: $id })
        },
      },
    },
  },
}))

// PostGraphile's own condition on a column of JSON is equality; Q6 asks for a pair of it.
const hasMetadata = addPgTableCondition({ schemaName: 'public', tableName: 'customers' }, 'metadataPair', (build) => {
  const { sql, dataplanPg: { sqlValueWithCodec, TYPES } } = build
  return {
    type: build.getInputTypeByName('MetadataPairInput'),
    apply($condition, { key, value }) {
      if (environment.metadata === 'gin') {
        const pair = sqlValueWithCodec({ [key]: value }, TYPES.jsonb)
        $condition.where(sql`${$condition}.metadata @> ${pair}`)
      } else {
        const pair = sql`metadata_pair(${sqlValueWithCodec(key, TYPES.text)}, ${sqlValueWithCodec(value, TYPES.jsonb)})`
        $condition.where(sql`EXISTS (
          SELECT FROM customer_metadata m WHERE m.company_id = ${$condition}.company_id AND m.pair = ${pair}
            AND m.number_key = ${$condition}.number_key AND m.customer_id = ${$condition}.id
        )`)
      }
    },
  }
})

const companies = new WeakMap()

const database = makePgService({
  connectionString: environment.databaseUrl,
  poolConfig: poolOptions,
  schemas: ['public'],
})

const preset = {
  extends: [PostGraphileAmberPreset],
  disablePlugins: ['NodePlugin', 'PgRowByUniquePlugin', 'PgMutationCreatePlugin', 'PgMutationUpdateDeletePlugin'],
  plugins: [names, narrowedList, additions, hasMetadata, changes],
  pgServices: [database],
  grafserv: { graphqlPath: '/graphql', graphiql: false, outputDataAsString: true, websockets: true },
  grafast: {
    context({ node, ws }) {
      const companyId = companies.get(ws ? ws.request : node.req)
      return environment.isProduction ? { companyId, pgSettings: { 'app.company_id': companyId } } : { companyId }
    },
  },
}

const authenticate = await createAuthenticator()
const server = createServer(serverOptions)
const service = postgraphile(preset).createServ(grafserv)
const handle = service.createHandler()
server.on('request', async (request, response) => {
  const companyId = await authenticate(request.headers.authorization)
  if (companyId === null) return refuse(response, 401, UNAUTHENTICATED)
  companies.set(request, companyId)
  return handle(request, response)
})
const upgrade = await service.getUpgradeHandler()
server.on('upgrade', async (request, socket, head) => {
  const companyId = await authenticate(request.headers.authorization)
  if (companyId === null) return socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
  companies.set(request, companyId)
  return upgrade(request, socket, head)
})
await service.ready()
server.listen(environment.port, '127.0.0.1')
