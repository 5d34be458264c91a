import { describe, expect, it } from 'vitest';
import { check } from '../../../extension/scenario/check.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import type { Program } from '../../../extension/scenario/program.ts';
import { explore } from '../../../extension/session/explore.ts';
import { orderDiagram } from '../../../extension/session/exploreDiagram.ts';

/** The hook of the engine clears IsRunning plainly; moved behind `set_current_state()`, no full barrier follows it any more. */
const HOOK_BEHIND_STATE = `machine amd
  kernel 6.16
  vcpus 2 xapic
  with avic
memory tso
operation kvm_vcpu_block(vcpu, again) {
  smp_store_mb(vcpu->waiter, 1)
  smp_store_mb(vcpu->state, blocked)
  avic_vcpu_blocking(vcpu)
  smp_mb()
  int r = kvm_vcpu_check_block(vcpu)
  if (r) {
    smp_store_mb(vcpu->state, exited)
    smp_store_mb(vcpu->waiter, 0)
    avic_vcpu_unblocking(vcpu)
    return 1
  }
  return 0
}
race
  a: vcpu 0: ipi fixed 0x41 to 1
  b: vcpu 1: block
finally vcpu 1 takes 0x41
`;

function programOf(text: string): Program {
  const { program, diagnostics } = check(parse(text));
  expect(diagnostics).toEqual([]);
  return program as Program;
}

describe('plain stores of the engine’s own operations', { timeout: 60_000 }, () => {
  const without = HOOK_BEHIND_STATE.replace('  smp_mb()\n', '');

  it('wait in store buffers: a barrier that is missing around them is found', () => {
    expect(explore(programOf(HOOK_BEHIND_STATE)).verdict).toBe('holds');
    const program = programOf(without);
    const { verdict, order } = explore(program);
    expect(verdict).toBe('broken');
    expect(orderDiagram(program, order).text.replace(/\s+/g, ' ')).toContain(
      'release ir_list_lock (in the store buffer)',
    );
  });

  it('are visible at once with `memory sc`', () => {
    expect(explore(programOf(without.replace('memory tso', 'memory sc'))).verdict).toBe('holds');
  });

  it('are seen at once by the agent itself, and by all before a VM entry', () => {
    // The thread's own compare-and-exchange of `mode` comes after its plain stores.
    const text = `machine intel
  vcpus 2 x2apic
  with apicv
operation kvm_vcpu_exit_request(vcpu) {
  int mode = vcpu->mode
  assert(mode == IN_GUEST_MODE)
  int requests = vcpu->requests
  return requests
}
race
  b: vcpu 1: exit
  b: vcpu 1: enter
finally vcpu 1: mode IN_GUEST_MODE
`;
    expect(explore(programOf(text))).toMatchObject({ verdict: 'holds', broken: undefined });
  });
});
