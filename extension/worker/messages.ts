/**
 * What the extension host and the explorer's worker say to each other. A scenario travels as its text: a checked program holds
 * functions, which cannot be sent. Either side looks at what it gets before it believes it.
 */
import type { FileText, ScenarioText } from '../scenario/tree.ts';
import type { Exploration } from '../session/explore.ts';

/** To the worker: explore the race of this scenario, once. */
export interface ExploreRequest {
  readonly type: 'explore';
  /** With what it includes: a worker reads no files. */
  readonly text: ScenarioText;
  /** Of the scenario's variants; undefined for a scenario without. */
  readonly variant: string | undefined;
  /** Most bytes that states may take. */
  readonly bytes: number;
}

/** How far an exploration is. */
export interface Progress {
  readonly states: number;
  /** Orders that have been begun and not tried to their end. */
  readonly left: number;
}

/** What an exploration came to. */
export type Decision = Pick<
  Exploration,
  'verdict' | 'neverAsked' | 'states' | 'left' | 'broken' | 'order' | 'shortest'
>;

/** From the worker: `ready` when it can be asked, then `progress` at most ten times a second, then one of the other two. */
export type Report =
  | { readonly type: 'ready' }
  | ({ readonly type: 'progress' } & Progress)
  | { readonly type: 'decided'; readonly decision: Decision }
  | { readonly type: 'failed'; readonly why: string };

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isTextOrNone = (value: unknown): value is string | undefined => value === undefined || typeof value === 'string';

/** The request in a message, or undefined when the message is none. */
export function parseRequest(message: unknown): ExploreRequest | undefined {
  if (!isObject(message)) return undefined;
  const { type, text, variant, bytes } = message;
  return type === 'explore' && isScenario(text) && isTextOrNone(variant) && isCount(bytes)
    ? { type, text, variant, bytes }
    : undefined;
}

function isScenario(value: unknown): value is ScenarioText {
  if (!isObject(value)) return typeof value === 'string';
  const { text, name, files } = value;
  return (
    typeof text === 'string' &&
    typeof name === 'string' &&
    files instanceof Map &&
    [...files].every(([path, file]) => typeof path === 'string' && isFile(file))
  );
}

function isFile(value: unknown): value is FileText {
  if (!isObject(value)) return false;
  const { text, missing, unreadable } = value;
  return (
    typeof text === 'string' ||
    typeof unreadable === 'string' ||
    (Array.isArray(missing) && missing.every(each => typeof each === 'string'))
  );
}

/** The report in a message, or undefined when the message is none. */
export function parseReport(message: unknown): Report | undefined {
  if (!isObject(message)) return undefined;
  const { type, states, left, why } = message;
  switch (type) {
    case 'ready':
      return { type };
    case 'progress':
      return isCount(states) && isCount(left) ? { type, states, left } : undefined;
    case 'failed':
      return typeof why === 'string' ? { type, why } : undefined;
    case 'decided': {
      const decision = parseDecision(message.decision);
      return decision && { type, decision };
    }
    default:
      return undefined;
  }
}

function parseDecision(value: unknown): Decision | undefined {
  if (!isObject(value)) return undefined;
  const { verdict, neverAsked, states, left, broken, order, shortest } = value;
  if (verdict !== 'holds' && verdict !== 'broken' && verdict !== 'unknown') return undefined;
  if (typeof neverAsked !== 'boolean' || typeof shortest !== 'boolean') return undefined;
  if (!isCount(states) || !isCount(left) || !isTextOrNone(broken)) return undefined;
  if (!Array.isArray(order) || !order.every(isCount)) return undefined;
  return { verdict, neverAsked, states, left, broken, order, shortest };
}
