import { expect, test } from 'vitest';
import { judgeScenario } from '../../../extension/session/outcome.ts';

const text = (expected: string, kernel = '6.16') => `machine intel
  kernel ${kernel}
  vcpus 2 x2apic
  with apicv
vcpu 0: ipi fixed 0x41 to 1
expect ${expected}`;
const found = (expected: string, kernel?: string) =>
  judgeScenario(text(expected, kernel)).failures.map(each => each.found);

test('functions and trace events since the last expect', () => {
  expect(
    found('trace kvm_apicv_accept_irq, call of vmx_deliver_posted_interrupt, no call of pi_wakeup_handler'),
  ).toEqual([]);
  expect(found('call of pi_wakeup_handler')).toEqual(['no step lay in pi_wakeup_handler']);
  expect(found('no trace kvm_apicv_accept_irq')).toEqual(['1 step lay in trace_kvm_apicv_accept_irq']);
  const again = 'trace kvm_apicv_accept_irq\nexpect trace kvm_apicv_accept_irq\nvcpu 1: eoi\nexpect';
  expect(found(`${again} no trace kvm_apicv_accept_irq`)).toEqual([]);
  expect(found(`${again} trace kvm_apicv_accept_irq`)).toHaveLength(1);
});

test('a section begins anew', () => {
  const sections = 'trace kvm_apicv_accept_irq\nsection one\nexpect no trace kvm_apicv_accept_irq';
  expect(judgeScenario(text(sections).replace('vcpu 0:', 'section zero\nvcpu 0:')).failures).toEqual([]);
});

test('a function that an older kernel calls otherwise is found under both names', () => {
  const both = 'call of rcuwait_wake_up, call of swake_up_one';
  const asleep = text(both, '4.19').replace('vcpu 0:', 'vcpu 1: block\nvcpu 0:');
  expect(judgeScenario(asleep)).toMatchObject({ problems: [], failures: [] });
  expect(judgeScenario(text(both, '4.19')).failures).toHaveLength(1);
});

test('every trace event that a step prints can be expected', () => {
  const avic = `machine amd
  kernel 6.16
  vcpus 3 x2apic
  with avic x2avic
vcpu 1 blocked
device nic posted to vcpu 2 vector 0x51
vcpu 0: ipi fixed 0x41 to 1
expect trace kvm_avic_incomplete_ipi, no trace kvm_avic_unaccelerated_access
vcpu 0: wrmsr APIC_LVT0 0x10000
expect trace kvm_avic_unaccelerated_access
device nic: route fixed 0x52 to 0
expect trace kvm_pi_irte_update, no trace kvm_avic_ga_log
device nic: route fixed 0x52 to 2
vcpu 2: block
device nic: interrupt
expect trace kvm_avic_ga_log, trace kvm_pi_irte_update`;
  expect(judgeScenario(avic)).toMatchObject({ problems: [], failures: [] });
});
