/** One recorded case: what a line of a vector file holds. `docs/conformance.md` describes the fields. */

export interface VectorVcpu {
  readonly id: number;
  readonly x2cpuid: boolean;
  readonly base: number;
  readonly aid?: number | undefined;
  readonly ldr?: number | undefined;
  readonly dfr?: number | undefined;
  readonly svr: number;
  readonly tpr: number;
  readonly mp: number;
  readonly lvt0?: number | undefined;
  readonly irr?: readonly number[] | undefined;
  readonly isr?: readonly number[] | undefined;
  readonly tmr?: readonly number[] | undefined;
}

export type Word64 = readonly [low: number, high: number];

export type Injection =
  | { readonly op: 'msi'; readonly lo: number; readonly hi: number; readonly data: number }
  | { readonly op: 'run'; readonly src: number; readonly ops: readonly string[] }
  | { readonly op: 'setmsr'; readonly v: number; readonly idx: number; readonly val: Word64 }
  | { readonly op: 'line'; readonly gsi: number; readonly level: number }
  | { readonly op: 'mp'; readonly v: number };

export interface Vector {
  readonly id: string;
  readonly kernel: string;
  readonly vectorHashing: boolean;
  readonly what?: string | undefined;
  readonly chip: 'kernel' | 'split';
  readonly api: number;
  readonly maxid?: number | undefined;
  readonly vcpus: readonly VectorVcpu[];
  readonly rtes: readonly { readonly pin: number; readonly rte: Word64 }[];
  readonly routes: readonly { readonly gsi: number; readonly lo: number; readonly hi: number; readonly data: number }[];
  readonly inject: readonly Injection[];
  /** What real KVM answered, as recorded. */
  readonly result: VectorResult;
}

/** Answers are compared as JSON: numbers, hexadecimal strings and lists of them. */
export type Answer = Readonly<Record<string, unknown>>;

export interface VectorResult {
  readonly setup_err: readonly Answer[];
  readonly eff: readonly Answer[];
  readonly steps: readonly Answer[];
  readonly final: readonly Answer[];
}

/** The line is not a recorded case; the message says where and why. */
export class VectorError extends Error {}

type Json = Readonly<Record<string, unknown>>;

function object(value: unknown, where: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new VectorError(`${where} is not an object`);
  }
  return value as Json;
}

function list(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) {
    throw new VectorError(`${where} is not a list`);
  }
  return value;
}

function integer(value: unknown, where: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw new VectorError(`${where} is not a whole number`);
  }
  return value;
}

/** `0x1234`, at most 64 bits, as low and high word. */
function hex64(value: unknown, where: string): Word64 {
  if (typeof value !== 'string' || !/^0x[0-9a-f]{1,16}$/i.test(value)) {
    throw new VectorError(`${where} is not a hexadecimal string of at most 64 bits`);
  }
  const digits = value.slice(2).padStart(16, '0');
  return [Number.parseInt(digits.slice(8), 16), Number.parseInt(digits.slice(0, 8), 16)];
}

function hex32(value: unknown, where: string): number {
  const [low, high] = hex64(value, where);
  if (high !== 0) {
    throw new VectorError(`${where} does not fit 32 bits`);
  }
  return low;
}

function text(value: unknown, where: string): string {
  if (typeof value !== 'string') {
    throw new VectorError(`${where} is not a string`);
  }
  return value;
}

function optional<T>(value: unknown, where: string, read: (value: unknown, where: string) => T): T | undefined {
  return value === undefined ? undefined : read(value, where);
}

function vectors(value: unknown, where: string): readonly number[] {
  return list(value, where).map((entry, i) => {
    const vector = integer(entry, `${where}[${i}]`);
    if (vector < 0 || vector > 255) {
      throw new VectorError(`${where}[${i}] is no vector: ${vector}`);
    }
    return vector;
  });
}

function vcpu(value: unknown, where: string): VectorVcpu {
  const v = object(value, where);
  return {
    id: integer(v['id'], `${where}.id`),
    x2cpuid: v['x2cpuid'] !== false,
    base: hex32(v['base'], `${where}.base`),
    aid: optional(v['aid'], `${where}.aid`, hex32),
    ldr: optional(v['ldr'], `${where}.ldr`, hex32),
    dfr: optional(v['dfr'], `${where}.dfr`, hex32),
    svr: hex32(v['svr'], `${where}.svr`),
    tpr: hex32(v['tpr'], `${where}.tpr`),
    mp: integer(v['mp'], `${where}.mp`),
    lvt0: optional(v['lvt0'], `${where}.lvt0`, hex32),
    irr: optional(v['irr'], `${where}.irr`, vectors),
    isr: optional(v['isr'], `${where}.isr`, vectors),
    tmr: optional(v['tmr'], `${where}.tmr`, vectors),
  };
}

function injection(value: unknown, where: string): Injection {
  const step = object(value, where);
  const op = text(step['op'], `${where}.op`);
  switch (op) {
    case 'msi':
      return {
        op,
        lo: hex32(step['lo'], `${where}.lo`),
        hi: hex32(step['hi'], `${where}.hi`),
        data: hex32(step['data'], `${where}.data`),
      };
    case 'run':
      return {
        op,
        src: integer(step['src'], `${where}.src`),
        ops: list(step['ops'], `${where}.ops`).map((each, i) => text(each, `${where}.ops[${i}]`)),
      };
    case 'setmsr':
      return {
        op,
        v: integer(step['v'], `${where}.v`),
        idx: hex32(step['idx'], `${where}.idx`),
        val: hex64(step['val'], `${where}.val`),
      };
    case 'line':
      return { op, gsi: integer(step['gsi'], `${where}.gsi`), level: integer(step['level'], `${where}.level`) };
    case 'mp':
      return { op, v: integer(step['v'], `${where}.v`) };
    default:
      throw new VectorError(`${where}.op '${op}' is unknown; known are msi, run, setmsr, line and mp`);
  }
}

function answers(value: unknown, where: string): readonly Answer[] {
  return list(value, where).map((entry, i) => object(entry, `${where}[${i}]`));
}

/** Reads one line. Throws VectorError. */
export function parseVector(line: string): Vector {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (error) {
    throw new VectorError(`not JSON: ${(error as Error).message}`);
  }
  const top = object(json, 'the line');
  const setup = object(top['setup'], 'setup');
  const result = object(top['result'], 'result');
  const chip = text(setup['chip'], 'setup.chip');
  if (chip !== 'kernel' && chip !== 'split') {
    throw new VectorError(`setup.chip '${chip}' is neither kernel nor split`);
  }
  const vector: Vector = {
    id: text(top['id'], 'id'),
    kernel: text(top['kernel'], 'kernel'),
    vectorHashing: top['vector_hashing'] !== false,
    what: optional(top['what'], 'what', text),
    chip,
    api: integer(setup['api'], 'setup.api'),
    maxid: optional(setup['maxid'], 'setup.maxid', integer),
    vcpus: list(setup['vcpus'], 'setup.vcpus').map((each, i) => vcpu(each, `setup.vcpus[${i}]`)),
    rtes: list(setup['rtes'] ?? [], 'setup.rtes').map((each, i) => {
      const entry = object(each, `setup.rtes[${i}]`);
      return { pin: integer(entry['pin'], `setup.rtes[${i}].pin`), rte: hex64(entry['rte'], `setup.rtes[${i}].rte`) };
    }),
    routes: list(setup['routes'] ?? [], 'setup.routes').map((each, i) => {
      const entry = object(each, `setup.routes[${i}]`);
      return {
        gsi: integer(entry['gsi'], `setup.routes[${i}].gsi`),
        lo: hex32(entry['lo'], `setup.routes[${i}].lo`),
        hi: hex32(entry['hi'], `setup.routes[${i}].hi`),
        data: hex32(entry['data'], `setup.routes[${i}].data`),
      };
    }),
    inject: list(top['inject'], 'inject').map((each, i) => injection(each, `inject[${i}]`)),
    result: {
      setup_err: answers(result['setup_err'], 'result.setup_err'),
      eff: answers(result['eff'], 'result.eff'),
      steps: answers(result['steps'], 'result.steps'),
      final: answers(result['final'], 'result.final'),
    },
  };
  if (vector.result.steps.length !== vector.inject.length) {
    throw new VectorError(`${vector.inject.length} steps are injected, ${vector.result.steps.length} answered`);
  }
  return vector;
}
