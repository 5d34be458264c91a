import { describe, expect, it } from 'vitest';
import { check } from '../../../extension/scenario/check.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import type { Program } from '../../../extension/scenario/program.ts';
import { explore } from '../../../extension/session/explore.ts';
import { Session } from '../../../extension/session/session.ts';

function programOf(text: string): Program {
  const { program, diagnostics } = check(parse(text));
  expect(diagnostics).toEqual([]);
  return program as Program;
}

/** `line` 8 of the text is the statement that is tried. */
function raceOf(statement: string): string {
  return `machine intel
  vcpus 2 x2apic
  with apicv
shared x = 1, y, a[3], index = 2
list l
operation f(n) {
  int v = y
  ${statement}
}
operation g() {
  x = 0
  index = 3
  y = 7
}
race
  a: f(0)
  b: g()
finally (1)
`;
}

describe('a step that cannot be taken', () => {
  it.each([
    ['v = 10 / x', 'division by zero in line 8'],
    ['v = 10 % x', 'division by zero in line 8'],
    ['if (10 / x > 3) y = 2', 'division by zero in line 8'],
    ['v = 10 / (7 - v)', 'division by zero in line 8'],
    ['v = v / n', 'division by zero in line 8'],
    ['wait_until(10 / x)', 'division by zero in line 8'],
    ['assert(1 / (7 - v) >= 0)', 'division by zero in line 8'],
    ['atomic { y = 1; y = 10 / x }', 'division by zero in line 8'],
    ['return 10 / x', 'division by zero in line 8'],
    ['a[v] = 1', 'an index outside of its array in line 8'],
    ['v = a[v]', 'an index outside of its array in line 8'],
    ['v = vcpu(v)->mode', 'the number of a vCPU that does not exist in line 8'],
    ['local_irq_disable(v)', 'the number of a CPU that does not exist in line 8'],
    ['vcpu(n)->irr[249 + v] = 1', 'a vector that does not exist in line 8'],
    ['set_bit(vcpu(n)->irr[v - 8])', 'a vector that does not exist in line 8'],
    ['send_ipi(n, 250 + v)', 'a vector that does not exist in line 8'],
    ['vcpu(n)->irr.word[v + 1] = 1', 'an index outside of its array in line 8'],
    ['set_bit(v + 25, y)', 'a bit that its place does not have in line 8'],
    ['kvm_make_request(v + 25, n)', 'a bit that its place does not have in line 8'],
    ['v = 1 << (v + 25)', 'a shift by more bits than a word has in line 8'],
    ['for (int i = 0; i < 9; i++) list_add(l, i)', 'more than 8 entries in a list in line 8'],
  ])('breaks the race at its line: %s', (statement, broken) => {
    const text = raceOf(statement);
    for (const reduce of [true, false]) {
      expect(explore(programOf(text), { reduce })).toMatchObject({ verdict: 'broken', broken });
    }
    const session = new Session(programOf(text), explore(programOf(text)).order);
    while (!session.finished) {
      session.move('continue');
    }
    expect(session.troubles.map(each => each.text)).toEqual([expect.stringContaining(broken)]);
  });

  it.each(['v = 10 / 3', 'v = 10 / (x + 1)', 'a[2] = 1', 'a[v & 1] = 1', 'v = vcpu(v & 1)->mode'])(
    'is none where it can be taken: %s',
    statement => {
      expect(explore(programOf(raceOf(statement)))).toMatchObject({ verdict: 'holds' });
    },
  );

  it('divides as C does', () => {
    const divides = raceOf('assert(-7 / 2 == -3 && -7 % 2 == -1 && (1 << 31) / -1 == (1 << 31))');
    expect(explore(programOf(divides)).verdict).toBe('holds');
  });

  it('is found before anything else happens, too', () => {
    const text = raceOf('v = 0').replace('  b: g()\n', '').replace('  int v = y\n  v = 0', '  int v = 1 / n');
    expect(explore(programOf(text))).toMatchObject({ verdict: 'broken', broken: 'division by zero in line 7' });
  });

  it('makes a condition one that does not hold', () => {
    const text = raceOf('y = 1').replace('finally (1)', 'always (10 / x)');
    expect(explore(programOf(text))).toMatchObject({ verdict: 'broken', broken: 'always (10 / x)' });
  });
});

describe('a constant that names what is not there', () => {
  it.each([
    ['v = vcpu(2)->mode', 'irq310', '2'],
    ['2->mode = 1', 'irq310', '2'],
    ['kvm_make_request(KVM_REQ_EVENT, 7)', 'irq310', '7'],
    ['v = kvm_request_pending(9)', 'irq310', '9'],
    ['v = cpu(2)->irqs_off', 'irq311', '2'],
    ['local_irq_disable(2)', 'irq311', '2'],
    ['send_ipi(2, 0xf2)', 'irq311', '2'],
    ['send_ipi(1, 0x100)', 'irq401', '0x100'],
    ['vcpu(0)->irr[256] = 1', 'irq401', '256'],
    ['__set_bit(vcpu(0)->irr[256])', 'irq401', '256'],
    ['vcpu(0)->irr.word[8] = 1', 'irq304', '8'],
    ['a[3] = 1', 'irq304', '3'],
    ['set_bit(32, y)', 'irq304', '32'],
    ['__clear_bit(32, y)', 'irq304', '32'],
    ['set_bit(1, vcpu(0)->pid.on)', 'irq304', '1'],
    ['kvm_make_request(32, n)', 'irq304', '32'],
    ['v = 1 << 32', 'irq304', '32'],
  ])('is an error of the text: %s', (statement, code, text) => {
    const { diagnostics } = check(parse(raceOf(statement)));
    expect(diagnostics).toMatchObject([{ code, range: { line: 7 } }]);
    const [{ range }] = diagnostics;
    expect(`  ${statement}`.slice(range.start, range.end)).toBe(text);
  });

  it('is one in a condition as well', () => {
    const text = raceOf('y = 1').replace('finally (1)', 'finally (vcpu(5)->pid.on == 0)');
    expect(check(parse(text)).diagnostics).toMatchObject([{ code: 'irq310' }]);
  });

  it.each(['set_bit(31, y)', 'vcpu(1)->irr[255] = 1', 'vcpu(1)->irr.word[7] = 1', 'v = 1 << 31', 'send_ipi(1, 0xff)'])(
    'is none where it is there: %s',
    statement => {
      expect(check(parse(raceOf(statement))).diagnostics).toEqual([]);
    },
  );
});

describe('limits', () => {
  const locals = (count: number) => Array.from({ length: count }, (_, i) => `  int v${i} = ${i}`).join('\n');
  const withLocals = (count: number) => raceOf('v = 0').replace('  int v = y\n  v = 0', locals(count));

  it('leave room for twelve locals and parameters', () => {
    const sum = Array.from({ length: 11 }, (_, i) => `v${i}`).join(' + ');
    const text = withLocals(11).replace('  int v10 = 10', `  int v10 = 10\n  assert(${sum} + n == 55)`);
    expect(explore(programOf(text)).verdict).toBe('holds');
  });

  it('say where there is one too many', () => {
    const { diagnostics } = check(parse(withLocals(12)));
    expect(diagnostics).toMatchObject([{ code: 'irq605', range: { line: 17 } }]);
  });

  it('leave room for sixteen agents', () => {
    const agents = (count: number) => Array.from({ length: count }, (_, i) => `  a${i}: f(0)\n`).join('');
    const text = (count: number) => raceOf('v = 0').replace('  a: f(0)\n  b: g()\n', agents(count));
    expect(check(parse(text(16))).diagnostics).toEqual([]);
    expect(check(parse(text(17))).diagnostics).toMatchObject([{ code: 'irq605' }]);
    expect(explore(programOf(text(16)))).toMatchObject({ verdict: 'holds', complete: true });
  });
});
