// Times the scenario language on 20,000 lines: `node test/bench/scenario.mjs`. Prints; asserts nothing about time.
import { scenarioSources } from './scenarioSources.mjs';

const { check, complete, Memo, parse } = await scenarioSources('check', 'parse', 'complete');

const LINES = 20_000;
const ROUNDS = 15;
const HEAD = ['machine intel', '  kernel 6.16', '  vcpus 64 x2apic', '  with apicv', 'let TARGET = 7', 'section one'];
const hex = n => `0x${(16 + (n % 200)).toString(16)}`;
/** Hardly two lines are the same: nothing is fast because it is known already. */
const line = n =>
  [
    `vcpu ${n % 64}:  ipi fixed ${hex(n)} to ${(n * 7) % 64}  # ${n}`,
    `expect   vcpu ${(n * 7) % 64}: irr has ${hex(n)}, pid.on ${n % 2}, no exit on vcpu ${n % 64}`,
    `vcpu ${(n * 3) % 64}:  icr 0x000000${(n % 64).toString(16).padStart(2, '0')}000000${hex(n).slice(2)}`,
    `expect   vcpu TARGET takes ${hex(n)}`,
    `vcpu ${n % 64}:  eoi`,
  ][n % 5];
const text = [...HEAD, ...Array.from({ length: LINES - HEAD.length }, (_, n) => line(n))];

const memo = new Memo();
let tree = parse(text.join('\n'));
check(tree, { memo });
let count = 0;

/** Of processor time: what else runs on the machine does not count. */
function milliseconds(work) {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

function time(what, edit, work) {
  const times = [];
  for (let round = 0; round < ROUNDS; round++) {
    const now = edit(round).join('\n');
    times.push(milliseconds(() => work(now)));
  }
  times.sort((a, b) => a - b);
  const [median, worst] = [times[ROUNDS >> 1], times[ROUNDS - 1]].map(each => `${each.toFixed(1)} ms`);
  console.log(`${what.padEnd(44)} median ${median.padStart(9)}   worst ${worst.padStart(9)}`);
}

const diagnose = now => {
  tree = parse(now, tree);
  count += check(tree, { memo }).diagnostics.length;
};
const replaced = (at, put, cut) => [...text.slice(0, at), ...put, ...text.slice(at + cut)];

console.log(
  `${LINES} lines, ${(text.join('\n').length / 1e6).toFixed(2)} million characters, ${ROUNDS} rounds, processor time`,
);
time(
  'diagnostics of a new text',
  () => text,
  now => check(parse(now)),
);
time('diagnostics after a change in line 10,000', n => replaced(10_000, [`vcpu 1: tpr ${n}`], 1), diagnose);
time('diagnostics after a line is inserted at line 10', n => replaced(10, n % 2 ? ['vcpu 1: eoi'] : [], 0), diagnose);
time(
  'diagnostics after a line is inserted at the end',
  n => replaced(19_990, n % 2 ? ['vcpu 1: eoi'] : [], 0),
  diagnose,
);
time('diagnostics after a vCPU line changes', n => replaced(5, [`vcpu 1 exited tpr ${n}`], 0), diagnose);
time('diagnostics after the number of vCPUs changes', n => replaced(2, [`  vcpus ${64 + n} x2apic`], 1), diagnose);
time(
  'diagnostics after the kernel changes',
  n => replaced(1, [n % 2 ? '  kernel 6.12' : '  kernel 6.16'], 1),
  diagnose,
);
time('diagnostics after a value changes', n => replaced(4, [`let TARGET = ${n}`], 1), diagnose);
const last = LINES - 1;
tree = parse([...text.slice(0, last), 'expect vcpu 1: irr has '].join('\n'));
time(
  'completion in the last line',
  () => text,
  () => {
    count += complete(tree, last, 23).suggestions.length;
  },
);
tree = parse([...text.slice(0, last), ''].join('\n'));
time(
  'completion of a statement',
  () => text,
  () => {
    count += complete(tree, last, 0).suggestions.length;
  },
);
if (count < 0) throw new Error('nothing was measured');
