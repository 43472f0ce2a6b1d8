/** What the harness asks for, read from the environment once. */

/** The value of a variable that must be set, one of `choices` where they are given. */
function required(name, choices) {
  const value = process.env[name]
  if (!value || (choices && !choices.includes(value))) {
    throw new Error(`${name} must be ${choices ? choices.join(' or ') : 'set'}, not ${JSON.stringify(value)}`)
  }
  return value
}

// The frameworks check far more outside of it.
required('NODE_ENV', ['production'])
const mode = required('MODE', ['bare', 'production'])

export const environment = Object.freeze({
  port: Number(required('PORT')),
  databaseUrl: required('DATABASE_URL'),
  isProduction: mode === 'production',
  metadata: required('METADATA', ['gin', 'table']),
  companyId: mode === 'bare' ? required('COMPANY_ID') : null,
  tokens:
    mode === 'production'
      ? {
          publicKeyFile: required('JWT_PUBLIC_KEY_FILE'),
          issuer: required('JWT_ISSUER'),
          audience: required('JWT_AUDIENCE'),
        }
      : null,
})
