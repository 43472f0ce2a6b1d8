/** PostGraphile's subscription to changes of customers: a topic per company, and the customer by its plan. */

import { extendSchema, gql } from 'postgraphile/utils'

export const changes = extendSchema(
  ({ input: { pgRegistry }, grafast: { context, get, lambda, listen }, dataplanJson: { jsonParse } }) => ({
    typeDefs: gql`
      enum ChangeEventType {
        CUSTOMER_CREATED
        CUSTOMER_UPDATED
      }
      type ChangeEvent {
        id: UUID!
        type: ChangeEventType!
        version: Int
        subject: Customer
      }
      extend type Subscription {
        changes: ChangeEvent!
      }
    `,
    objects: {
      Subscription: {
        plans: {
          changes: {
            subscribePlan() {
              const $topic = lambda(context().get('companyId'), (companyId) => `changes:${companyId}`)
              return listen(context().get('pgSubscriber'), $topic, jsonParse)
            },
            plan: ($event) => $event,
          },
        },
      },
      ChangeEvent: {
        plans: {
          id: ($event) => get($event, 'id'),
          type: ($event) => get($event, 'type'),
          version: ($event) => get($event, 'version'),
          subject($event) {
            const key = { company_id: context().get('companyId'), id: get($event, 'subjectId') }
            return pgRegistry.pgResources.customers.get(key)
          },
        },
      },
    },
  }),
)
