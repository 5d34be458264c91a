import { describe, expect, it } from 'vitest';
import { check } from '../../../extension/scenario/check.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import { explore } from '../../../extension/session/explore.ts';

/** Patches as a reviewer would write them down; none of them is in the museum. What breaks in `before`, `after` repairs. */
const RACES = [
  {
    name: 'a hot-plug thread without its barrier',
    broken: 'finally (!asleep || nv_is_wakeup)',
    text: `machine intel
  kernel  6.16
  vcpus   2 x2apic
  with    apicv

vcpu 1   exited on cpu 1

variant before broken
variant after holds

shared assigned, recheck, asleep, waiter, nv_is_wakeup, posts

operation vcpu_blocks() {
  smp_store_mb(waiter, 1)                        # prepare_to_rcuwait()
  while (1) {
    int a = assigned
    nv_is_wakeup = a                             # pre_block: NV follows assigned
    smp_store_mb(asleep, 1)                      # set_current_state(TASK_INTERRUPTIBLE)
    if (!recheck)
      break
    recheck = 0
    asleep = 0
  }
}

operation hotplug_thread() by host {
  assigned = 1                                   # the device is there
  recheck = 1                                    # ask for another look
  if (after)
    smp_mb()
  if (waiter)                                    # does anybody wait?
    smp_store_mb(asleep, 0)                      # wake up
}

race
  v: vcpu_blocks()
  h: hotplug_thread()

finally (!asleep || nv_is_wakeup)
`,
  },
  {
    name: 'a bounded loop that polls',
    broken: 'eventually within 20 of p (done(p))',
    text: `machine intel
  vcpus  2 x2apic
  with   apicv
vcpu 1   exited on cpu 1
variant before broken
variant after holds
shared need_resched, mode

operation poll() {
  int i = 0
  do {
    if (need_resched) return
    if (before) i = 0
    if (after) i++
  } while (i < 5)
  mode = 1
}
operation other() {
  set_bit(need_resched)
}
race
  p: poll()
  o: other()
eventually within 20 of p (done(p))
`,
  },
  {
    name: 'interrupts on between sync and entry',
    broken: 'pir-without-harvest, vcpu 1',
    text: `machine intel
  kernel  6.16
  vcpus   2 x2apic
  with    apicv
vcpu 1    exited on cpu 1

variant before broken
variant after holds

operation vcpu_enter_guest(vcpu) {
  int cpu = vcpu->cpu
  local_irq_disable(cpu)
  vcpu->mode = IN_GUEST_MODE
  smp_mb()
  vmx_sync_pir_to_irr(vcpu)
  if (before) {
    local_irq_enable(cpu)
    local_irq_disable(cpu)
  }
  vm_entry(vcpu)
}
race
  a: vcpu 0: ipi fixed 0x41 to 1
  b: vcpu 1: enter

finally vcpu 1 takes 0x41
`,
  },
  {
    name: 'a wake-up list under the lock of another CPU',
    broken: 'finally (on_cpu == 0 || list_empty(wakeup0))',
    text: `machine intel
  vcpus  2 x2apic
  with   apicv
variant before broken
variant after holds
shared lock[2], on_cpu = 0, woken
list wakeup0, wakeup1

operation put(vcpu) {
  spin_lock(lock[0])
  list_add(wakeup0, vcpu)
  spin_unlock(lock[0])
}
operation load_elsewhere(vcpu) {
  if (before) {
    spin_lock(lock[1])
    list_del(wakeup1, vcpu)
    spin_unlock(lock[1])
  } else {
    spin_lock(lock[0])
    list_del(wakeup0, vcpu)
    spin_unlock(lock[0])
  }
  on_cpu = 1
}
operation thread(vcpu) {
  put(vcpu)
  wait_until(woken)
  load_elsewhere(vcpu)
}
operation pi_wakeup_handler_of_cpu0() by host {
  spin_lock(lock[0])
  for (int i = 0; i < list_length(wakeup0); i++) {
    int v = list_entry(wakeup0, i)
    if (v == 1)
      woken = 1
  }
  spin_unlock(lock[0])
}
operation scheduler() {
  wait_until(list_length(wakeup0) > 0)
  smp_store_mb(woken, 1)
}
race
  v: thread(1)
  h: pi_wakeup_handler_of_cpu0()
  s: scheduler()
finally (on_cpu == 0 || list_empty(wakeup0))
`,
  },
  {
    name: 'a handler between a load and a plain store',
    broken: 'finally (kvm_test_request(KVM_REQ_NMI, 1))',
    text: `machine intel
  vcpus  2 x2apic
  with   apicv
variant before broken
variant after holds
operation thread(vcpu) {
  if (before) __set_bit(KVM_REQ_EVENT, vcpu->requests)
  if (after)  set_bit(KVM_REQ_EVENT, vcpu->requests)
}
operation irq_work(vcpu) by host {
  kvm_make_request(KVM_REQ_NMI, vcpu)
}
race
  t: thread(1)
  h interrupts t: irq_work(1)
finally (kvm_test_request(KVM_REQ_NMI, 1))
`,
  },
  {
    name: 'ON set by a plain store, the rest is the engine',
    broken: 'asleep-with-work, vcpu 1',
    text: `machine intel
  kernel 6.16
  vcpus  2 x2apic
  with   apicv
variant before broken
variant after holds
operation vmx_deliver_posted_interrupt(vcpu, vector) {
  if (test_and_set_bit(vcpu->pid.pir[vector]))
    return 0
  if (before) {
    if (vcpu->pid.on)
      return 0
    vcpu->pid.on = 1
  } else {
    if (test_and_set_bit(vcpu->pid.on))
      return 0
  }
  if (vcpu->mode == IN_GUEST_MODE)
    send_ipi(1, 0xf2)
  else
    kvm_vcpu_wake_up(vcpu)
  return 0
}
race
  a: vcpu 0: ipi fixed 0x41 to 1
  b: vcpu 1: block
finally vcpu 1 takes 0x41
`,
  },
  {
    name: 'a request behind the kick',
    broken: 'finally (!kvm_test_request(KVM_REQ_APICV_UPDATE, 1))',
    text: `machine intel
  kernel  6.16
  vcpus   2 x2apic
  with    apicv
vcpu 1    exited on cpu 1
variant before broken
variant after holds

operation ask_for_update(vcpu) {
  if (before)
    kvm_vcpu_kick(vcpu)
  kvm_make_request(KVM_REQ_APICV_UPDATE, vcpu)
  if (after)
    kvm_vcpu_kick(vcpu)
}

race
  m: ask_for_update(1)
  v: vcpu 1: enter

finally (!kvm_test_request(KVM_REQ_APICV_UPDATE, 1))
`,
  },
];

describe('a patch as a reviewer writes it down', { timeout: 60_000 }, () => {
  it.each(RACES)('$name', ({ text, broken }) => {
    const tree = parse(text);
    for (const [variant, verdict] of [
      ['before', 'broken'],
      ['after', 'holds'],
    ] as const) {
      const { program, diagnostics } = check(tree, { variant });
      expect(diagnostics).toEqual([]);
      if (program === undefined) {
        throw new Error('unreachable');
      }
      const result = explore(program);
      expect([variant, result.verdict]).toEqual([variant, verdict]);
      expect((result.broken ?? '').slice(0, broken.length)).toBe(verdict === 'holds' ? '' : broken);
    }
  });
});
