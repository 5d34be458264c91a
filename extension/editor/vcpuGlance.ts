import {
  EventEmitter,
  type ExtensionContext,
  l10n,
  ThemeIcon,
  type TreeDataProvider,
  TreeItem,
  type Uri,
  window,
} from 'vscode';
import { setBits } from '../formats/bits.ts';
import { listVectors } from '../formats/format.ts';
import type { VcpuView } from '../session/protocol.ts';
import type { CurrentRun } from './currentRun.ts';
import type { Runs } from './runs.ts';

const VIEW = 'irqscope.vcpus';

const ICONS: Readonly<Record<string, string>> = {
  running: 'play',
  exited: 'debug-stop',
  preempted: 'debug-pause',
  blocked: 'circle-slash',
  woken: 'bell',
  offline: 'circle-outline',
};

/** Registers the compact view in the debug side bar: a line for each vCPU. */
export function registerVcpuGlance(context: ExtensionContext, runs: Runs): void {
  const changed = new EventEmitter<void>();
  const provider: TreeDataProvider<VcpuView> = {
    onDidChangeTreeData: changed.event,
    getChildren: parent => (parent === undefined ? [...(vcpusOf(runs) ?? [])] : []),
    getTreeItem: vcpu => itemOf(vcpu, shownRun(runs)?.uri),
  };
  const view = window.createTreeView(VIEW, { treeDataProvider: provider });
  context.subscriptions.push(
    view,
    changed,
    runs.onDidChange(() => {
      if (view.visible) changed.fire();
    }),
    view.onDidChangeVisibility(({ visible }) => {
      if (visible) changed.fire();
    }),
  );
}

/** The side bar is the debugger's: its session comes first. */
const shownRun = (runs: Runs): CurrentRun | undefined => runs.underDebugger ?? runs.meant;

function vcpusOf(runs: Runs): readonly VcpuView[] | undefined {
  const message = shownRun(runs)?.current();
  return message?.type === 'snapshot' ? message.snapshot.vcpus : undefined;
}

/** `cpu 1 · ON · PIR 0x41 · next …`: what is set, in the order in which an interrupt passes it. */
function summary({ cpu, pid, irr, isr }: VcpuView): string {
  const parts = [`cpu ${cpu}`];
  if (pid?.on) parts.push('ON');
  if (pid?.sn) parts.push('SN');
  for (const [name, words] of [
    ['PIR', pid?.pir ?? []],
    ['IRR', irr],
    ['ISR', isr],
  ] as const) {
    const vectors = setBits(words);
    if (vectors.length > 0) parts.push(`${name} ${listVectors(vectors, 4)}`);
  }
  return parts.join(' · ');
}

function itemOf(vcpu: VcpuView, scenario: Uri | undefined): TreeItem {
  const { index, state, mode, next, changed } = vcpu;
  const name = `vcpu ${index}`;
  const item = new TreeItem({ label: name, highlights: changed.length > 0 ? [[0, name.length]] : [] });
  item.id = name;
  item.description = `${changed.length > 0 ? 'Δ ' : ''}${state} · ${summary(vcpu)}`;
  item.tooltip = `${name}: ${state}, ${mode}\n${summary(vcpu)}\n${next}`;
  item.iconPath = new ThemeIcon(ICONS[state] ?? 'circle-outline');
  item.accessibilityInformation = {
    label: `${name}${changed.length > 0 ? `, ${l10n.t('changed by this step')}` : ''}: ${state}, ${summary(vcpu)}. ${next}`,
  };
  item.command = { command: 'irqscope.openInspector', title: l10n.t('Open Inspector'), arguments: [scenario] };
  return item;
}
