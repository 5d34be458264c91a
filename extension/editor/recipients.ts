import { check } from '../scenario/check.ts';
import { parse } from '../scenario/parse.ts';
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
export function recipientsOf(machine: string, action: string): Recipients | undefined {
  const { program } = check(parse(`${machine}\n${action}\n`));
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

/** The part of a scenario's text that describes the machine: everything above its first action or expectation. */
export function machineOf(text: string): string {
  const lines = text.split(/\r?\n/);
  const first = lines.findIndex(line => /^\s*(?:[a-z]\w*(?: \d+)?\s*:|msi\b|expect\b|race\b|always\b)/.test(line));
  return lines.slice(0, first < 0 ? lines.length : first).join('\n');
}
