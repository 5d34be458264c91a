import { check } from '../scenario/check.ts';
import { parse } from '../scenario/parse.ts';
import type { Node, ScenarioText } from '../scenario/tree.ts';
import { Session } from '../session/session.ts';

/** Who takes a message on a machine, as the engine finds when it sends it. */
export interface Recipients {
  /** Each a sentence of the engine: who is addressed and who not, who was chosen, who accepted. */
  readonly sentences: readonly string[];
}

/** Where one takes or drops the message, where KVM chooses, where it asks who is addressed: what tells most comes first. */
const TELLING = [
  /^__apic_accept_irq$/,
  /^kvm_irq_delivery_to_apic\w*$|^kvm_apic_map_get_\w+$/,
  /^kvm_apic_match_dest$/,
];
/** Steps of one message; a broadcast on the largest machine takes fewer. */
const MOST_STEPS = 20_000;
const MOST_SENTENCES = 8;

/**
 * Sends the message on the machine and reports who took it. Undefined when the machine's text or the action is no valid scenario,
 * for instance because the message names a vCPU that the machine does not have.
 */
export function recipientsOf(machine: ScenarioText, action: string): Recipients | undefined {
  const withAction = (text: string) => `${text}\n${action}\n`;
  const text = typeof machine === 'string' ? withAction(machine) : { ...machine, text: withAction(machine.text) };
  const { program } = check(parse(text));
  if (!program) return undefined;
  const session = new Session(program);
  const found: string[][] = TELLING.map(() => []);
  for (let n = 0; n < MOST_STEPS && !session.finished; n++) {
    session.move('stepInto');
    const { place, sentence } = session.explain();
    found[TELLING.findIndex(pattern => pattern.test(place))]?.push(sentence);
  }
  const all = found.flat();
  const more = all.length - MOST_SENTENCES;
  return { sentences: more > 0 ? [...all.slice(0, MOST_SENTENCES), `and ${more} more`] : all };
}

const DEEDS: readonly string[] = ['action', 'expect', 'section', 'repeat'];
const RACING: readonly string[] = ['race', 'agent', 'condition'];

/** Does something happen here, or is it asked about? A line that cannot be read but names somebody who acts counts too. */
function isDeed(node: Node, text: string): boolean {
  if (node.kind === 'race') return RACING.includes(node.part);
  return DEEDS.includes(node.kind) || (node.kind === 'unknown' && /^\s*\w+\s*:/.test(text));
}

/** The part of a scenario's text that describes the machine: everything above its first action, expectation, condition or section. */
export function machineOf(text: string): string {
  const { nodes, lines } = parse(text);
  const first = nodes.find(node => isDeed(node, lines[node.range.line].text));
  return lines
    .slice(0, first?.range.line ?? lines.length)
    .map(line => line.text)
    .join('\n');
}
