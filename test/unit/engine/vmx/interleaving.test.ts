import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KernelVersion } from '../../../../extension/engine/config.ts';
import { device_interrupt } from '../../../../extension/engine/iommu/device.ts';
import { postedEntry } from '../../../../extension/engine/iommu/remapping.ts';
import { D, IOMMU, IOMMU_FLAG } from '../../../../extension/engine/layout.ts';
import { type AgentAction, DEVICE, World } from '../world.ts';

// Whatever order the steps of senders, device and target come in: nothing is lost. Random walks; the explorer does it exhaustively.

const TARGET_ACTIONS: readonly (AgentAction | undefined)[] = [
  undefined,
  { kind: 'block', vcpu: 1 },
  { kind: 'preempt', vcpu: 1 },
  { kind: 'userspace', vcpu: 1 },
  { kind: 'exit', vcpu: 1 },
  { kind: 'tpr', vcpu: 1, value: 0x60 },
];

function start(kernel: KernelVersion, ipiv: boolean, action: AgentAction | undefined): World {
  const world = new World({ kernel, ipiv, vtdPosting: true, devices: DEVICE, vcpus: [{}, {}, {}] });
  const { m } = world;
  const base = m.device(0);
  postedEntry(1, 0x61, [0, 0, 0, 0]).forEach((word, i) => {
    m.store(base + D.irte + i, word | 0);
  });
  m.store(m.layout.iommu + IOMMU.flags, 1 << IOMMU_FLAG.IRE);
  m.start(m.deviceAgent(0), device_interrupt, 0, 0xfee00010 | 0, 0);
  world.begin({ kind: 'icr', vcpu: 0, value: { lo: 0x41, hi: 1 } });
  world.begin({ kind: 'icr', vcpu: 2, value: { lo: 0x51, hi: 1 } });
  if (action !== undefined) {
    world.begin(action);
  }
  return world;
}

/** Takes ready agents as `choices` say, and the first ready one when they run out. */
function walk(world: World, choices: readonly number[]): void {
  const { m } = world;
  let at = 0;
  for (;;) {
    const ready = Array.from({ length: m.agentCount }, (_, agent) => agent).filter(agent => m.ready(agent));
    if (ready.length === 0) {
      return;
    }
    world.one(ready[(choices[at++] ?? 0) % ready.length]);
  }
}

/** Lets the target run to the end of everything: enters as often as needed and ends each interrupt. */
function finish(world: World): void {
  const STATE_RUNNING = 0;
  for (let round = 0; round < 4 && world.number(1, 'state') !== STATE_RUNNING; round++) {
    world.enter(1, 1);
  }
  world.do({ kind: 'tpr', vcpu: 1, value: 0 });
  while (world.vectors(1, 'isr').length > 0) {
    world.do({ kind: 'eoi', vcpu: 1 });
  }
}

const KERNELS: readonly (readonly [KernelVersion, boolean])[] = [
  ['5.15', false],
  ['6.1', false],
  ['6.1', true],
  ['6.12', true],
  ['6.16', true],
  ['7.1', false],
  ['7.1', true],
];

describe.each(KERNELS)('Linux %s, ipiv %s', (kernel, ipiv) => {
  test('two senders, a device and a target that leaves', () => {
    fc.assert(
      fc.property(fc.constantFrom(...TARGET_ACTIONS), fc.array(fc.nat(1000), { maxLength: 120 }), (action, choices) => {
        const world = start(kernel, ipiv, action);
        walk(world, choices);
        expect(world.number(1, 'state'), 'asleep').not.toBe(3);
        finish(world);
        expect(world.taken(1)).toEqual([0x41, 0x51, 0x61]);
        expect(world.vectors(1, 'pid.pir')).toEqual([]);
        const allowed = new Set(['notification-finds-nobody', ...(kernel === '6.16' ? ['rvi-below-virr'] : [])]);
        expect([...world.broken].filter(name => !allowed.has(name))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});

type Sender = 'software' | 'ipiv' | 'device';

/** The sender takes `share` steps when the target has taken `after`; its other steps come when the target is through. */
function cut(
  kernel: KernelVersion,
  sender: Sender,
  action: AgentAction,
  after: number,
  share: number,
): World | undefined {
  const world = new World({ kernel, ipiv: sender === 'ipiv', vtdPosting: true, devices: DEVICE, vcpus: [{}, {}] });
  const { m } = world;
  const target = world.begin(action);
  let taken = 0;
  while (taken < after && m.ready(target)) {
    world.one(target);
    taken++;
  }
  if (taken < after) {
    return undefined;
  }
  let others: readonly number[];
  if (sender === 'device') {
    const base = m.device(0);
    postedEntry(1, 0x41, [0, 0, 0, 0]).forEach((word, at) => {
      m.store(base + D.irte + at, word | 0);
    });
    m.store(m.layout.iommu + IOMMU.flags, 1 << IOMMU_FLAG.IRE);
    m.start(m.deviceAgent(0), device_interrupt, 0, 0xfee00010 | 0, 0);
    others = [m.deviceAgent(0), m.iommuAgent];
  } else {
    others = [world.begin({ kind: 'icr', vcpu: 0, value: { lo: 0x41, hi: 1 } })];
  }
  for (let given = 0; given < share; given++) {
    const agent = others.find(other => m.ready(other));
    if (agent === undefined) {
      return undefined;
    }
    world.one(agent);
  }
  // The target and the interrupt hardware first; hardware acts as soon as it can.
  for (;;) {
    const cpus = Array.from({ length: m.cpuCount }, (_, cpu) => m.cpuAgent(cpu));
    const agent = [...cpus, target].find(ready => m.ready(ready));
    if (agent === undefined) {
      break;
    }
    world.one(agent);
  }
  world.drain();
  return world;
}

describe('every cut of one sender against one target that leaves', () => {
  const senders: readonly (readonly [KernelVersion, Sender])[] = [
    ['5.15', 'software'],
    ['5.15', 'device'],
    ['6.16', 'software'],
    ['6.16', 'ipiv'],
    ['6.16', 'device'],
    ['7.1', 'ipiv'],
    ['7.1', 'device'],
  ];
  const actions = TARGET_ACTIONS.filter(action => action !== undefined);
  const cases = senders.flatMap(([kernel, sender]) =>
    actions.map(action => [kernel, sender, action.kind, action] as const),
  );

  test.each(cases)('Linux %s, %s against %s', (kernel, sender, _kind, action) => {
    let runs = 0;
    for (let share = 1; share < 60; share++) {
      let any = false;
      for (let after = 0; ; after++) {
        const world = cut(kernel, sender, action, after, share);
        if (world === undefined) {
          break;
        }
        any = true;
        runs++;
        const place = `share ${share} after ${after}`;
        expect([place, world.number(1, 'state') === 3]).toEqual([place, false]);
        finish(world);
        expect([place, world.taken(1)]).toEqual([place, [0x41]]);
        const trouble = [...world.broken].filter(name => name !== 'notification-finds-nobody');
        expect([place, trouble]).toEqual([place, []]);
      }
      if (!any) {
        break;
      }
    }
    expect(runs).toBeGreaterThan(5);
  });
});

test('posting to a vCPU that moves: the IPI goes to the old CPU, the entry on the new one harvests', () => {
  const world = new World({ vcpus: [{}, {}] });
  const sender = world.begin({ kind: 'icr', vcpu: 0, value: { lo: 0x41, hi: 1 } });
  world.advance(sender, 'send');
  world.do({ kind: 'preempt', vcpu: 1 });
  world.enter(1, 5);
  world.drain();
  expect([world.taken(1), world.number(1, 'cpu'), world.broken.has('notification-finds-nobody')]).toEqual([
    [0x41],
    5,
    true,
  ]);
});
