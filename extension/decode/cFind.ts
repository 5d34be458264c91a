import { type CValue, type Definitions, evaluate, isValue, literal } from './evaluate.ts';
import { type Macro, macro } from './macros.ts';
import { storedAt, writtenBy, writtenByTokens } from './mmio.ts';
import { type Expression, parse } from './parser.ts';
import { formatOfArgument, formatOfName } from './places.ts';
import { registerFormat, vmcsFormats } from './registers.ts';
import type { Token } from './tokens.ts';

/** Something in a piece of C that has an explanation. Offsets are into the text that was tokenized. */
export type Finding = { readonly start: number; readonly end: number } & (
  | { readonly kind: 'macro'; readonly macro: Macro; readonly args?: CValue }
  | {
      readonly kind: 'value';
      readonly format: string;
      readonly value: CValue;
      readonly macros: readonly Macro[];
      /** Names in the same expression that have no value here; the value is that of the known terms. */
      readonly unknown: readonly string[];
      readonly mask: boolean;
      /** The place says that this is the complete word, not a part that is combined with others. */
      readonly whole: boolean;
    }
);

interface Found {
  readonly out: Finding[];
  readonly definitions: Definitions;
}

/** Names of the tree with their macros, depth first. */
function macrosIn(tree: Expression): Macro[] {
  switch (tree.kind) {
    case 'name': {
      const found = macro(tree.name);
      return found ? [found] : [];
    }
    case 'call': {
      const found = macro(tree.name);
      return [...(found ? [found] : []), ...tree.args.flatMap(macrosIn)];
    }
    case 'unary':
    case 'cast':
      return macrosIn(tree.operand);
    case 'binary':
      return [...macrosIn(tree.left), ...macrosIn(tree.right)];
    case 'choice':
      return [...macrosIn(tree.yes), ...macrosIn(tree.no)];
    default:
      return [];
  }
}

// Formats whose macros are used for each other in the kernel: delivery modes of the ICR in an LVT and so on.
const SHARED = new Set(['icr-low']);

/** The one format that the macros speak of; undefined when they speak of none or of several. */
function formatOf(found: readonly Macro[]): string | undefined {
  const named = new Set(found.flatMap(({ role }) => ('format' in role ? [role.format] : [])));
  if (named.has('lvt-timer')) named.delete('lvt-lint');
  const own = [...named].filter(id => !SHARED.has(id));
  if (own.length === 0) return named.size > 0 ? 'icr-low' : undefined;
  return own.length === 1 && (own[0].startsWith('lvt') || named.size === 1) ? own[0] : undefined;
}

/** A target from the place yields to macros that contradict it. */
function agree(target: string | undefined, named: string | undefined): string | undefined {
  if (!target || !named || target === named) return target ?? named;
  const family = (id: string) => (/^(lvt|icr|x2apic-icr)/.test(id) ? 'message' : id.replace(/-(ext|ir)$/, ''));
  return family(target) === family(named) ? target : named;
}

/** A combination with a mask in it is itself used as one. */
function selects(used: readonly Macro[]): boolean {
  return used.some(({ role }) => role.kind === 'mask');
}

function terms(tree: Expression): Expression[] {
  return tree.kind === 'binary' && tree.op === '|' ? [...terms(tree.left), ...terms(tree.right)] : [tree];
}

/** A bare number says nothing by itself; zero, decimals and single digits hardly ever say more. */
function speaks(tree: Expression): boolean {
  return tree.kind !== 'number' || /^0x[\da-f]{2}/i.test(tree.text);
}

/** True unless a field is moved away from its bits, as in `APIC_MODE_MASK >> 8`. */
function inPlace(tree: Expression): boolean {
  const fields = (part: Expression) => macrosIn(part).some(({ role }) => 'format' in role);
  if (tree.kind === 'unary' || tree.kind === 'cast')
    return (tree.kind === 'cast' || tree.op === '~') && inPlace(tree.operand);
  if (tree.kind === 'choice') return inPlace(tree.yes) && inPlace(tree.no);
  if (tree.kind !== 'binary') return true;
  if ('|&^+'.includes(tree.op)) return inPlace(tree.left) && inPlace(tree.right);
  return !fields(tree.left) && !fields(tree.right);
}

function addValue(found: Found, tree: Expression, target: string | undefined, mask: boolean): boolean {
  const result = evaluate(tree, found.definitions);
  if (!isValue(result)) return false;
  const used = macrosIn(tree);
  const format = agree(target, formatOf(used));
  if (!format || !speaks(tree) || tree.kind === 'name' || !inPlace(tree)) return false;
  // A small number in a variable of that name is an index, not an entry.
  if (format === 'irte' && (result.bits !== 64 || result.value >> 32n === 0n)) return false;
  const { start, end } = tree;
  const masking = mask || selects(used);
  const whole = target !== undefined && !masking;
  found.out.push({ kind: 'value', format, value: result, macros: used, unknown: [], mask: masking, whole, start, end });
  return true;
}

/** The known terms of an `a | b | c` that has no value as a whole; true when there are enough to speak of. */
function addPartial(found: Found, all: readonly Expression[], target: string | undefined, mask: boolean): boolean {
  const results = all.map(term => evaluate(term, found.definitions));
  const known = all.filter((_, i) => isValue(results[i]));
  const used = known.flatMap(macrosIn);
  const format = agree(target, formatOf(used));
  if (known.length < 2 || used.length === 0 || !format) return false;
  const value = results.filter(isValue).reduce((a, b) => ({
    value: a.value | b.value,
    bits: a.bits === 64 || b.bits === 64 ? 64 : 32,
    signed: a.signed && b.signed,
  }));
  const unknown = results.flatMap(result => (isValue(result) ? [] : result.unknown));
  const masking = mask || selects(used);
  for (const { start, end } of known) {
    found.out.push({ kind: 'value', format, value, macros: used, unknown, mask: masking, whole: false, start, end });
  }
  return true;
}

function addMacro(found: Found, tree: Expression): void {
  const name = tree.kind === 'name' || tree.kind === 'call' ? tree.name : '';
  const known = macro(name);
  if (!known || (known.params === undefined) !== (tree.kind === 'name')) return;
  const result = evaluate(tree, found.definitions);
  found.out.push({
    kind: 'macro',
    macro: known,
    start: tree.start,
    end: tree.start + name.length,
    ...(isValue(result) ? { args: result } : {}),
  });
}

/** Format of the value that goes with this register, VMCS field or MSR: the next argument of the call. */
function partner(tree: Expression, callee: string, definitions: Definitions): string | undefined {
  const [first] = macrosIn(tree);
  if (/vmcs|vmwrite/i.test(callee)) return vmcsFormats[first?.name ?? ''];
  const result = evaluate(tree, definitions);
  if (!isValue(result)) return undefined;
  const at = Number(result.value);
  if (/msr/i.test(callee) && at === 0x1b) return 'apicbase';
  // wrmsr() takes the halves apart, wrmsrl() and its kin the whole.
  const halves = /wrmsr(?:_safe)?$/.test(callee);
  if (/msr/i.test(callee) && at >= 0x800 && at <= 0x83f) return registerFormat((at - 0x800) << 4, !halves);
  return first?.role.kind === 'register' && /write|set_reg/i.test(callee) ? registerFormat(at) : undefined;
}

/** Format of argument n by the function alone. A bare MSR number is explained where it is one. */
function formatOfPlace(callee: string, n: number, arg: Expression): string | undefined {
  const msr = n === 0 && /(?:rd|wr)msr/i.test(callee) && arg.kind === 'number' ? literal(arg.text).value : 0n;
  return msr >= 0x800n && msr <= 0x83fn ? 'x2apic-msr' : formatOfArgument(callee, n);
}

function walkCall(found: Found, tree: Expression & { kind: 'call' }): void {
  addMacro(found, tree);
  if (macro(tree.name)?.params) {
    for (const arg of tree.args) walk(found, arg, undefined, false);
    return;
  }
  tree.args.forEach((arg, n) => {
    const before = n > 0 ? partner(tree.args[n - 1], tree.name, found.definitions) : undefined;
    const written = n === 0 ? writtenBy(tree.name, tree.args[1], found.definitions) : undefined;
    walk(found, arg, formatOfPlace(tree.name, n, arg) ?? before ?? written, false);
  });
}

function walk(found: Found, tree: Expression, target: string | undefined, mask: boolean): void {
  const masking = mask || (tree.kind === 'unary' && tree.op === '~');
  if (!(tree.kind === 'unary' && tree.op === '~') && addValue(found, tree, target, mask)) {
    for (const part of terms(tree)) if (part !== tree || tree.kind === 'call') inner(found, part);
    return;
  }
  if (tree.kind === 'binary' && tree.op === '|') {
    const all = terms(tree);
    const partial = addPartial(found, all, target, mask);
    for (const term of all) {
      if (!partial || !isValue(evaluate(term, found.definitions))) walk(found, term, undefined, mask);
    }
    return;
  }
  switch (tree.kind) {
    case 'name':
      addMacro(found, tree);
      break;
    case 'call':
      walkCall(found, tree);
      break;
    case 'unary':
    case 'cast':
      walk(found, tree.operand, masking ? undefined : target, masking);
      break;
    case 'binary':
      walk(found, tree.left, undefined, mask || tree.op === '&');
      walk(found, tree.right, undefined, mask || tree.op === '&');
      break;
    case 'choice':
      walk(found, tree.test, undefined, false);
      walk(found, tree.yes, target, mask);
      walk(found, tree.no, target, mask);
  }
}

/** Macros inside an expression that has a value as a whole: they stay reachable through the innermost range. */
function inner(found: Found, tree: Expression): void {
  if (tree.kind === 'call' && macro(tree.name)?.params) for (const arg of tree.args) walk(found, arg, undefined, false);
}

const OPEN = '([{';
const CLOSE = ')]}';
const STORES = new Set(['=', '|=', '^=', '+=']);
const SPLITS = new Set([...STORES, '&=', '==', '!=', '<', '>', '<=', '>=', '&&', '||', '?', ':', '-=', '<<=', '>>=']);

/** End (exclusive) of the bracket that opens at `from`. */
function closing(tokens: readonly Token[], from: number): number {
  let depth = 0;
  for (let i = from; i < tokens.length; i++) {
    if (tokens[i].kind !== 'punctuator') continue;
    if (OPEN.includes(tokens[i].text)) depth++;
    else if (CLOSE.includes(tokens[i].text) && --depth === 0) return i;
  }
  return tokens.length;
}

/** Format of what is stored to, by its name with or without the member before it. Enumerators define, not store. */
function storedFormat(tokens: readonly Token[]): string | undefined {
  const address = tokens.filter(t => t.kind === 'number').at(-1)?.text ?? '';
  if (/^0xfee00[\da-f]{3}[ul]*$/i.test(address)) return registerFormat(Number.parseInt(address, 16) & 0xfff);
  const names = tokens.filter(t => t.kind === 'name').map(t => t.text);
  const last = names.at(-1) ?? '';
  if (/^[A-Z][A-Z\d_]*$/.test(last)) return undefined;
  return formatOfName(names.slice(-2).join('.')) ?? formatOfName(last);
}

/** Splits at commas, statements and assignments, then parses; what does not parse is searched inside its brackets. */
function visit(found: Found, tokens: readonly Token[], depth: number): void {
  if (depth > 40) return;
  let from = 0;
  let target: string | undefined;
  const flush = (to: number, separator: string) => {
    const slice = tokens.slice(from, to);
    if (slice.length > 0) slices(found, slice, target, depth);
    if (STORES.has(separator)) target = storedAt(slice, found.definitions) ?? storedFormat(slice);
    else if (separator !== '?' && separator !== ':') target = undefined;
  };
  for (let i = 0; i < tokens.length; i++) {
    const { kind, text } = tokens[i];
    if (kind !== 'punctuator') continue;
    if (OPEN.includes(text)) {
      const end = closing(tokens, i);
      if (text === '{') {
        flush(i, '{');
        visit(found, tokens.slice(i + 1, end), depth + 1);
        from = end + 1;
      }
      i = end;
      continue;
    }
    if (text === ',' || text === ';' || text === ')' || text === '}' || SPLITS.has(text)) {
      flush(i, text);
      from = i + 1;
    }
  }
  flush(tokens.length, ';');
}

const WORDS = new Set(['return', 'case', 'else', 'do', 'goto', 'const', 'static', 'volatile']);

function slices(found: Found, all: readonly Token[], target: string | undefined, depth: number): void {
  let skip = 0;
  while (skip < all.length && all[skip].kind === 'name' && WORDS.has(all[skip].text)) skip++;
  const tokens = all.slice(skip);
  const tree = parse(tokens);
  if (tree) {
    walk(found, tree, target, false);
    return;
  }
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i];
    if (token.kind === 'punctuator' && OPEN.includes(token.text)) {
      const end = closing(tokens, i);
      const callee = tokens[i - 1]?.kind === 'name' ? tokens[i - 1].text : '';
      bracket(found, tokens.slice(i + 1, end), token.text === '(' ? callee : '', depth + 1);
      i = end;
    } else if (token.kind === 'name') {
      addMacro(found, { kind: 'name', name: token.text, start: token.start, end: token.end });
    }
  }
}

/** The inside of a bracket: arguments of a call each with its format, anything else as a text of its own. */
function bracket(found: Found, tokens: readonly Token[], callee: string, depth: number): void {
  const args: Token[][] = [[]];
  for (let i = 0; i < tokens.length; i++) {
    const { kind, text } = tokens[i];
    if (kind === 'punctuator' && OPEN.includes(text)) {
      const end = closing(tokens, i);
      args.at(-1)!.push(...tokens.slice(i, end + 1));
      i = end;
    } else if (kind === 'punctuator' && text === ',') args.push([]);
    else args.at(-1)!.push(tokens[i]);
  }
  let before: Expression | undefined;
  args.forEach((arg, n) => {
    const tree = callee ? parse(arg) : undefined;
    const target =
      (tree && formatOfPlace(callee, n, tree)) ??
      (before && partner(before, callee, found.definitions)) ??
      (n === 0 && args.length === 2 ? writtenByTokens(callee, args[1], found.definitions) : undefined);
    if (tree) walk(found, tree, target, false);
    else visit(found, arg, depth);
    before = tree;
  });
}

/** All findings of a piece of C, outer ones before inner ones. Never throws. */
export function findInC(tokens: readonly Token[], definitions: Definitions): Finding[] {
  const found: Found = { out: [], definitions };
  visit(found, tokens, 0);
  return found.out;
}
