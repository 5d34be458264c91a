/** What the host loads on first need: debug adapter, engine and scenario language. */
export { check } from '../scenario/check.ts';
export { parse } from '../scenario/parse.ts';
export { DebugSession } from '../session/dap/debugSession.ts';
export { snapshotOf, timelineOf } from '../session/snapshot.ts';
