import { expect, test } from 'vitest';
import { V } from '../../../extension/engine/layout.ts';
import { check } from '../../../extension/scenario/check.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import { References, variablesOf } from '../../../extension/session/dap/variables.ts';
import { compile } from '../../../extension/session/expression.ts';
import { Session } from '../../../extension/session/session.ts';
import { snapshotOf } from '../../../extension/session/snapshot.ts';

function sessionOf(vendor: string, features: string): Session {
  const text = `machine ${vendor}\n kernel 6.16\n vcpus 2 x2apic\n with ${features}\ndevice nic irte 5 posted to vcpu 1 vector 0x41\ndevice nic: interrupt\n`;
  const { program } = check(parse(text));
  if (program === undefined) {
    throw new Error('the scenario has errors');
  }
  const session = new Session(program);
  session.move('continue');
  return session;
}

const intel = sessionOf('intel', 'apicv');
const amd = sessionOf('amd', 'avic x2avic');

function value(session: Session, text: string): string {
  const { machine } = session.runner;
  return compile(text, machine).print(machine);
}

test('fields of devices and of the IOMMU in a watch', () => {
  expect([value(intel, 'device nic.irte.im'), value(intel, 'device nic: irte.vv')]).toEqual(['1', '0x41']);
  expect([value(amd, 'device nic.irte.guest_mode'), value(amd, 'device nic.posted_to')]).toEqual(['1', '1']);
  expect(value(intel, 'iommu.faults')).toBe('0x0000');
  expect(() => value(intel, 'device nik.irte.im')).toThrow("there is no device 'nik'; there is nic");
  expect(() => value(intel, 'device nic.irte.xx')).toThrow("has no field 'irte.xx'");
  expect(() => value(intel, 'guest.online')).toThrow('does nothing in this scenario');
});

test('a view shows what the vendor has', () => {
  const names = (session: Session, block: 'vcpu' | 'device' | 'iommu') => {
    const { machine } = session.runner;
    return variablesOf(machine, new References(), { kind: 'block', block, index: 0 }).map(
      ({ name, value }) => `${name} ${value}`,
    );
  };
  expect(names(intel, 'vcpu').some(name => name.startsWith('avic'))).toBe(false);
  expect(names(amd, 'vcpu')).toContain('avic valid 1 is_running 1 host_id 0x000 enabled 1 x2avic 1');
  expect(names(intel, 'device').find(name => name.startsWith('irte'))).toBe(
    'irte p 1 fpd 0 im 1 urg 0 vv 0x41 dst 0x23450040 sid 0x0100',
  );
  expect(names(amd, 'device').find(name => name.startsWith('irte'))).toContain('guest_mode 1');
  expect(names(intel, 'iommu').join()).not.toContain('ga_');
});

test('the picture of an AMD vCPU has no descriptor, and says what the next vector waits for', () => {
  const picture = (session: Session) => snapshotOf(session, { title: '', uri: '' }, 1).vcpus[1];
  expect('pid' in picture(intel)).toBe(true);
  expect('pid' in picture(amd)).toBe(false);
  const { machine } = amd.runner;
  machine.recording = false;
  machine.set_bit(0x91, machine.vcpu(1) + V.irr);
  expect(picture(amd).next).toBe('next 0x91, waits for a doorbell');
});
