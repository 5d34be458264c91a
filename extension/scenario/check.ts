import type { KernelVersion } from '../engine/config.ts';
import { checkAction } from './checkAction.ts';
import { checkConditions } from './checkConditions.ts';
import { checkDevices } from './checkDevice.ts';
import { checkMachine } from './checkMachine.ts';
import { type LineMachine, lineMachine } from './checkMessage.ts';
import { checkRace, checkVariants } from './checkRace.ts';
import { checkVcpus } from './checkVcpus.ts';
import { checkConstants, constantsOf, ValueMemo, withValues } from './constants.ts';
import { type Diagnostic, limited } from './diagnostics.ts';
import { divided, link, namesIn } from './link.ts';
import type { Action, Program, Statement } from './program.ts';
import { eachOf } from './ranges.ts';
import { Report } from './report.ts';
import { sequenceOf } from './sequence.ts';
import { moveRange } from './tokens.ts';
import { type ActionNode, type ExpectNode, lineOf, type Node, placeOf, type Tree } from './tree.ts';

/** What lines came to, as long as what they are checked against stays the same; one for each text that is checked again and again. */
export class Memo {
  readonly values = new ValueMemo();
  private actions = '';
  private expectations = '';
  private lines = new Map<Node, CheckedLine>();

  /**
   * The results for a machine, by node; those for another one are forgotten. A node with the value of a name in it is another one when the value
   * changes; the names themselves are suggested where one is spelled wrongly.
   */
  of(machine: LineMachine, names: readonly string[]): ReadonlyMap<Node, CheckedLine> {
    const actions = JSON.stringify([machine, names]);
    const { devices = [], guest, vendor, apicv, kernel } = machine;
    // What `checkExpect` looks at, beside the numbers of vCPUs and CPUs; of the kernel only whether it is the oldest.
    const machineOfExpectations = [devices, !guest, vendor, apicv, kernel === '2013'];
    const expectations = JSON.stringify([machineOfExpectations, names]);
    if (expectations !== this.expectations) this.lines = new Map();
    else if (actions !== this.actions) this.lines = new Map([...this.lines].filter(([{ kind }]) => kind === 'expect'));
    this.actions = actions;
    this.expectations = expectations;
    return this.lines;
  }

  /** Those of nodes that the text does not have any more are let go. */
  keep(lines: Map<Node, CheckedLine>): void {
    this.lines = lines;
  }
}

interface CheckedLine {
  readonly statements: readonly Statement[];
  readonly diagnostics: readonly Diagnostic[];
  /** vCPUs and CPUs that there must be for this; a line with problems says the same only where there are as many as then. */
  readonly needs: { readonly vcpus: number; readonly cpus: number };
  readonly count: number | undefined;
  readonly cpus: number;
}

export interface CheckOptions {
  /** Profile to use instead of the one that the text names. */
  readonly kernel?: KernelVersion;
  /** Variant to read the text in; without it, the first. */
  readonly variant?: string;
  /** Title of the only section that is wanted. */
  readonly section?: string;
  /** Lines whose nodes were checked before, on the same machine, are not checked again. */
  readonly memo?: Memo;
}

export interface Checked {
  /** Present only if there is no error. */
  readonly program?: Program;
  /** In text order, those of the parser included, at most 1,001; then those of files that are included. */
  readonly diagnostics: readonly Diagnostic[];
}

const DESCRIPTIONS: readonly Node['kind'][] = [
  'include',
  'machine',
  'setting',
  'with',
  'vcpu',
  'device',
  'pin',
  'irqfd',
  'guest',
  'choose',
];
const DEEDS: readonly Node['kind'][] = ['action', 'expect', 'section', 'repeat'];

/** Those of files that are included; at their `include` line the scenario has one of its own. */
const MOST_ELSEWHERE = 1000;

/** Whatever describes the machine stands above whatever happens on it. */
function checkOrder(nodes: readonly Node[], files: readonly string[] | undefined, report: Report): void {
  const first = nodes.find(node => DEEDS.includes(node.kind));
  if (!first) return;
  // In the order in which they are read: lines of included files have other numbers, and are told at their `include` line.
  for (const node of nodes.slice(nodes.indexOf(first))) {
    if (!DESCRIPTIONS.includes(node.kind) || placeOf(files, node.range.line).file !== undefined) continue;
    const message = `\`${node.head.text}\` describes the start, but line ${first.range.line + 1} already acts. Move this line above it.`;
    report.add('irq308', node.range, message);
  }
}

/** The same for each vCPU or CPU of a range. */
function eachAction(node: ActionNode, report: Report): readonly ActionNode[] {
  const { vcpu, cpu } = node;
  if (vcpu?.text.includes('..')) return eachOf(vcpu, report).map(each => ({ ...node, vcpu: each }));
  if (!vcpu && cpu?.text.includes('..')) return eachOf(cpu, report).map(each => ({ ...node, cpu: each }));
  return [node];
}

class Statements {
  readonly checked = new Map<Node, CheckedLine>();

  constructor(
    private readonly tree: Tree,
    private readonly machine: LineMachine,
    private readonly count: number | undefined,
    private readonly names: readonly string[],
    private readonly memo: ReadonlyMap<Node, CheckedLine>,
  ) {}

  /** What one line comes to; the diagnostics go to `report`. */
  of(node: Node, report: Report): readonly Statement[] {
    if (node.kind === 'race' && node.part === 'race') return [this.statement(node, { kind: 'race' })];
    if (node.broken || (node.kind !== 'action' && node.kind !== 'expect')) return [];
    const known = this.memo.get(node);
    const checked = known && this.stands(known) ? known : this.check(node);
    this.checked.set(node, checked);
    for (const each of checked.diagnostics) {
      // Statements share the ranges of their nodes, which have moved with the line.
      moveRange(each.range, node.range.line);
      if (each.fix) moveRange(each.fix.range, node.range.line);
      report.push(each);
    }
    return checked.statements;
  }

  private stands({ diagnostics, needs, count, cpus }: CheckedLine): boolean {
    const now = this.machine.cpus.length;
    if (count === this.count && cpus === now) return true;
    // Without a number of vCPUs nothing is said about any.
    if (count === undefined || this.count === undefined) return false;
    return diagnostics.length === 0 && needs.vcpus <= this.count && needs.cpus <= now;
  }

  check(node: ActionNode | ExpectNode): CheckedLine {
    const report = new Report(this.names);
    const { tree, machine, count } = this;
    if (node.kind === 'expect') {
      const conditions = checkConditions(node, lineOf(tree, node.range.line), machine, count, report);
      const statements = [this.statement(node, { kind: 'expect', conditions })];
      return this.result(statements, report);
    }
    const statements: Statement[] = [];
    for (const each of eachAction(node, report)) {
      const before = report.diagnostics.length;
      const action = checkAction(each, machine, count, report);
      if (action) statements.push(this.statement(node, action));
      // What is wrong with the first is wrong with all.
      if (report.diagnostics.length > before) break;
    }
    return this.result(statements, report);
  }

  private result(statements: readonly Statement[], report: Report): CheckedLine {
    const { count, machine } = this;
    return { statements, diagnostics: report.found, needs: report.needs, count, cpus: machine.cpus.length };
  }

  private statement({ range }: Node, action: Action): Statement {
    return { range, text: lineOf(this.tree, range.line).text.slice(range.start, range.end), action };
  }
}

/** Tree to program: resolves names, checks ranges and combinations, encodes messages. Pure; never throws. */
export function check(own: Tree, options: CheckOptions = {}): Checked {
  if (own.refused) return { diagnostics: own.diagnostics };
  const written = link(own);
  const files = namesIn(written);
  const memo = options.memo ?? new Memo();
  const constants = constantsOf(written);
  const tree = withValues(written, memo.values);
  const names = [...constants.keys()];
  const report = new Report(names, files);
  const frame = checkMachine(tree, report, options.kernel);
  const machine = checkDevices(tree, { ...frame.machine, ...checkVcpus(tree, frame, report) }, report);
  checkConstants(written, report);
  checkOrder(tree.nodes, files, report);
  const variants = checkVariants(tree, report);
  const variant = options.variant ?? variants[0]?.name;
  const ofLines = lineMachine(machine);
  const lines = new Statements(tree, ofLines, frame.vcpuCount, names, memo.of(ofLines, names));
  const act = (node: ActionNode) => {
    const { statements, diagnostics } = lines.check(node);
    for (const each of diagnostics) report.push(each);
    return statements;
  };
  const { additions, race, watches } = checkRace(tree, machine, frame.vcpuCount, variants, variant, act, report);
  const { statements, sections } = sequenceOf(tree, node => lines.of(node, report), report, options.section);
  memo.keep(lines.checked);
  const found = divided(written, [...tree.diagnostics, ...report.diagnostics]);
  const diagnostics = [...limited(found.own), ...found.elsewhere.slice(0, MOST_ELSEWHERE)];
  if (diagnostics.some(each => each.severity === 'error')) return { diagnostics };
  const calculates = watches.some(({ condition }) => condition.holds.kind === 'expression');
  const racing = race && statements.some(({ action }) => action.kind === 'race');
  return {
    program: {
      machine,
      statements,
      ...(sections.length > 0 && { sections }),
      ...(racing || additions.operations.length > 0 || calculates ? { additions } : {}),
      ...(racing && { race }),
      ...(watches.length > 0 && { watches }),
      ...(variants.length > 0 && { variants }),
      ...(variant !== undefined && { variant }),
      ...(files && files.length > 0 && { files }),
    },
    diagnostics,
  };
}
