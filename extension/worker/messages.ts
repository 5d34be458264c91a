/**
 * What the extension host and the worker say to each other. A scenario travels as its text: a checked program holds functions, which cannot be
 * sent. Either side looks at what it gets before it believes it.
 */

import { KERNEL_VERSIONS } from '../engine/profile.ts';
import type { FileText, ScenarioText } from '../scenario/tree.ts';
import type { Exploration } from '../session/explore.ts';
import type { Alternative, SideBySide } from '../session/profiles.ts';

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

/** Run it as it stands and under the alternative, and set the steps side by side. */
export interface CompareRequest {
  readonly type: 'compare';
  readonly text: ScenarioText;
  readonly alternative: Alternative;
}

/** Draw its whole run as the diagram of a commit message. */
export interface DiagramRequest {
  readonly type: 'diagram';
  readonly text: ScenarioText;
}

/** To the worker, once it is ready; it is asked one thing in its life. */
export type Request = ExploreRequest | CompareRequest | DiagramRequest;

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

export function decisionOf(exploration: Exploration): Decision {
  const { verdict, neverAsked, states, left, broken, order, shortest } = exploration;
  return { verdict, neverAsked, states, left, broken, order, shortest };
}

/** What each request is answered with. */
export interface Answers {
  readonly explore: Decision;
  /** A text says why they cannot be compared. */
  readonly compare: SideBySide | string;
  /** Undefined when the text has errors. */
  readonly diagram: string | undefined;
}

/** From the worker: `ready` when it can be asked, then `progress` at most ten times a second, then one of the other two. */
export type Report =
  | { readonly type: 'ready' }
  | ({ readonly type: 'progress' } & Progress)
  /** To be checked by `parseAnswer`: which kind it has, says the request. */
  | { readonly type: 'answer'; readonly answer: unknown }
  | { readonly type: 'failed'; readonly why: string };

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isTextOrNone = (value: unknown): value is string | undefined => value === undefined || typeof value === 'string';

/** The request in a message, or undefined when the message is none. */
export function parseRequest(message: unknown): Request | undefined {
  if (!isObject(message)) return undefined;
  const { type, text, variant, bytes, alternative } = message;
  if (!isScenario(text)) return undefined;
  switch (type) {
    case 'explore':
      return isTextOrNone(variant) && isCount(bytes) ? { type, text, variant, bytes } : undefined;
    case 'compare':
      return isAlternative(alternative) ? { type, text, alternative } : undefined;
    case 'diagram':
      return { type, text };
    default:
      return undefined;
  }
}

function isAlternative(value: unknown): value is Alternative {
  if (!isObject(value)) return false;
  const { label, kernel, vendor, apicv, apic } = value;
  return (
    typeof label === 'string' &&
    (kernel === undefined || (KERNEL_VERSIONS as readonly unknown[]).includes(kernel)) &&
    [undefined, 'intel', 'amd'].includes(vendor as undefined) &&
    [undefined, true, false].includes(apicv as undefined) &&
    [undefined, 'xapic', 'x2apic'].includes(apic as undefined)
  );
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
    case 'answer':
      return { type, answer: message.answer };
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

/** What a request is answered with, in braces: a diagram that is `undefined` is an answer too. Undefined when it is none. */
export function parseAnswer<Type extends Request['type']>(
  type: Type,
  value: unknown,
): { readonly answer: Answers[Type] } | undefined;
export function parseAnswer(type: Request['type'], value: unknown): { readonly answer: unknown } | undefined {
  switch (type) {
    case 'explore': {
      const answer = parseDecision(value);
      return answer && { answer };
    }
    case 'compare':
      return typeof value === 'string' || isSideBySide(value) ? { answer: value } : undefined;
    case 'diagram':
      return isTextOrNone(value) ? { answer: value } : undefined;
  }
}

function isSideBySide(value: unknown): value is SideBySide {
  const isSide = (side: unknown) => isObject(side) && typeof side.name === 'string' && typeof side.text === 'string';
  return isObject(value) && isSide(value.left) && isSide(value.right) && isTextOrNone(value.firstDifference);
}
