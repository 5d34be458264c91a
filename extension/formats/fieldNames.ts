/** Names of fields as steps tell them: `vcpu 1.pid.on`, one vector `vcpu 1.irr[0x41]`, a word of vectors `vcpu 1.irr[95:64]`. */

const ONE = /^(.*)\[(0x[0-9a-f]+)\]$/;
const WORD = /^(.*)\[(\d+):(\d+)\]$/;

/** Whoever touches what is called `name` touches `field`: the same, one of its vectors or parts, or a word that its vector lies in. */
export function touches(name: string, field: string): boolean {
  if (name.startsWith(field) && (name.length === field.length || '[.'.includes(name[field.length]))) {
    return true;
  }
  const one = ONE.exec(field);
  const word = one && WORD.exec(name);
  return (
    word !== null && word[1] === one?.[1] && Number(one[2]) <= Number(word[2]) && Number(one[2]) >= Number(word[3])
  );
}
