/** A physical interrupt from outside: a device of the host, or a vector put there by hand to see what becomes of it. */
import { C } from '../layout.ts';
import { MARK } from '../machine.ts';
import { operation, RETURN, step } from '../operation.ts';
import { hex } from '../text.ts';

export const physical_message = operation({
  name: 'physical interrupt',
  actor: 'device',
  source: 'SDM vol. 3, interrupt acceptance',
  locals: ['cpu', 'vector'],
  steps: {
    arrive: step(
      (_m, cpu, vector) => `the vector ${hex(vector)} reaches the local APIC of cpu ${cpu}`,
      (m, cpu, vector) => {
        m.set_bit(vector, m.cpu(cpu) + C.irr);
        m.mark(MARK.notification);
        return RETURN;
      },
    ),
  },
});
