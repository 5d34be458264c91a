/** Mutants of posting, loading and waking on Intel. */
import { type Exhibit, MACHINE } from './exhibit.ts';

export const posting: Exhibit = {
  name: 'posting against the entry, with a check before it',
  text: `${MACHINE}shared irqs_off, notification, in_guest
operation init() {
  set_bit(vcpu(1)->pid.on)
}
operation sync(v) {
  if (v->pid.on) {
    clear_bit(v->pid.on)
    smp_mb__after_atomic()
    int pir = v->pid.pir.word[2]
    if (pir) {
      pir = xchg(v->pid.pir.word[2], 0)
      fetch_or(v->irr.word[2], pir)
    }
  }
}
operation check_and_enter(v) {
  sync(v)
  smp_store_mb(irqs_off, 1)
  v->mode = IN_GUEST_MODE
  smp_mb()
  sync(v)
  smp_store_mb(in_guest, 1)
}
operation post(v, vector) {
  if (test_and_set_bit(v->pid.pir[vector]))
    return
  if (test_and_set_bit(v->pid.on))
    return
  if (v->mode == IN_GUEST_MODE)
    smp_store_mb(notification, 1)
}
operation host() by host {
  while (1) {
    atomic {
      wait_until(notification && !irqs_off)
      notification = 0
    }
  }
}
operation processor(v) by cpu {
  while (1) {
    atomic {
      wait_until(notification && in_guest)
      notification = 0
      v->pid.on = 0
      v->irr.word[2] = v->irr.word[2] | v->pid.pir.word[2]
      v->pid.pir.word[2] = 0
    }
  }
}
race
  v: check_and_enter(1)
  s: post(1, 0x41)
  t: post(1, 0x42)
  h: host()
  c: processor(1)
finally (vcpu(1)->pid.pir == 0)
finally (vcpu(1)->irr == 2)
`,
  mutants: [
    {
      name: 'P1 ON is set by a plain store',
      change: [['  if (test_and_set_bit(v->pid.on))\n    return\n', '  if (v->pid.on)\n    return\n  v->pid.on = 1\n']],
      verdict: 'loses with store buffers',
    },
    { name: 'P2 no barrier behind the mode', change: [['  smp_mb()\n', '']], verdict: 'loses with store buffers' },
    {
      name: 'P3 the harvest before the mode',
      change: [
        ['  v->mode = IN_GUEST_MODE\n  smp_mb()\n  sync(v)\n', '  sync(v)\n  v->mode = IN_GUEST_MODE\n  smp_mb()\n'],
      ],
      verdict: 'loses',
    },
    {
      name: 'P4 interrupts off only before the entry',
      change: [
        ['  smp_store_mb(irqs_off, 1)\n', ''],
        ['  sync(v)\n  smp_store_mb(in_guest', '  sync(v)\n  smp_store_mb(irqs_off, 1)\n  smp_store_mb(in_guest'],
      ],
      verdict: 'loses',
    },
    {
      name: 'P5 ON is cleared after the harvest',
      change: [
        ['    clear_bit(v->pid.on)\n', ''],
        [
          '      fetch_or(v->irr.word[2], pir)\n    }\n',
          '      fetch_or(v->irr.word[2], pir)\n    }\n    clear_bit(v->pid.on)\n',
        ],
      ],
      verdict: 'loses',
    },
    {
      name: 'P6 ON is cleared by a plain store',
      change: [['    clear_bit(v->pid.on)\n', '    v->pid.on = 0\n']],
      verdict: 'loses with store buffers',
    },
    { name: 'P6 without smp_mb__after_atomic', change: [['    smp_mb__after_atomic()\n', '']], verdict: 'same' },
    {
      name: 'P7 ON before PIR',
      change: [
        [
          '  if (test_and_set_bit(v->pid.pir[vector]))\n    return\n  if (test_and_set_bit(v->pid.on))\n    return\n',
          '  int on = test_and_set_bit(v->pid.on)\n  if (test_and_set_bit(v->pid.pir[vector]))\n    return\n  if (on)\n    return\n',
        ],
      ],
      verdict: 'loses',
    },
    {
      name: 'P8 PIR is read and then set to 0',
      change: [['      pir = xchg(v->pid.pir.word[2], 0)\n', '      v->pid.pir.word[2] = 0\n']],
      verdict: 'loses',
    },
    {
      name: 'P9 IRR is merged by a load and a store, with nobody else to set it',
      change: [
        [
          '      fetch_or(v->irr.word[2], pir)\n',
          '      int irr = v->irr.word[2]\n      v->irr.word[2] = irr | pir\n      smp_mb()\n',
        ],
      ],
      verdict: 'same',
    },
  ],
};

export const loading: Exhibit = {
  name: 'loading against a post under SN = 1',
  text: `${MACHINE}operation put_and_load(v) {
  set_bit(v->pid.sn)
  clear_bit(v->pid.sn)
  if (v->pid.pir)
    set_bit(v->pid.on)
}
operation post(v) by iommu {
  atomic {
    v->pid.pir[0x41] = 1
    if (!v->pid.sn)
      v->pid.on = 1
  }
}
race
  v: put_and_load(1)
  d: post(1)
finally (vcpu(1)->pid.on)
`,
  mutants: [
    {
      name: 'P10 PIR is read before SN is cleared',
      change: [
        [
          '  clear_bit(v->pid.sn)\n  if (v->pid.pir)\n    set_bit(v->pid.on)\n',
          '  if (v->pid.pir)\n    set_bit(v->pid.on)\n  clear_bit(v->pid.sn)\n',
        ],
      ],
      verdict: 'loses',
    },
    {
      name: 'P10 SN is cleared by a plain store',
      change: [['  clear_bit(v->pid.sn)\n', '  v->pid.sn = 0\n']],
      verdict: 'loses with store buffers',
    },
    {
      name: 'P10 … and a barrier',
      change: [['  clear_bit(v->pid.sn)\n', '  v->pid.sn = 0\n  smp_mb()\n']],
      verdict: 'same',
    },
    {
      name: 'P11 nobody looks at PIR',
      change: [['  if (v->pid.pir)\n    set_bit(v->pid.on)\n', '']],
      verdict: 'loses',
    },
  ],
};

export const wakeup: Exhibit = {
  name: 'the wake-up vector against a post',
  text: `${MACHINE}shared irqs_off, wakeup_ipi, asleep
list wakeup_list
operation block(v) {
  smp_store_mb(asleep, 1)
  if (v->pid.on) {
    asleep = 0
    return
  }
  smp_store_mb(irqs_off, 1)
  list_add(wakeup_list, v)
  int old = v->pid.control
  while (!try_cmpxchg(v->pid.control, old, (old & 0xff00ffff) | 0xf10000))
    old = v->pid.control
  if (old & 1)
    smp_store_mb(wakeup_ipi, 1)
  smp_store_mb(irqs_off, 0)
}
operation post(v) by iommu {
  atomic {
    v->pid.pir[0x41] = 1
    if (!v->pid.on) {
      v->pid.on = 1
      if (v->pid.nv == 0xf1)
        wakeup_ipi = 1
    }
  }
}
operation pi_wakeup_handler(v) by host {
  while (1) {
    atomic {
      wait_until(wakeup_ipi && !irqs_off)
      wakeup_ipi = 0
    }
    if (list_has(wakeup_list, v) && v->pid.on)
      smp_store_mb(asleep, 0)
  }
}
race
  v: block(1)
  d: post(1)
  h interrupts v: pi_wakeup_handler(1)
finally (!(asleep && vcpu(1)->pid.pir))
`,
  mutants: [
    {
      name: 'P12 the control word is loaded and stored',
      change: [
        [
          '  while (!try_cmpxchg(v->pid.control, old, (old & 0xff00ffff) | 0xf10000))\n    old = v->pid.control\n',
          '  v->pid.control = (old & 0xff00ffff) | 0xf10000\n',
        ],
      ],
      verdict: 'loses',
    },
    {
      name: 'P13 ON is not tested',
      change: [['  if (old & 1)\n    smp_store_mb(wakeup_ipi, 1)\n', '']],
      verdict: 'loses',
    },
    {
      name: 'P13 ON is sampled before NV changes',
      change: [
        ['  int old = v->pid.control\n', '  int on = v->pid.on\n  int old = v->pid.control\n'],
        ['  if (old & 1)\n', '  if (on)\n'],
      ],
      verdict: 'loses',
    },
    {
      name: 'P14 the list after NV, interrupts off',
      change: [
        ['  list_add(wakeup_list, v)\n', ''],
        ['  if (old & 1)\n', '  list_add(wakeup_list, v)\n  if (old & 1)\n'],
      ],
      verdict: 'same',
    },
    {
      name: 'P14 the list after NV, interrupts on',
      change: [
        ['  list_add(wakeup_list, v)\n', ''],
        ['  if (old & 1)\n', '  list_add(wakeup_list, v)\n  if (old & 1)\n'],
        ['  smp_store_mb(irqs_off, 1)\n', ''],
      ],
      verdict: 'loses',
    },
    { name: 'P14 no list', change: [['  list_add(wakeup_list, v)\n', '']], verdict: 'loses' },
  ],
};

export const assignment: Exhibit = {
  name: 'assigning a device against blocking',
  text: `${MACHINE}shared assigned, posted, unblock, asleep, on, nv
operation block() {
  while (1) {
    if (assigned)
      smp_store_mb(nv, 1)
    smp_store_mb(asleep, 1)
    if (test_and_clear_bit(unblock)) {
      smp_store_mb(asleep, 0)
      continue
    }
    if (on) {
      smp_store_mb(asleep, 0)
      return
    }
    wait_until(!asleep)
  }
}
operation assign() by vmm {
  smp_store_mb(assigned, 1)
  set_bit(unblock)
  smp_store_mb(asleep, 0)
  smp_store_mb(posted, 1)
}
operation device() by iommu {
  atomic {
    wait_until(posted)
    on = 1
    if (nv)
      asleep = 0
  }
}
race
  v: block()
  m: assign()
  d: device()
finally (!(asleep && on))
`,
  mutants: [
    {
      name: 'P19 nobody is woken',
      change: [['  set_bit(unblock)\n  smp_store_mb(asleep, 0)\n', '']],
      verdict: 'loses',
    },
    {
      name: 'P19 woken before it is assigned',
      change: [
        [
          '  smp_store_mb(assigned, 1)\n  set_bit(unblock)\n  smp_store_mb(asleep, 0)\n',
          '  set_bit(unblock)\n  smp_store_mb(asleep, 0)\n  smp_store_mb(assigned, 1)\n',
        ],
      ],
      verdict: 'loses',
    },
    {
      name: 'P19 woken after the IRTE',
      change: [
        [
          '  set_bit(unblock)\n  smp_store_mb(asleep, 0)\n  smp_store_mb(posted, 1)\n',
          '  smp_store_mb(posted, 1)\n  set_bit(unblock)\n  smp_store_mb(asleep, 0)\n',
        ],
      ],
      verdict: 'same',
    },
  ],
};

export const request: Exhibit = {
  name: 'a request against the entry',
  text: `${MACHINE}shared in_guest, kicked
operation request(v) {
  kvm_make_request(KVM_REQ_EVENT, v)
  smp_mb__after_atomic()
  if (v->mode == IN_GUEST_MODE)
    smp_store_mb(kicked, 1)
}
operation enter(v) {
  v->mode = IN_GUEST_MODE
  smp_mb()
  if (kvm_request_pending(v))
    return
  smp_store_mb(in_guest, 1)
}
race
  s: request(1)
  v: enter(1)
finally (!(in_guest && vcpu(1)->requests && !kicked))
`,
  mutants: [
    { name: 'K1 no barrier behind the mode', change: [['  smp_mb()\n', '']], verdict: 'loses with store buffers' },
    {
      name: 'K2 a plain request',
      change: [['  kvm_make_request(KVM_REQ_EVENT, v)\n', '  v->requests = 1\n']],
      verdict: 'loses with store buffers',
    },
    {
      name: 'K2 the mode before the request',
      change: [
        [
          '  kvm_make_request(KVM_REQ_EVENT, v)\n  smp_mb__after_atomic()\n  if (v->mode == IN_GUEST_MODE)\n',
          '  int mode = v->mode\n  kvm_make_request(KVM_REQ_EVENT, v)\n  if (mode == IN_GUEST_MODE)\n',
        ],
      ],
      verdict: 'loses',
    },
    { name: 'P17 without smp_mb__after_atomic', change: [['  smp_mb__after_atomic()\n', '']], verdict: 'same' },
  ],
};
