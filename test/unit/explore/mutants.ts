/** Mutants of blocking, AVIC, delivery and INIT/SIPI, and the list of all. */
import { type Exhibit, MACHINE } from './exhibit.ts';
import { assignment, loading, posting, request, wakeup } from './mutantsOfPosting.ts';

const blocking: Exhibit = {
  name: 'a waker against a sleeper',
  text: `${MACHINE}shared cond, waiting, asleep
operation wake() {
  set_bit(cond)
  smp_mb()
  if (waiting)
    smp_store_mb(asleep, 0)
}
operation block() {
  waiting = 1
  smp_store_mb(asleep, 1)
  if (cond)
    smp_store_mb(asleep, 0)
}
race
  w: wake()
  v: block()
finally (!(asleep && cond))
`,
  mutants: [
    {
      name: 'B1 the state is a plain store',
      change: [['  smp_store_mb(asleep, 1)\n', '  asleep = 1\n']],
      verdict: 'loses with store buffers',
    },
    {
      name: 'B1 the condition before the registration',
      change: [
        [
          '  waiting = 1\n  smp_store_mb(asleep, 1)\n  if (cond)\n    smp_store_mb(asleep, 0)\n',
          '  int c = cond\n  waiting = 1\n  smp_store_mb(asleep, 1)\n  if (c)\n    smp_store_mb(asleep, 0)\n',
        ],
      ],
      verdict: 'loses',
    },
    { name: 'B2 no barrier behind a locked condition', change: [['  smp_mb()\n', '']], verdict: 'same' },
    { name: 'B2 a plain condition with the barrier', change: [['  set_bit(cond)\n', '  cond = 1\n']], verdict: 'same' },
    {
      name: 'B2 a plain condition without it',
      change: [['  set_bit(cond)\n  smp_mb()\n', '  cond = 1\n']],
      verdict: 'loses with store buffers',
    },
  ],
};

const avic: Exhibit = {
  name: 'AVIC: a sender against a vCPU that blocks',
  text: `${MACHINE}shared is_running = 1, irr, asleep
operation blocking() {
  is_running = 0
  smp_store_mb(asleep, 1)
  if (irr)
    smp_store_mb(asleep, 0)
}
operation sender() by cpu {
  set_bit(irr)
  if (!is_running)
    smp_store_mb(asleep, 0)
}
race
  v: blocking()
  s: sender()
finally (!(asleep && irr))
`,
  mutants: [
    {
      name: 'A1 the state is a plain store',
      change: [['  smp_store_mb(asleep, 1)\n', '  asleep = 1\n']],
      verdict: 'loses with store buffers',
    },
    {
      name: 'A1 IsRunning is cleared after the check',
      change: [
        ['  is_running = 0\n', ''],
        ['  if (irr)\n    smp_store_mb(asleep, 0)\n', '  if (irr)\n    smp_store_mb(asleep, 0)\n  is_running = 0\n'],
      ],
      verdict: 'loses',
    },
    {
      name: 'A2 the hardware does not order IRR',
      change: [['  set_bit(irr)\n', '  irr = 1\n']],
      verdict: 'loses with store buffers',
    },
  ],
};

const delivery: Exhibit = {
  name: 'AVIC: delivery against an inhibit',
  text: `${MACHINE}shared active = 1, in_guest, kicked, request
operation deliver(v) {
  set_bit(v->irr[0x41])
  smp_mb__after_atomic()
  int mode = smp_load_acquire(v->mode)
  if (!active) {
    set_bit(request)
    smp_store_mb(kicked, 1)
  }
}
operation inhibit(v) {
  smp_store_mb(active, 0)
  set_bit(request)
  while (1) {
    if (test_and_clear_bit(request))
      xchg(v->irr.word[2], 0)
    smp_store_release(v->mode, IN_GUEST_MODE)
    smp_mb()
    if (!request) {
      smp_store_mb(in_guest, 1)
      wait_until(kicked)
      smp_store_mb(in_guest, 0)
      smp_store_mb(kicked, 0)
    }
  }
}
race
  s: deliver(1)
  v: inhibit(1)
finally (!(in_guest && vcpu(1)->irr))
`,
  mutants: [
    {
      name: 'A5 APICv is read before IRR is set',
      change: [
        ['  set_bit(v->irr[0x41])\n  smp_mb__after_atomic()\n', '  int apicv = active\n  set_bit(v->irr[0x41])\n'],
        ['  if (!active) {\n', '  if (!apicv) {\n'],
      ],
      verdict: 'loses',
    },
    {
      name: 'A4 APICv is read before the mode',
      change: [
        [
          '  int mode = smp_load_acquire(v->mode)\n  if (!active) {\n',
          '  int apicv = active\n  int mode = v->mode\n  if (!apicv) {\n',
        ],
      ],
      verdict: 'same',
    },
    {
      name: 'A4 plain loads and stores of the mode',
      change: [
        ['smp_load_acquire(v->mode)', 'v->mode'],
        ['smp_store_release(v->mode, IN_GUEST_MODE)', 'v->mode = IN_GUEST_MODE'],
      ],
      verdict: 'same',
    },
    {
      name: 'A3 IRR is a plain store',
      change: [['  set_bit(v->irr[0x41])\n', '  v->irr[0x41] = 1\n']],
      verdict: 'loses with store buffers',
    },
  ],
};

const pending: Exhibit = {
  name: 'clearing an IRR bit against setting one',
  text: `${MACHINE}shared irr_pending = 1, found
operation init() {
  set_bit(vcpu(1)->irr[0x41])
}
operation apic_clear_irr(v) {
  irr_pending = 0
  clear_bit(v->irr[0x41])
  if (v->irr.word[2])
    irr_pending = 1
}
operation apic_set_irr(v) {
  set_bit(v->irr[0x42])
  irr_pending = 1
}
race
  v: apic_clear_irr(1)
  s: apic_set_irr(1)
finally (!(vcpu(1)->irr && !irr_pending))
`,
  mutants: [
    {
      name: 'A8 the hint is assigned after the search',
      change: [
        [
          '  irr_pending = 0\n  clear_bit(v->irr[0x41])\n  if (v->irr.word[2])\n    irr_pending = 1\n',
          '  clear_bit(v->irr[0x41])\n  int found = v->irr.word[2]\n  irr_pending = found != 0\n',
        ],
      ],
      verdict: 'loses',
    },
  ],
};

const sipi: Exhibit = {
  name: 'a SIPI: the vector and the bit that announces it',
  text: `${MACHINE}shared vector, events, started = -1
operation send() {
  vector = 8
  smp_wmb()
  set_bit(events)
}
operation accept() {
  if (events) {
    smp_rmb()
    started = vector_of()
  }
}
operation vector_of() {
  return vector
}
race
  s: send()
  v: accept()
finally (started != 0)
`.replace('    started = vector_of()\n', '    int x = vector_of()\n    started = x\n'),
  mutants: [
    {
      name: 'O1 the bit before the vector',
      change: [['  vector = 8\n  smp_wmb()\n  set_bit(events)\n', '  set_bit(events)\n  vector = 8\n']],
      verdict: 'loses',
    },
    {
      name: 'O1 without smp_wmb and smp_rmb',
      change: [
        ['  smp_wmb()\n', ''],
        ['    smp_rmb()\n', ''],
      ],
      verdict: 'same',
    },
  ],
};

const engine: Exhibit = {
  name: 'the wake-up vector restated, the rest is the engine',
  text: `machine intel
  kernel 6.16
  vcpus 3 x2apic
  with apicv vtd-posting
operation pi_enable_wakeup_handler(vcpu) {
  smp_store_mb(vcpu->wakeup_list, 1)
  int old = vcpu->pid.control
  while (!try_cmpxchg(vcpu->pid.control, old, (old & 0xff00ffff) | 0xf10000))
    old = vcpu->pid.control
  if (old & 1)
    send_ipi(2, POSTED_INTR_WAKEUP_VECTOR)
}
operation device() by iommu {
  atomic {
    vcpu(2)->pid.pir[0x41] = 1
    if (!vcpu(2)->pid.on) {
      vcpu(2)->pid.on = 1
      if (vcpu(2)->pid.nv == 0xf1)
        cpu(2)->pending[0xf1] = 1
      else
        cpu(2)->pending[0xf2] = 1
    }
  }
}
race
  d: device()
  b: vcpu 2: block
always vcpu 2 gets 0x41
`,
  mutants: [
    {
      name: 'P13 ON is not tested',
      change: [['  if (old & 1)\n    send_ipi(2, POSTED_INTR_WAKEUP_VECTOR)\n', '']],
      verdict: 'loses',
    },
    {
      name: 'P12 the control word is loaded and stored',
      change: [
        [
          '  while (!try_cmpxchg(vcpu->pid.control, old, (old & 0xff00ffff) | 0xf10000))\n    old = vcpu->pid.control\n',
          '  vcpu->pid.control = (old & 0xff00ffff) | 0xf10000\n',
        ],
      ],
      verdict: 'loses',
    },
    { name: 'no list', change: [['  smp_store_mb(vcpu->wakeup_list, 1)\n', '']], verdict: 'loses' },
  ],
};

export const EXHIBITS: readonly Exhibit[] = [
  posting,
  loading,
  wakeup,
  assignment,
  request,
  blocking,
  avic,
  delivery,
  pending,
  sipi,
  engine,
];
