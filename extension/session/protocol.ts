/**
 * Messages between the extension host and the inspector webview. Everything here survives structured clone and JSON:
 * numbers are at most 32 bits wide, 256-bit registers are eight u32 (word 0 holds vectors 0-31), nothing is a BigInt.
 */

/** Eight u32, word 0 = vectors 31:0. */
export type VectorWords = readonly number[];

/** One field that a step read or wrote, already in words. */
export interface FieldTouch {
  /** Path as the scenario language spells it: `vcpu 1.pid.on`. */
  readonly field: string;
  readonly before: string;
  /** Absent for a read. */
  readonly after?: string;
}

/** Why the machine is as it is: the record of the step that led to the present state. */
export interface StepView {
  /** 1-based number of the step; 0 = the initial state, which no step led to. */
  readonly number: number;
  /** `vcpu 1`, `cpu 3`, `vmm`, `scenario` … */
  readonly agent: string;
  /** Who acts inside that agent: guest code, KVM, the processor's interrupt hardware, a host interrupt handler … */
  readonly actor: 'guest' | 'kvm' | 'host' | 'cpu' | 'iommu' | 'device' | 'vmm' | 'scenario' | 'user';
  /** Kernel function, or the numbered rule of the manual, where the step belongs. */
  readonly place: string;
  /** File of the kernel function or section of the manual. */
  readonly source: string;
  /** Outermost first; the last entry is `place`. */
  readonly path: readonly string[];
  readonly sentence: string;
  readonly reads: readonly FieldTouch[];
  readonly writes: readonly FieldTouch[];
  /** True when the rule could not be read in a manual or kernel tree. */
  readonly assumed: boolean;
  /** `expectation failed`, `vm exit`, `notification`, `wake-up` … */
  readonly marks: readonly string[];
}

export interface VcpuView {
  readonly index: number;
  readonly id: number;
  /** running · exited · preempted · blocked · offline */
  readonly state: string;
  /** `vcpu->mode` by name. */
  readonly mode: string;
  readonly cpu: number;
  readonly apicMode: 'disabled' | 'xapic' | 'x2apic';
  /** Absent when the machine has no posted interrupts. */
  readonly pid?: {
    readonly on: boolean;
    /** SN, NV and NDST are absent where the descriptor has only ON and PIR (the kernels of 2013). */
    readonly sn?: boolean;
    readonly nv?: number;
    /** POSTED_INTR_VECTOR … as the kernel names it; empty if it has no name. */
    readonly nvName?: string;
    /** The raw 32-bit field: on an xAPIC host the APIC ID stands in bits 15:8. */
    readonly ndst?: number;
    /** The CPU that NDST names, or -1. */
    readonly ndstCpu?: number;
    readonly pir: VectorWords;
  };
  readonly irr: VectorWords;
  readonly isr: VectorWords;
  readonly tmr: VectorWords;
  readonly tpr: number;
  readonly ppr: number;
  /** Absent without virtual-interrupt delivery. */
  readonly rvi?: number;
  readonly svi?: number;
  /** KVM requests pending, by kernel name without the prefix: EVENT, UNBLOCK … */
  readonly requests: readonly string[];
  /** One sentence: what is delivered next, or what blocks it. */
  readonly next: string;
  /** Keys of this object (`pid.on`, `pid.pir`, `irr` …) that the last step changed. */
  readonly changed: readonly string[];
  /** Vectors whose bit the last step changed, by register. */
  readonly changedVectors: Readonly<Partial<Record<'pir' | 'irr' | 'isr' | 'tmr', readonly number[]>>>;
}

export interface CpuView {
  readonly index: number;
  readonly apicId: number;
  /** Index of the vCPU whose guest code runs here, -1 = host. */
  readonly vcpu: number;
  /** Physical interrupts that wait in this CPU's local APIC. */
  readonly pending: readonly number[];
  /** vCPUs on this CPU's posted-interrupt wake-up list. */
  readonly wakeupList: readonly number[];
}

/** One value of a table. */
export interface TableCell {
  readonly text: string;
  /** For `writer` and `reader`, where known: what the value is made from. */
  readonly fields?: readonly string[];
  /** What the value means, in lines. */
  readonly decode?: string;
  /** The text before the last step; only when that step changed it. */
  readonly before?: string;
}

export interface TableRow {
  /** Unique within the table; also its name in a sentence: `pin 4`. */
  readonly key: string;
  /** As many as the table has columns. */
  readonly cells: readonly TableCell[];
  /** As after reset: nothing to look at. */
  readonly idle?: true;
}

/** What the machine has beside its vCPUs and CPUs: IRTEs, pins of the IOAPIC, the tables of AVIC … */
export interface TableView {
  readonly key: string;
  readonly title: string;
  /** What the table is, with its place in the kernel or manual. */
  readonly note: string;
  readonly columns: readonly { readonly name: string; readonly doc: string }[];
  /** Rows that the table has, and how many of them are not idle. */
  readonly count: number;
  readonly busy: number;
  /** Open until the user closes it. */
  readonly featured: boolean;
  /** False: the table is closed, and `rows` are those that the last step changed. */
  readonly whole: boolean;
  readonly rows: readonly TableRow[];
}

/** Leads from one picture of a table to the next: rows that changed or are new; `order` when rows came, went or moved. */
export interface TableChange extends Omit<TableView, 'rows' | 'columns'> {
  readonly columns?: TableView['columns'];
  readonly order?: readonly string[];
  readonly rows: readonly TableRow[];
}

/** Tables that a user has opened and closed, by key; the others are open when they are `featured`. */
export interface TableChoice {
  readonly opened: readonly string[];
  readonly closed: readonly string[];
}

export interface Note {
  readonly text: string;
  readonly line?: number;
}

/** The whole picture at one step. */
export interface Snapshot {
  readonly sequence: number;
  /** Identity of the run: a view forgets the timeline it collected when this changes. Absent = there is only one run. */
  readonly run?: number;
  readonly title: string;
  /** Scenario file, for the "go to line" link. */
  readonly uri: string;
  /** `debug`: a debug session moves; `live`: the run follows the text. Absent on a page of its own. */
  readonly origin?: 'debug' | 'live';
  /** What stands between this run and the text as it is now, in a sentence; `line`: where in the text, 1-based. */
  readonly note?: Note;
  /** Where the run stands, by meaning: the view keeps it as it is, and gives it back when it is restored. */
  readonly place?: string;
  /** Behaviour profile in words: `Linux 6.16 · Intel`. */
  readonly profile: string;
  readonly position: number;
  /** Steps recorded so far: `position` may be moved anywhere in 0..length. */
  readonly length: number;
  /** True when nothing more can happen after `length`, wherever `position` is. */
  readonly finished: boolean;
  /** 1-based line of the statement that runs next or is running; 0 at the end. */
  readonly line: number;
  readonly statement: string;
  readonly step: StepView;
  readonly vcpus: readonly VcpuView[];
  readonly cpus: readonly CpuView[];
  readonly tables: readonly TableView[];
  readonly troubles: readonly Trouble[];
}

export interface Trouble {
  readonly step: number;
  readonly line: number;
  readonly text: string;
}

/** What came of "when is this next read?". */
export interface ReaderSearch {
  readonly fields: readonly string[];
  /**
   * `recorded`: a step that was recorded already reads them; `ahead`: the run went on to a step that does; `stopped`: it went on and
   * was stopped before that; `none`: nobody reads them up to `to`, and the present step is what it was.
   */
  readonly outcome: 'recorded' | 'ahead' | 'stopped' | 'none';
  /** The step from which it was asked. */
  readonly from: number;
  /** The last step that was recorded and looked at. */
  readonly recorded: number;
  /** The last step that was looked at. */
  readonly to: number;
}

/** The picture of another moment than the present one, or of the same moment elsewhere. */
export type Moment = Pick<
  Snapshot,
  'run' | 'title' | 'profile' | 'position' | 'line' | 'statement' | 'step' | 'vcpus' | 'cpus' | 'troubles'
>;

/** Where two runs of one scenario part: the step that each of them does there; absent where the line is done already. */
export interface Parting {
  /** 1-based. */
  readonly line: number;
  readonly here?: Pick<StepView, 'number' | 'agent' | 'place' | 'sentence'>;
  readonly there?: Pick<StepView, 'number' | 'agent' | 'place' | 'sentence'>;
}

/** What a view shows beside the present moment. */
export interface Beside {
  /** As it was asked for: a step of the run, or the label of a profile. */
  readonly of: number | string;
  /** The step that the run was at. */
  readonly at: number;
  /** For a profile, of the vCPUs and CPUs only those that differ from the present ones. Absent when there is none: `reason` says why. */
  readonly moment?: Moment;
  readonly reason?: string;
  /** Absent when the runs, as far as they are recorded, take the same steps. */
  readonly parting?: Parting;
}

/** One mark on the timeline. */
export interface TimelineStep {
  readonly step: number;
  /** Index into `lanes`. */
  readonly lane: number;
  readonly line: number;
  readonly place: string;
  readonly marks: readonly string[];
}

export type ToWebview =
  | { readonly type: 'snapshot'; readonly snapshot: Snapshot }
  /**
   * What differs from the picture whose sequence is `base`: all but the machine, and the vCPUs and CPUs that changed, which take
   * the places of those with their index, and the tables that changed, by key. A view that holds another picture asks for the whole with `ready`.
   */
  | {
      readonly type: 'delta';
      readonly base: number;
      readonly snapshot: Omit<Snapshot, 'vcpus' | 'cpus' | 'tables'>;
      readonly vcpus: readonly VcpuView[];
      readonly cpus: readonly CpuView[];
      readonly tables: readonly TableChange[];
    }
  /** Consecutive steps that begin with number `from` (1-based, as `StepView.number`); replaces what the view held of that range. */
  | {
      readonly type: 'timeline';
      readonly lanes: readonly string[];
      readonly from: number;
      readonly steps: readonly TimelineStep[];
    }
  /** To be drawn as an image and put into the clipboard. */
  | { readonly type: 'draw'; readonly drawing: Drawing }
  /** The keyboard comes back to the view, which it had left when the session stopped. */
  | { readonly type: 'takeKeyboard' }
  | { readonly type: 'reader'; readonly search: ReaderSearch }
  /** A motion that the view asked for was stopped by a breakpoint. */
  | { readonly type: 'breakpoint' }
  /** The key that plays or pauses came to the host. */
  | { readonly type: 'play' }
  /** Labels of the profiles under which the run can be seen. */
  | { readonly type: 'profiles'; readonly labels: readonly string[] }
  | { readonly type: 'beside'; readonly beside: Beside }
  /** No run to show; `reason` says why and what to do. */
  | { readonly type: 'empty'; readonly reason: string };

/** What a mark is drawn with; `Drawing.colours` says how that looks. */
export type Ink = 'paper' | 'ink' | 'dim' | 'line' | 'tint' | 'mark' | 'trouble';

/** Letters of one look. */
export interface Run {
  readonly text: string;
  readonly ink: Ink;
  readonly bold?: boolean;
  readonly struck?: boolean;
}

/** One mark on the sheet; lengths are CSS pixels from the upper left corner. */
export type Shape =
  | {
      readonly kind: 'box';
      readonly x: number;
      readonly y: number;
      readonly width: number;
      readonly height: number;
      readonly fill?: Ink;
      readonly stroke?: Ink;
    }
  /** One line of text, each run behind the one before; `y` is the base line. */
  | {
      readonly kind: 'text';
      readonly x: number;
      readonly y: number;
      readonly size: number;
      readonly face: 'mono' | 'sans';
      readonly centred?: boolean;
      readonly runs: readonly Run[];
    };

/** A picture for a mail: the host writes it as SVG, the view draws it on a canvas for a PNG. */
export interface Drawing {
  readonly title: string;
  /** What there is to see, for those who do not. */
  readonly description: string;
  readonly width: number;
  readonly height: number;
  readonly colours: Readonly<Record<Ink, string>>;
  readonly shapes: readonly Shape[];
}

/** What a view is to show. */
export type Picture = Extract<ToWebview, { type: 'snapshot' | 'delta' | 'timeline' | 'empty' }>;

/** What a view is told because it has asked. */
export type Answer = Extract<ToWebview, { type: 'reader' | 'breakpoint' | 'play' | 'profiles' | 'beside' }>;

export type Delta = Extract<ToWebview, { type: 'delta' }>;

/** A whole run, for a view that has no host: the page that a user attaches to a mail. */
export interface Recording {
  readonly first: Snapshot;
  /** `deltas[n]` leads from the picture after step n to that after step n + 1. */
  readonly deltas: readonly Delta[];
  readonly timeline: Extract<ToWebview, { type: 'timeline' }>;
}

export type Motion = 'stepInto' | 'stepOver' | 'stepOut' | 'stepBack' | 'continue' | 'reverseContinue';

export type FromWebview =
  /** Sent once the view listens; answered by a snapshot (and a timeline) or `empty`. */
  | { readonly type: 'ready' }
  | { readonly type: 'move'; readonly motion: Motion }
  | { readonly type: 'seek'; readonly step: number }
  /** To the last step before the present one that changed one of these fields, named as in `FieldTouch.field`. */
  | { readonly type: 'writer'; readonly fields: readonly string[] }
  /** To the next step after the present one that reads one of these fields; answered by `reader`. */
  | { readonly type: 'reader'; readonly fields: readonly string[] }
  /** The key that plays or pauses, typed while the keyboard was on its way back; sent back as it is. */
  | { readonly type: 'play' }
  /** Answered by `profiles`. */
  | { readonly type: 'profiles' }
  /** The picture at a recorded step, or under the profile with a label; answered by `beside`. */
  | { readonly type: 'beside'; readonly of: number | string }
  | { readonly type: 'revealLine'; readonly line: number }
  /** Steps `from`..`to`, both inclusive and 1-based, are wanted for the timeline. */
  | { readonly type: 'timeline'; readonly from: number; readonly to: number }
  /** Which tables the view shows whole. */
  | ({ readonly type: 'tables' } & TableChoice)
  /** The present state, or the run up to here, is wanted outside; a `png` comes back as `draw`. */
  | { readonly type: 'out'; readonly what: 'state' | 'diagram'; readonly as: 'text' | 'svg' | 'png' }
  /** What was drawn, in base 64, where the clipboard takes no image. */
  | { readonly type: 'png'; readonly data: string }
  /** The keyboard goes back to the text of the scenario. */
  | { readonly type: 'focusEditor' };
