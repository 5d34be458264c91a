/** What is delivered, and to whom, as every statement that names both has it. */
import type { Cursor } from './cursor.ts';
import { diagnostic } from './diagnostics.ts';
import { shown } from './suggest.ts';
import type { Delivery, Destination } from './tree.ts';
import { DELIVERY_MODES, isKey, SHORTHANDS, WITHOUT_VECTOR } from './words.ts';

function parseDestination(cursor: Cursor, shorthands: boolean): Destination | undefined {
  const example = shorthands
    ? '`to 1`, `to logical 0x3`, `to self`, `to all` or `to all-but-self`'
    : '`to 1` or `to logical 0x3`';
  if (cursor.accept('logical')) {
    const id = cursor.number('the logical destination', 'to logical 0x3');
    return id && { kind: 'logical', id };
  }
  cursor.offer({ kind: 'id' });
  const word = cursor.word(`Write the destination: ${example}.`, { kind: 'word', words: shorthands ? SHORTHANDS : {} });
  if (!word) return undefined;
  if (shorthands && isKey(SHORTHANDS, word.text)) return { kind: 'shorthand', word };
  if (!/^[0-9A-Z]/.test(word.text)) {
    return cursor.fail(
      diagnostic('irq205', word.range, `\`${shown(word.text)}\` is not a destination. Write an APIC ID: ${example}.`),
    );
  }
  cursor.means(word, { kind: 'id' });
  return { kind: 'physical', id: word };
}

/** `fixed 0xfd to 1`, `nmi to 1`, `startup 0x10 to all-but-self`. An MSI has no shorthand. */
export function parseDelivery(cursor: Cursor, shorthands: boolean): Delivery | undefined {
  const mode = cursor.oneOf(DELIVERY_MODES, 'a delivery mode');
  if (!mode || cursor.failed) return mode && { mode };
  const vector = WITHOUT_VECTOR.includes(mode.text)
    ? undefined
    : cursor.number('the vector', 'fixed 0xfd to 1', 'vector');
  const heard = { mode, ...(vector && { vector }) };
  if (cursor.failed || !cursor.keyword('to', vector ? `${mode.text} ${vector.text} to 1` : `${mode.text} to 1`))
    return heard;
  const to = parseDestination(cursor, shorthands);
  return { ...heard, ...(to && { to }) };
}
