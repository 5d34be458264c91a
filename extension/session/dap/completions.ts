/** What may follow in the debug console and in a watch: subjects of the machine, and their fields. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { hasField } from '../../engine/fieldAccess.ts';
import { type Block, FIELDS } from '../../engine/fields.ts';
import type { Machine } from '../../engine/machine.ts';

/** Of so many vCPUs nobody reads a list. */
const MOST_SUBJECTS = 16;
const FIELD = /(?:^|[\s(!{])(?:(vcpu|cpu|pin)\s+\d+|(iommu|guest)|(device)\s+\w+)\s*[.:]\s*([\w.]*)$/i;

/** `column`: 1-based, where the cursor stands. */
export function completionsOf(m: Machine, text: string, column: number): DebugProtocol.CompletionItem[] {
  const before = text.slice(0, column - 1);
  const [, block, single, device, begun] = FIELD.exec(before) ?? [];
  if (begun !== undefined) {
    const of = (block ?? single ?? device).toLowerCase() as Block;
    const fields = FIELDS.filter(field => field.block === of && hasField(m, field));
    return matching(
      fields.map(({ path, doc }) => ({ label: path, detail: doc, type: 'field' })),
      begun,
      column,
    );
  }
  const count = (number: number) => Array.from({ length: Math.min(number, MOST_SUBJECTS) }, (_, i) => i);
  const subjects = [
    ...count(m.vcpuCount).map(i => `vcpu ${i}`),
    ...count(m.cpuCount).map(i => `cpu ${i}`),
    ...(m.config.devices ?? []).map(({ name }) => `device ${name}`),
    ...(m.deviceCount > 0 ? ['iommu'] : []),
  ];
  const word = /(?:\w+ )?\w*$/.exec(before)?.[0] ?? '';
  const items: DebugProtocol.CompletionItem[] = subjects.map(label => ({ label, type: 'module' }));
  const words = ['send', 'expect'].map(label => ({ label, text: `${label} `, type: 'keyword' as const }));
  return matching([...items, ...words], word, column);
}

function matching(
  items: readonly DebugProtocol.CompletionItem[],
  begun: string,
  column: number,
): DebugProtocol.CompletionItem[] {
  const at = { start: column - begun.length, length: begun.length };
  return items.filter(({ label }) => label.startsWith(begun)).map(item => ({ ...item, ...at }));
}
