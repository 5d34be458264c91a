import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { check } from '../../../extension/scenario/check.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import { type AgentAction, agentOf, begin, obstacle } from '../../../extension/session/actions.ts';
import { Runner } from '../../../extension/session/runner.ts';

// Any actions, in any order of steps: the engine never throws, comes to rest, and every step can be undone exactly.

const MACHINES = {
  'intel 2013': ['intel', '2013', 'apicv'],
  intel: ['intel', '6.16', 'apicv ipiv'],
  'intel, as the mail expected': ['intel', '6.16', 'apicv', 'choose blocked-irte remapped'],
  'intel 4.19': ['intel', '4.19', 'apicv'],
  'intel without APICv': ['intel', '7.1', 'no-vector-hashing'],
  amd: ['amd', '6.16', 'avic x2avic'],
  'amd hybrid': ['amd', '7.1', 'avic'],
  'amd 5.15': ['amd', '5.15', 'avic'],
  'amd erratum': ['amd', '7.1', 'avic x2avic erratum-1235'],
  'amd without AVIC': ['amd', '6.12', 'no-vector-hashing'],
} as const;

const ACTIONS = [
  'device nic: interrupt',
  'device disk: interrupt',
  'device nic: route fixed 0x51 to 0',
  'device nic: route nmi to 1',
  'device nic: route lowest 0x61 to logical 0x3',
  'device nic: route fixed 0x71 to 0xff',
  'device nic: unbind',
  'device nic: connect',
  'device nic: request 0xfee01000 0x0041',
  'device nic: request 0xffffffff 0xffffffff',
  'vcpu 0: ipi fixed 0x42 to 1',
  'vcpu 0: ipi fixed 0x43 to all-but-self',
  'vcpu 0: ipi nmi to 1',
  'vcpu 1: block',
  'vcpu 1: preempt',
  'vcpu 1: enter',
  'vcpu 1: enter on cpu 2',
  'vcpu 1: eoi',
  'vcpu 1: tpr 0x50',
  'vcpu 1: tpr 0',
  'vcpu 1: exit',
  'vcpu 1: cli',
  'vcpu 1: sti',
  'inhibit 0',
  'uninhibit 0',
];

function runnerOf([vendor, kernel, features, more = '']: readonly string[]): {
  runner: Runner;
  actions: AgentAction[];
} {
  const text = `machine ${vendor}\nkernel ${kernel}\nvcpus 2 x2apic\nwith ${features}\n${more}
device nic irte 5 posted to vcpu 1 vector 0x41 host cpu 3 vector 0x31
device disk irte 6 assigned fixed 0x52 to logical 0x3 host cpu 2 vector 0x32
${ACTIONS.filter(action => kernel !== '2013' || !action.includes('inhibit')).join('\n')}`;
  const { program, diagnostics } = check(parse(text));
  if (program === undefined) {
    throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  }
  return { runner: new Runner(program), actions: program.statements.map(({ action }) => action as AgentAction) };
}

describe('walks with devices', () => {
  test.each(Object.entries(MACHINES))('%s', (_name, settings) => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 1, maxLength: 250 }), choices => {
        const { runner, actions } = runnerOf(settings);
        const m = runner.machine;
        const states: Int32Array[] = [m.words.slice()];
        let left = 2000;
        const take = (agent: number): void => {
          m.step(agent);
          m.close();
          states.push(m.words.slice());
        };
        for (const choice of choices) {
          const ready = Array.from({ length: m.ownAgents }, (_, agent) => agent).filter(agent => m.ready(agent));
          const action = actions[choice % actions.length];
          if ((choice & 1) === 0 && m.idle(agentOf(m, action)) && obstacle(m, action) === undefined) {
            begin(m, action);
          } else if (ready.length > 0) {
            take(ready[choice % ready.length]);
          }
        }
        for (;;) {
          const next = Array.from({ length: m.ownAgents }, (_, agent) => agent).find(agent => m.ready(agent));
          if (next === undefined) {
            break;
          }
          expect(--left).toBeGreaterThan(0);
          take(next);
        }
        for (const step of [0, states.length - 1, states.length >> 1]) {
          m.seek(step);
          if (step === 0 || step === states.length - 1) {
            expect(m.words).toEqual(states[step]);
          }
        }
      }),
      { numRuns: 40 },
    );
  });
});
