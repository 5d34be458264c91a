// Texts that are nearly scenarios, read, checked, laid out and read again: `node test/bench/fuzz.mjs [COUNT] [SEED]`. Prints the seed; the
// same seed gives the same texts. Some include others of them, or themselves. Ends at the first text with which something is wrong.
import { scenarioSources } from './scenarioSources.mjs';

const { check, format, Memo, parse } = await scenarioSources('check', 'parse', 'format');

const [count = '1000000', chosen = String(Date.now() % 2 ** 31)] = process.argv.slice(2);
let state = Number(chosen) || 1;

/** xorshift32 */
function random(below) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
}
const pick = list => list[random(list.length)];

const MACHINES = [
  'include "m.irq"\n',
  'machine intel\nvcpus 4\nwith apicv\n',
  'machine amd\nvcpus 2 xapic\n',
  'machine intel\n',
  '',
];
const WORDS =
  'machine intel amd kernel 6.16 2013 vcpus cpus host with apicv avic ipiv vtd-posting vcpu cpu device nic guest choose running exited blocked preempted on to of : , = # icr ipi fixed lowest nmi init startup logical self all all-but-self msi pin gsi up down level masked call trace read rdmsr kvm_apicv_accept_irq enter exit block eoi tpr cr8 write wrmsr APIC_EOI RESCHEDULE_VECTOR expect no not is has lacks takes nothing does irr isr pid.on pid.pir rvi mode IN_GUEST_MODE notification wake-up let TARGET A section one two repeat end race a b always finally eventually within operation f(v) { } (x == 1) shared list variant memory tso interrupt posted irte 0 1 2 3 0x41 0xfd 0..2 1..TARGET 3..1 0x0000000100000041 0xfee01000 99999999999999999999'.split(
    ' ',
  );
const LINES = [
  'include "a.irq"',
  'pin 4 fixed 0x31 to 1 level',
  'pin 5 0x0100000000000041',
  'gsi 4 up',
  'vcpu 1: rdmsr APIC_ID',
  'expect call of pi_wakeup_handler, no trace kvm_apicv_accept_irq',
  'include "b/c.irq"',
  'include "../a.irq" # up',
  'include "main.irq"',
  'include a.irq',
  'include "gone.irq"',
  'vcpu 1 exited',
  'vcpu 0: ipi fixed 0x41 to 1',
  'vcpu 0..2: exit',
  'vcpu 1: enter',
  'expect vcpu 1: irr has 0x41, pid.on 0',
  'expect no exit on vcpu 0..1, vcpu 1 takes TARGET',
  'let TARGET = 0x41',
  'let A=1..2',
  'vcpu A: eoi',
  'section a  title: (x)',
  'repeat 3',
  'end',
  'race',
  'a: vcpu 0: ipi fixed 0x41 to 2',
  'b: f(1)',
  'always vcpu 2 gets 0x41',
  'operation f(v) {',
  'set_bit(v->irr[TARGET])',
  '}',
  'shared x = 1',
  'device nic posted to vcpu 1 vector 0x41',
  'device nic: interrupt',
  'msi 0xfee01000 0x0041',
  '',
  '# why',
];
const NOISE = [
  '\0',
  '\r',
  '\r\n',
  '\ufeff',
  '\ud800',
  '\u2028',
  '\t',
  '  ',
  '..',
  '=',
  ':',
  ',',
  '#',
  '"',
  '-',
  '_',
  '\u00e9',
  '0x',
];

function line() {
  if (random(8) > 0) return pick(LINES);
  return Array.from({ length: 1 + random(7) }, () => pick(WORDS)).join(' ');
}

function text() {
  let all = pick(MACHINES) + Array.from({ length: random(8) }, line).join('\n');
  for (let cuts = random(2) * random(4); cuts > 0; cuts--) {
    const at = random(all.length + 1);
    all = all.slice(0, at) + (random(2) ? pick(NOISE) : '') + all.slice(at + random(6));
  }
  return all;
}

const DECLARED = [
  'let TARGET = 1',
  'device nic posted to vcpu 1 vector 0x41',
  'shared x = 1',
  'operation f(v) {\nx = v\n}',
  'include "a.irq"',
];
/** Texts that came before, under the names that are included; some are missing or cannot be read. */
const earlier = [''];
function file() {
  if (random(8) === 0) return random(2) ? { missing: ['a.irq'] } : { unreadable: 'nobody may' };
  return { text: pick(earlier) ?? '' };
}
function given(now) {
  if (!now.includes('include')) return now;
  const machine = pick(MACHINES.slice(1, 3)) + Array.from({ length: random(3) }, () => pick(DECLARED)).join('\n');
  const names = ['a.irq', 'b/c.irq', '../a.irq', 'b/a.irq', 'main.irq'];
  return {
    text: now,
    name: 'main.irq',
    files: new Map([['m.irq', { text: machine }], ...names.filter(() => random(5) > 0).map(name => [name, file()])]),
  };
}

const words = tree =>
  JSON.stringify(tree.lines.map(({ code, comment }) => [code.map(each => each.text), comment?.text]));
const codes = checked => checked.diagnostics.map(({ code }) => code).join();

function judge(now, before, memo) {
  const source = given(now);
  const included = text => (typeof source === 'string' ? text : { ...source, text });
  const tree = parse(source);
  const checked = check(tree);
  const errors = checked.diagnostics.some(({ severity }) => severity === 'error');
  if (errors === (checked.program !== undefined)) throw new Error('a program exactly when there is no error');
  const once = format(now);
  if (format(once) !== once) throw new Error('formatted once and for all');
  const after = parse(included(once));
  if (words(after) !== words(tree)) throw new Error('words and comments stay');
  if (codes(check(after)) !== codes(checked)) throw new Error('problems stay');
  const moved = parse(source, before);
  if (JSON.stringify(check(moved, { memo })) !== JSON.stringify(checked))
    throw new Error('read anew or not, it is the same');
  return moved;
}

console.log(`${count} texts, seed ${chosen}`);
let programs = 0;
let including = 0;
let units = 0;
let before;
const memo = new Memo();
const start = process.cpuUsage();

function report(texts) {
  const { user, system } = process.cpuUsage(start);
  const seconds = ((user + system) / 1e6).toFixed(0);
  console.log(
    `${texts} texts, ${units} characters, ${programs} programs (${including} with included files), ${seconds} s of processor time`,
  );
}

for (let i = 0; i < Number(count); i++) {
  if (i > 0 && i % 50_000 === 0) report(i);
  const now = text();
  units += now.length;
  if (i % 7 === 0) earlier[i % 97] = now;
  try {
    before = judge(now, before, memo);
    const { program } = check(before, { memo });
    if (program) programs++;
    if (program?.files) including++;
  } catch (error) {
    console.log(`text ${i}: ${JSON.stringify(now)}`);
    throw error;
  }
}
report(Number(count));
