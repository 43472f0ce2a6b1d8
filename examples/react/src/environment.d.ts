interface ImportMetaEnv {
  /** The service's GraphQL endpoint. */
  readonly VITE_GATEWAY_URL?: string;
}
