import { describe, expect, it } from 'vitest';
import { vcpu_scan_ioapic } from '../../../extension/engine/ioapic/scan.ts';
import { vcpu_enter_guest } from '../../../extension/engine/kvm/enter.ts';
import { operations } from '../../../extension/engine/operation.ts';
import { check } from '../../../extension/scenario/check.ts';
import { builtIns, codeName } from '../../../extension/scenario/codeScope.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import { explore } from '../../../extension/session/explore.ts';

const INTEL = 'machine intel\n  kernel 6.16\n  vcpus 2 x2apic\n  with apicv\n';
const AMD = 'machine amd\n  kernel 6.16\n  vcpus 2 x2apic\n  with avic x2avic\n';
const NIC = 'device nic irte 5 posted to vcpu 1 vector 0x41 host cpu 2 vector 0x31\n';

function decided(text: string): string {
  const { program, diagnostics } = check(parse(text));
  if (program === undefined || diagnostics.length > 0) {
    return diagnostics.map(({ code, message }) => `${code} ${message}`).join('\n');
  }
  return explore(program).verdict;
}

describe('the name of an operation', () => {
  it.each([
    ['Intel', INTEL],
    ['AMD', AMD],
  ])('interrupt_request is what the IOMMU of %s does', (_, machine) => {
    const race = 'race\n  a: device nic: interrupt\nfinally vcpu 1 takes 0x41\n';
    expect(decided(machine + NIC + race)).toBe('holds');
    expect(decided(`${machine}${NIC}shared n\noperation interrupt_request() by iommu {\n  assert(0)\n}\n${race}`)).toBe(
      'broken',
    );
  });

  it.each(['intel', 'amd'] as const)('stands for one operation of the engine each (%s)', vendor => {
    const names = builtIns({ vendor });
    const shared = new Set(operations.map(codeName).filter((name, i, all) => all.indexOf(name) !== i));
    const parts = [...shared].map(name => [name, names.get(name)?.locals.join(), names.get(name)?.actor]);
    expect(parts.sort()).toEqual([
      [
        'interrupt_request',
        vendor === 'amd' ? 'requester,owner,vcpu' : 'requester,address,data,owner,vcpu,result,nv,ndst',
        'iommu',
      ],
      ['irqfd_inject', 'index', 'kvm'],
      ['vcpu_enter_guest', 'vcpu', 'kvm'],
      ['vcpu_scan_ioapic', 'vcpu', 'kvm'],
      ['vm_exit', 'cpu,reason,detail', 'cpu'],
      ['vmx_vcpu_pi_load', 'vcpu,cpu,old,old_ndst', 'kvm'],
      ['vmx_vcpu_pi_put', 'vcpu,blocking', 'kvm'],
    ]);
    expect(names.get('vcpu_scan_ioapic')).toBe(vcpu_scan_ioapic);
    expect(names.get('vcpu_enter_guest')).toBe(vcpu_enter_guest);
    const withDevice = builtIns({ vendor, devices: [{}] as never });
    expect(withDevice.get('irqfd_inject')?.actor).toBe('host');
  });
});

describe('parameters of a restated operation', () => {
  const tooMany = 'operation kvm_vcpu_kick(v, w, x) {\n  smp_mb()\n}\n';

  it('are at most those of the operation that it replaces, when the engine calls it', () => {
    const race = 'race\n  a: vcpu 0: ipi fixed 0x41 to 1\nfinally vcpu 1 takes 0x41\n';
    expect(decided(INTEL + tooMany + race)).toMatch(
      /^irq604 `kvm_vcpu_kick` has 3 parameters, and the engine calls it with at most 2\./,
    );
  });

  it('are its own business when the scenario calls it', () => {
    expect(
      decided(
        `${INTEL}shared z\n${tooMany}race\n  a: kvm_vcpu_kick(1, 2, 3)\n  b: kvm_vcpu_kick(0, 2, 3)\nfinally (z == 0)\n`,
      ),
    ).toBe('holds');
  });
});
