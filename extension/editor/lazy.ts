/** What the host loads on first need: debug adapter, engine and scenario language. */
export {};
