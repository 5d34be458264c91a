/** KVM_IRQFD: an eventfd is bound to a GSI, or no longer. An irqfd of the description is one eventfd. virt/kvm/eventfd.c; LAPIC delivery §11. */
import { IO, IRQFD } from '../layout.ts';
import { NEXT, operation, silent, step } from '../operation.ts';
import { hasResampler, irqfd, NOT_ASSIGNED, pinsWithResampler } from './irqfd.ts';
import { kvm_set_irq } from './routing.ts';
import { io, SOURCE } from './state.ts';

const EBUSY = 16;

/** Returns 0, or -EBUSY when the VM listens to this eventfd already, whatever the GSI. `resample`: 1 with a resamplefd. */
export const kvm_irqfd_assign = operation({
  name: 'kvm_irqfd_assign',
  actor: 'kvm',
  source: 'virt/kvm/eventfd.c',
  via: ['kvm_irqfd'],
  locals: ['index', 'gsi', 'resample'],
  steps: {
    add: step(
      (m, index, gsi) =>
        m.words[irqfd(m, index) + IRQFD.gsi] === NOT_ASSIGNED
          ? `the eventfd of irqfd ${index} raises GSI ${gsi} from now on`
          : `the eventfd of irqfd ${index} is bound already: -EBUSY`,
      (m, index, gsi, resample) => {
        const base = irqfd(m, index);
        if (m.load(base + IRQFD.gsi) !== NOT_ASSIGNED) {
          return m.return(-EBUSY);
        }
        m.store(base + IRQFD.gsi, gsi);
        m.store(base + IRQFD.resample, resample);
        m.store(io(m, IO.notifiers), pinsWithResampler(m));
        return m.return(0);
      },
    ),
  },
});

/** Returns 0 always: what no irqfd has, eventfd and GSI together, is no error. The last resampler of a GSI lowers its line. */
export const kvm_irqfd_deassign = operation({
  name: 'kvm_irqfd_deassign',
  actor: 'kvm',
  source: 'virt/kvm/eventfd.c',
  via: ['kvm_irqfd'],
  locals: ['index', 'gsi', 'resample'],
  steps: {
    remove: step(
      (m, index, gsi) =>
        m.words[irqfd(m, index) + IRQFD.gsi] === gsi
          ? `irqfd ${index} leaves GSI ${gsi}: its eventfd raises nothing any more`
          : `irqfd ${index} is not bound to GSI ${gsi}: nothing to do`,
      (m, index, gsi) => {
        const base = irqfd(m, index);
        if (m.load(base + IRQFD.gsi) !== gsi) {
          return m.return(0);
        }
        m.local(2, m.load(base + IRQFD.resample));
        m.store(base + IRQFD.gsi, NOT_ASSIGNED);
        m.store(base + IRQFD.resample, 0);
        m.store(io(m, IO.notifiers), pinsWithResampler(m));
        return NEXT;
      },
      { via: ['irqfd_deactivate'] },
    ),
    lower: silent((m, _index, gsi, resample) =>
      resample !== 0 && !hasResampler(m, gsi) ? m.call(kvm_set_irq, gsi, SOURCE.resample, 0) : NEXT,
    ),
    done: silent(m => m.return(0)),
  },
});
