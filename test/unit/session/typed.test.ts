import { expect, it } from 'vitest';
import { actionOf } from '../../../extension/session/dap/launch.ts';

it('a typed line is read on the machine and with the names of the scenario, wherever the run is', () => {
  const scenario = `machine intel
  vcpus 3
let TARGET = 2
section one
repeat 2
  vcpu 0: exit
end
section two
vcpu 1: eoi`;
  expect(actionOf('vcpu TARGET: eoi', scenario)).toEqual({ kind: 'eoi', vcpu: 2 });
  expect(actionOf('section three', scenario)).toBeUndefined();
  expect(actionOf('vcpu 0..1: eoi', scenario)).toBeUndefined();
});
