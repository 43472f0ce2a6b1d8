/** The entities: which column each plain field is, and which of them the other fields need. */

const CUSTOMER_FIELDS = [
  'id',
  'customerNumber',
  'customerType',
  'name',
  'vatZone',
  'customerGroupId',
  'isActive',
  'billingRelationship',
  'includeChildDetailsPdf',
  'email',
  'phone',
  'address',
  'city',
  'postalCode',
  'countryCode',
  'vatNumber',
  'website',
  'externalSystemId',
  'notes',
  'creditLimit',
  'openingBalance',
  'paymentTerms',
  'paymentTermType',
  'defaultCurrency',
  'parentCustomerId',
  'consolidationMode',
  'billingDay',
  'parentInvoiceTemplateId',
  'metadata',
  'version',
  'createdAt',
  'updatedAt',
]

const snakeCase = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const ownColumns = (fields) => Object.fromEntries(fields.map((field) => [field, `t.${snakeCase(field)}`]))

export const CUSTOMER = {
  name: 'customers',
  from: 'customers t',
  columns: {
    ...ownColumns(CUSTOMER_FIELDS),
    customerGroupNumber: 'g.number',
    customerGroupName: 'g.name',
    numberKey: 't.number_key',
  },
  /** What the columns of another table need beside `from`. */
  join: { alias: 'g.', sql: 'JOIN customer_groups g ON g.company_id = t.company_id AND g.id = t.customer_group_id' },
  needs: {
    group: 'customerGroupId',
    parent: 'parentCustomerId',
    children: 'id',
    contacts: 'id',
    departments: 'id',
    cursor: 'numberKey',
    pageInfo: 'numberKey',
  },
}

export const GROUP = {
  name: 'groups',
  from: 'customer_groups t',
  columns: ownColumns(['id', 'number', 'name', 'discount', 'accountId', 'metadata', 'version']),
  needs: {},
}

export const CONTACT = {
  name: 'contacts',
  from: 'contacts t',
  columns: ownColumns(['id', 'name', 'isDefaultForCustomer', 'email', 'phone', 'version']),
  needs: {},
}

export const DEPARTMENT = {
  name: 'departments',
  from: 'departments t',
  columns: ownColumns([
    'id',
    'name',
    'isDefault',
    'isActive',
    'poNumber',
    'eanNumber',
    'address',
    'city',
    'postalCode',
    'countryCode',
    'version',
  ]),
  needs: {},
}
