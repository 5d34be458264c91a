import type { Diagnostic } from './diagnostics.ts';
import type { Range } from './program.ts';
import type { SourceLine, Token } from './tokens.ts';

/** The tree keeps every word as it stands in the text; what a word means is the checker's business. Whatever is optional may be missing in broken text. */
interface NodeBase {
  /** The code of the line, without the comment. */
  readonly range: Range;
  /** First word of the line. */
  readonly head: Token;
  /** The line has a syntax error, so parts may be missing. */
  readonly broken: boolean;
}

export interface MachineNode extends NodeBase {
  readonly kind: 'machine';
  readonly vendor?: Token;
}

/** `kernel 6.16`, `vcpus 4 x2apic`, `cpus 4`, `host xapic`. */
export interface SettingNode extends NodeBase {
  readonly kind: 'setting';
  readonly value?: Token;
  /** `xapic` or `x2apic` behind the number of vCPUs. */
  readonly mode?: Token;
}

export interface WithNode extends NodeBase {
  readonly kind: 'with';
  readonly features: readonly Token[];
}

/** `tpr 0x20`, `irr 0x31 0x55`, `interrupts off`. */
export interface RegisterNode {
  readonly name: Token;
  readonly values: readonly Token[];
}

export interface VcpuNode extends NodeBase {
  readonly kind: 'vcpu';
  readonly index?: Token;
  readonly state?: Token;
  readonly cpu?: Token;
  readonly registers: readonly RegisterNode[];
}

export type Destination =
  /** `to 1`: the APIC with this physical ID. */
  | { readonly kind: 'physical'; readonly id: Token }
  /** `to logical 0x3`. */
  | { readonly kind: 'logical'; readonly id: Token }
  /** `to self`, `to all`, `to all-but-self`. */
  | { readonly kind: 'shorthand'; readonly word: Token };

/** `fixed 0xfd to 1`. */
export interface Delivery {
  readonly mode: Token;
  readonly vector?: Token;
  readonly to?: Destination;
}

export interface ActionNode extends NodeBase {
  readonly kind: 'action';
  /** The vCPU in front of the colon; `msi`, `assign` and what reaches a CPU have none. */
  readonly vcpu?: Token;
  readonly name?: Token;
  /** `icr VALUE`, `tpr VALUE`, `write REGISTER VALUE`, and the address of `msi ADDRESS DATA`. */
  readonly value?: Token;
  readonly data?: Token;
  /** `up` or `down` of `gsi NUMBER up`; the number is the value. */
  readonly level?: Token;
  /** `enter on cpu CPU`, `cpu CPU: interrupt VECTOR`. */
  readonly cpu?: Token;
  readonly vector?: Token;
  /** `write REGISTER VALUE`, `wrmsr REGISTER VALUE`, `read REGISTER`, `rdmsr REGISTER`. */
  readonly register?: Token;
  /** `inhibit REASON`, `uninhibit REASON`. */
  readonly reason?: Token;
  /** `device NAME: …` */
  readonly device?: Token;
  /** The word `guest` of `guest: …`. */
  readonly guest?: Token;
  readonly delivery?: Delivery;
  /** `pin`, `write` or `read` of `ioapic …`. */
  readonly access?: Token;
  readonly pin?: Token;
  /** `level`, `masked`; `resample`. */
  readonly flags?: readonly Token[];
  /** `pv-ipi fixed 0xfd to 1 2`. */
  readonly targets?: readonly Token[];
  /** `pv-ipi BITMAP_LOW BITMAP_HIGH MIN ICR`. */
  readonly values?: readonly Token[];
  /** `irqfd NUMBER: …` */
  readonly irqfd?: Token;
  readonly gsi?: Token;
}

/** `irte 5`, `posted to vcpu 2 vector 0x41`, `assigned fixed 0x41 to 1`. */
export interface DeviceClause {
  readonly word: Token;
  readonly index?: Token;
  readonly vector?: Token;
  readonly message?: ActionNode;
}

export interface DeviceNode extends NodeBase {
  readonly kind: 'device';
  readonly name?: Token;
  readonly clauses: readonly DeviceClause[];
}

/** `pin 4 fixed 0x31 to 1 level`, `pin 4 0x0100000000008031`. */
export interface PinNode extends NodeBase {
  readonly kind: 'pin';
  readonly pin?: Token;
  readonly delivery?: Delivery;
  /** All 64 bits of the redirection entry. */
  readonly value?: Token;
  readonly flags: readonly Token[];
}

/** `irqfd 0 gsi 4 resample`. */
export interface IrqfdNode extends NodeBase {
  readonly kind: 'irqfd';
  readonly irqfd?: Token;
  readonly gsi?: Token;
  readonly flags: readonly Token[];
}

/** `guest ext-dest-id`: what the guest's kernel finds. */
export interface GuestNode extends NodeBase {
  readonly kind: 'guest';
  readonly features: readonly Token[];
}

/** `choose blocked-irte remapped`. */
export interface ChooseNode extends NodeBase {
  readonly kind: 'choose';
  readonly choice?: Token;
  readonly value?: Token;
}

export type FieldTest = 'is' | 'is not' | 'has' | 'has not';

export type ConditionNode =
  | {
      readonly kind: 'field';
      readonly range: Range;
      /** `vcpu` or `cpu`. */
      readonly block: Token;
      readonly index: Token;
      readonly field: Token;
      readonly test?: FieldTest;
      /** Where the test is written; the field when `is` is left out. */
      readonly testRange: Range;
      readonly values: readonly Token[];
    }
  | {
      readonly kind: 'event';
      readonly range: Range;
      readonly event: 'exit' | 'notification' | 'wake-up' | 'interrupt';
      readonly index: Token;
      readonly vector?: Token;
      readonly happens: boolean;
    }
  /** `call of pi_wakeup_handler`, `no trace kvm_apicv_accept_irq`. */
  | {
      readonly kind: 'call';
      readonly range: Range;
      readonly name: Token;
      readonly trace: boolean;
      readonly happens: boolean;
    };

export interface ExpectNode extends NodeBase {
  readonly kind: 'expect';
  readonly conditions: readonly ConditionNode[];
}

/** A line of a race or of what a scenario restates. Code is read by the checker, which knows the names. */
export interface RaceNode extends NodeBase {
  readonly kind: 'race';
  /** `code`: a line inside an operation. */
  readonly part:
    | 'operation'
    | 'code'
    | 'shared'
    | 'list'
    | 'variant'
    | 'memory'
    | 'invariants'
    | 'race'
    | 'agent'
    | 'condition';
  /** Column where code begins that the checker reads. */
  readonly from?: number;
  /** What an agent does, if it is no call. */
  readonly action?: ActionNode;
  /** `h interrupts v`. */
  readonly interrupts?: Token;
  readonly conditions?: readonly ConditionNode[];
  readonly within?: { readonly steps: Token; readonly agent: Token };
  /** `always vcpu 2 gets 0x41`. */
  readonly gets?: boolean;
}

/** `section a blocked target`: the rest of the line, whatever it holds, is the title. */
export interface SectionNode extends NodeBase {
  readonly kind: 'section';
  readonly title?: Range;
}

/** `let TARGET = 2`. */
export interface LetNode extends NodeBase {
  readonly kind: 'let';
  readonly name?: Token;
  readonly value?: Token;
}

/** `repeat 3` and the `end` of what it repeats. */
export interface RepeatNode extends NodeBase {
  readonly kind: 'repeat' | 'end';
  readonly count?: Token;
}

/** `include "machine.irq"`: the descriptions of another file stand in the place of the line. */
export interface IncludeNode extends NodeBase {
  readonly kind: 'include';
  /** With its quotation marks. */
  readonly path?: Token;
}

/** A line that begins with a word which begins nothing. */
export interface UnknownNode extends NodeBase {
  readonly kind: 'unknown';
}

export type Node =
  | MachineNode
  | SettingNode
  | WithNode
  | VcpuNode
  | ActionNode
  | ExpectNode
  | RaceNode
  | DeviceNode
  | PinNode
  | IrqfdNode
  | GuestNode
  | ChooseNode
  | SectionNode
  | LetNode
  | RepeatNode
  | IncludeNode
  | UnknownNode;

export interface ParsedLine {
  readonly node: Node;
  readonly diagnostics: readonly Diagnostic[];
}

export interface Tree {
  /** Every line of the text; empty when the text was refused. */
  readonly lines: readonly SourceLine[];
  /** What each of them came to; undefined for a line without code. */
  readonly parsed: readonly (ParsedLine | undefined)[];
  /** One node for each line that has code, in text order. */
  readonly nodes: readonly Node[];
  /** Problems of spelling and form. */
  readonly diagnostics: readonly Diagnostic[];
  /** Too large or not text: nothing was read. */
  readonly refused: boolean;
  /** Name of its file, where a host has read what it includes. */
  readonly name?: string;
  /** What the host has read for the text's `include` lines. */
  readonly files?: Files;
  /** In a tree that holds the descriptions of other files as well (see `link.ts`): those files. */
  readonly included?: readonly IncludedFile[];
}

/** What a host found under the name of a file that is included. */
export type FileText =
  | { readonly text: string }
  /** There is no such file; the scenarios that stand beside it, as far as the host can tell. */
  | { readonly missing: readonly string[] }
  /** Why it could not be read. */
  | { readonly unreadable: string };

/** By path from the folder of the scenario, `/` between folders, as `resolved` gives it. */
export type Files = ReadonlyMap<string, FileText>;

/** A scenario and the files that it includes. */
export interface Source {
  readonly text: string;
  /** Name of its file, without folders. */
  readonly name: string;
  readonly files: Files;
}

/** A text alone stands for one that includes nothing. */
export type ScenarioText = string | Source;

/** The scenario's own lines. */
export const ownText = (text: ScenarioText): string => (typeof text === 'string' ? text : text.text);

export interface IncludedFile {
  readonly name: string;
  /** The numbers of its lines begin at `baseOf` its index. */
  readonly tree: Tree;
}

/** Lines of files that are included have numbers above those that a text can have. */
const FILE_LINES = 1 << 17;

export function baseOf(file: number): number {
  return (file + 1) * FILE_LINES;
}

export interface Place {
  /** Name of the included file; absent for the scenario itself. */
  readonly file?: string;
  /** 0-based, in that file. */
  readonly line: number;
}

/** Where a line of a tree with included files, or of its program, stands. */
export function placeOf(names: readonly string[] | undefined, line: number): Place {
  const file = names?.[Math.floor(line / FILE_LINES) - 1];
  return file === undefined ? { line } : { file, line: line % FILE_LINES };
}

/** The tree in which a line of a tree with included files was written, and its index there. */
export function homeOf(tree: Tree, line: number): { readonly tree: Tree; readonly line: number } {
  const file = tree.included?.[Math.floor(line / FILE_LINES) - 1];
  return file ? { tree: file.tree, line: line % FILE_LINES } : { tree, line };
}

/** The line with a number, of whichever file. */
export function lineOf(tree: Tree, number: number): SourceLine {
  const home = homeOf(tree, number);
  return home.tree.lines[home.line];
}
