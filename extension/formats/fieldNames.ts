/** Names of fields as steps tell them: `vcpu 1.pid.on`, one vector `vcpu 1.irr[0x41]`, a word of vectors `vcpu 1.irr[95:64]`. */

const ONE = /^(.*)\[(0x[0-9a-f]+)\]$/;
const WORD = /^(.*)\[(\d+):(\d+)\]$/;
const HALF = /^(.*\[\d+\]) bits (\d+):(\d+)$/;

/** Fields of a redirection entry in its bits 63:32; the others stand in 31:0. A list, so that a view need not hold the format. */
const UPPER: readonly string[] = ['format', 'virt_destid_8_14', 'destid_0_7'];

/** `ioapic.redirtbl[4].irr` is a field of `ioapic.redirtbl[4]`, in its half that begins with bit `lo`. */
function isPartOfEntry(field: string, entry: string, lo: number): boolean {
  return field.startsWith(`${entry}.`) && UPPER.includes(field.slice(entry.length + 1)) === (lo === 32);
}

/** Whoever touches what is called `name` touches `field`: the same, one of its vectors or parts, or a word that its vector lies in. */
export function touches(name: string, field: string): boolean {
  if (name.startsWith(field) && (name.length === field.length || '[. '.includes(name[field.length]))) {
    return true;
  }
  if (field.startsWith(name) && field[name.length] === '[') {
    return true; // a word of bits, read as one: `ioapic.irr` holds `ioapic.irr[4]`
  }
  const half = HALF.exec(name);
  if (half !== null) {
    return isPartOfEntry(field, half[1], Number(half[3]));
  }
  const one = ONE.exec(field);
  const word = one && WORD.exec(name);
  return (
    word !== null && word[1] === one?.[1] && Number(one[2]) <= Number(word[2]) && Number(one[2]) >= Number(word[3])
  );
}
