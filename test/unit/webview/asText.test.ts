import fc from 'fast-check';
import { expect, test } from 'vitest';
import { snapshotOf } from '../../../extension/session/snapshot.ts';
import { asText } from '../../../webview/asText.ts';
import {
  BLOCKED,
  FAILING,
  type Fixture,
  FULL,
  HOSTILE,
  MANY,
  RUNNING,
  snapshot,
  step,
} from '../../webview/fixtures.ts';
import { DEVICE, sessionOf } from '../session/scenarios.ts';

const textOf = ({ messages: [first] }: Fixture): string => {
  if (first.type !== 'snapshot') throw new Error('the fixture begins with a snapshot');
  return asText(first.snapshot);
};

test('a step as it goes into a mail', () => {
  expect(textOf(RUNNING)).toBe(`running.irq, Linux 6.16 - Intel, step 6 of 14
line 9: vcpu 0:  ipi fixed 0x41 to 1

cpu 1: posted-interrupt processing 5 (SDM vol. 3, 30.6)
  posted-interrupt processing > posted-interrupt processing 5
  VIRR takes over the PIR and the PIR is cleared; no other agent can
  come between the read and the clear.
  read     vcpu 1.pid.pir  0x31 0x41
  write    vcpu 1.irr  0x22 -> 0x22 0x31 0x41
  write    vcpu 1.pid.pir  0x31 0x41 -> empty
  write    vcpu 1.rvi  0x22 -> 0x41

* vcpu 1: running on cpu 1, IN_GUEST_MODE
    pi_desc  ON 0, SN 0, NV 0xf2 POSTED_INTR_VECTOR, NDST 0x00000001
             (cpu 1)
    PIR      empty  (-0x31 -0x41)
    IRR      0x22 0x31 0x41  (+0x31 +0x41)
    ISR      0x61
    TMR      0x31
    priority TPR 0x20, PPR 0x60, RVI 0x41, SVI 0x61
    next     0x41 is requested; blocked by 0x61 in service: class 4 is
             not above class 6 of the PPR.
  idle: vcpu 0 (running)
`);
});

test('says what is assumed, what waits on CPUs and what failed', () => {
  expect(textOf(BLOCKED)).toContain('  (assumed) Compare-exchange');
  expect(textOf(BLOCKED)).toContain('  cpu 1: host, pending 0xf1 0xf2, wake-up list vcpu 1 vcpu 2\n');
  expect(textOf(FAILING)).toContain('! step 14, line 14: Expectation failed');
});

test.each([RUNNING, BLOCKED, MANY, FAILING, HOSTILE, FULL])('$name is ASCII of at most 72 columns', fixture => {
  for (const line of textOf(fixture).split('\n')) expect(line).toMatch(/^[ -~]{0,72}$/);
});

test('no text makes a line longer', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), text => {
      const all = asText(
        snapshot({
          title: text,
          statement: text,
          step: step({ sentence: text, place: text, path: [text, text], marks: [text] }),
        }),
      );
      return all.split('\n').every(line => /^[ -~]{0,72}$/.test(line));
    }),
  );
});

test('tables: what is not idle, and what the step changed anywhere', () => {
  const session = sessionOf(DEVICE);
  const pictureOf = () => snapshotOf(session, { title: 'a.irq', uri: '' }, 1);
  const changed = (key: string) =>
    pictureOf()
      .tables.find(each => each.key === key)
      ?.rows.some(({ cells }) => cells.some(cell => cell.before));
  while (!changed('irte')) session.move('stepInto');
  const text = asText(pictureOf());
  expect(text).toContain(`  Devices
    nic: requester 0x0100, request none, VFIO 1, bypass 1, posted to
        vcpu 1, guest's MSI 0xfee01000 / 0x0041, work 0, host ran 0
  Interrupt remapping table
  * 0x5: device nic, P 1, mode posted, vector 0x41, to vcpu 1, URG 0,
        SID 0x0100, cache none -> same, IRTE
        0x00000001000401002345004000418001
`);
  expect(text).not.toContain('IOAPIC pins');
  while (!changed('cpus')) session.move('stepInto');
  expect(asText(pictureOf())).toMatch(/ {2}CPU state\n {2}\* 1: /);
  expect(asText(pictureOf(), () => false)).not.toContain('Interrupt remapping');
  for (const line of asText(pictureOf()).split('\n')) expect(line).toMatch(/^[ -~]{0,72}$/);
});
