import type { KernelVersion, MachineConfig } from '../engine/config.ts';
import { checkAction } from './checkAction.ts';
import { checkDevices } from './checkDevice.ts';
import { checkExpect } from './checkExpect.ts';
import { checkMachine } from './checkMachine.ts';
import { checkRace, checkVariants } from './checkRace.ts';
import { checkVcpus } from './checkVcpus.ts';
import { type Diagnostic, limited } from './diagnostics.ts';
import type { Action, Program, Statement } from './program.ts';
import { Report } from './report.ts';
import type { ActionNode, ExpectNode, Node, Tree } from './tree.ts';

/** What lines came to, as long as the machine stays the same; one for each text that is checked again and again. */
export class Memo {
  private machine = '';
  private lines: CheckedLine[] = [];

  /** The results for a machine, by line; those for another one are forgotten. */
  of(machine: MachineConfig): CheckedLine[] {
    const key = JSON.stringify(machine);
    if (key !== this.machine) this.lines = [];
    this.machine = key;
    return this.lines;
  }
}

interface CheckedLine {
  readonly node: Node;
  readonly statement: Statement | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

export interface CheckOptions {
  /** Profile to use instead of the one that the text names. */
  readonly kernel?: KernelVersion;
  /** Variant to read the text in; without it, the first. */
  readonly variant?: string;
  /** Lines whose nodes were checked before, on the same machine, are not checked again. */
  readonly memo?: Memo;
}

export interface Checked {
  /** Present only if there is no error. */
  readonly program?: Program;
  /** In text order, those of the parser included; at most 1,001. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Whatever describes the machine stands above whatever happens on it. */
function checkOrder(nodes: readonly Node[], report: Report): void {
  const first = nodes.find(node => node.kind === 'action' || node.kind === 'expect');
  if (!first) return;
  for (const node of nodes) {
    if (node.kind === 'action' || node.kind === 'expect' || node.kind === 'race' || node.kind === 'unknown') continue;
    if (node.range.line < first.range.line) continue;
    const message = `\`${node.head.text}\` describes the start, but line ${first.range.line + 1} already acts. Move this line above it.`;
    report.add('irq308', node.range, message);
  }
}

function checkStatement(
  node: ActionNode | ExpectNode,
  tree: Tree,
  machine: MachineConfig,
  count: number | undefined,
): CheckedLine {
  const report = new Report();
  const { range } = node;
  const line = tree.lines[range.line];
  const action: Action | undefined =
    node.kind === 'action'
      ? checkAction(node, machine, count, report)
      : { kind: 'expect', conditions: checkExpect(node, line, machine, count, report) };
  const statement = action && { range, text: line.text.slice(range.start, range.end), action };
  return { node, statement, diagnostics: report.diagnostics };
}

function checkStatements(
  tree: Tree,
  machine: MachineConfig,
  count: number | undefined,
  report: Report,
  memo: CheckedLine[],
): Statement[] {
  const statements: Statement[] = [];
  for (const node of tree.nodes) {
    if (node.kind === 'race' && node.part === 'race') {
      const { range } = node;
      statements.push({
        range,
        text: tree.lines[range.line].text.slice(range.start, range.end),
        action: { kind: 'race' },
      });
    }
    if (node.broken || (node.kind !== 'action' && node.kind !== 'expect')) continue;
    const { line } = node.range;
    if (memo[line]?.node !== node) memo[line] = checkStatement(node, tree, machine, count);
    const checked = memo[line];
    if (checked.statement) statements.push(checked.statement);
    for (const each of checked.diagnostics) report.push(each);
  }
  return statements;
}

/** Tree to program: resolves names, checks ranges and combinations, encodes messages. Pure; never throws. */
export function check(tree: Tree, options: CheckOptions = {}): Checked {
  if (tree.refused) return { diagnostics: tree.diagnostics };
  const report = new Report();
  const frame = checkMachine(tree, report, options.kernel);
  const machine = checkDevices(tree, { ...frame.machine, ...checkVcpus(tree, frame, report) }, report);
  checkOrder(tree.nodes, report);
  const variants = checkVariants(tree, report);
  const variant = options.variant ?? variants[0]?.name;
  const act = (node: ActionNode) => {
    const { statement, diagnostics } = checkStatement(node, tree, machine, frame.vcpuCount);
    for (const each of diagnostics) report.push(each);
    return statement;
  };
  const { additions, race } = checkRace(tree, machine, frame.vcpuCount, variants, variant, act, report);
  const memo = (options.memo ?? new Memo()).of(machine);
  const statements = checkStatements(tree, machine, frame.vcpuCount, report, memo);
  const diagnostics = limited([...tree.diagnostics, ...report.diagnostics]);
  if (diagnostics.some(each => each.severity === 'error')) return { diagnostics };
  return {
    program: {
      machine,
      statements,
      ...(race || additions.operations.length > 0 ? { additions } : {}),
      ...(race && { race }),
      ...(variants.length > 0 && { variants }),
      ...(variant !== undefined && { variant }),
    },
    diagnostics,
  };
}
