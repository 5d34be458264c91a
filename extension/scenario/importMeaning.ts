/** What the words of an entry mean: the nearest statement, a claim, or a step that statements contain. */
import { operations } from '../engine/operation.ts';
import { builtIns } from './codeScope.ts';
import { type Names, namesTooMuch, SOME_VECTOR, vectorIn, type Who } from './importNames.ts';
import type { Entry } from './importText.ts';

/** Steps on the posted-interrupt descriptor and what stands around it, for races. */
export type Primitive =
  | 'set PIR'
  | 'set ON'
  | 'test and set ON'
  | 'clear ON'
  | 'test ON'
  | 'set SN'
  | 'clear SN'
  | 'test SN'
  | 'read PIR'
  | 'harvest PIR'
  | 'read IRR'
  | 'mode IN_GUEST_MODE'
  | 'mode OUTSIDE_GUEST_MODE'
  | 'read mode'
  | 'notify';

export type Meaning =
  /** What a vCPU does: the words behind `vcpu N:`. */
  | { readonly kind: 'act'; readonly vcpu: number; readonly act: string; readonly note?: string }
  /** An interrupt for a vCPU, whoever sends it. */
  | { readonly kind: 'post'; readonly from: Who; readonly to: number; readonly vector: string; readonly note?: string }
  | { readonly kind: 'line'; readonly text: string; readonly note?: string }
  | { readonly kind: 'state'; readonly vcpu: number; readonly state: string; readonly cpu?: string }
  | { readonly kind: 'expect'; readonly text: string }
  | { readonly kind: 'primitive'; readonly what: Primitive; readonly on: number; readonly vector?: string }
  /** A function or a step of the kernel or the processor that the engine takes by itself. */
  | { readonly kind: 'part'; readonly name?: string };

/** What the entries above have said. */
export interface Context {
  readonly names: Names;
  readonly vector: string | undefined;
  readonly target: number | undefined;
}

/** "vCPU 0 sends": a name and a verb. */
const ACTS = /\b([vp]?cpu[ #_-]*\d{1,4}) +(?!is\b|was\b|has\b)[a-z-]+s\b/i;

const VECTOR_NOT_NAMED = 'the text names no vector';

const FUNCTIONS: Readonly<Record<string, string>> = {
  vcpu_enter_guest: 'enter',
  vcpu_run: 'enter',
  vmx_vcpu_run: 'enter',
  svm_vcpu_run: 'enter',
  kvm_arch_vcpu_ioctl_run: 'enter',
  kvm_vcpu_block: 'block',
  kvm_vcpu_halt: 'block',
  kvm_emulate_halt: 'block',
  kvm_sched_out: 'preempt',
};

const PRIMITIVES: readonly (readonly [RegExp, Primitive])[] = [
  [/(?:set|mark|write)s?\b[^;]*\bpir\b|pi_test_and_set_pir|\bpir\s*\[[^\]]*\]\s*(?::=|=)\s*1/i, 'set PIR'],
  [
    /test[- _]and[- _]sets?\b[^;]*\bon\b|pi_test_and_set_on|\bsets? (?:pid\.|pi_desc[.>-]*)?ON\b.*\bwas\b/i,
    'test and set ON',
  ],
  [/\bsets? (?:the )?(?:pid\.|pi_desc[.>-]*)?ON\b|pi_set_on|\bON (?::=|=|<-) ?1\b/, 'set ON'],
  [/\b(?:clears?|resets?)\b[^;]*\bON\b|pi_clear_on|pi_test_and_clear_on|\bON (?::=|=|<-) ?0\b/, 'clear ON'],
  [/\b(?:tests?|checks?|reads?|sees?)\b[^;]*\bON\b|pi_test_on/, 'test ON'],
  [/\bsets? (?:the )?(?:pid\.|pi_desc[.>-]*)?SN\b|pi_set_sn|\bSN (?::=|=|<-) ?1\b/, 'set SN'],
  [/\bclears?\b[^;]*\bSN\b|pi_clear_sn|\bSN (?::=|=|<-) ?0\b/, 'clear SN'],
  [/\b(?:tests?|checks?|reads?|sees?)\b[^;]*\bSN\b|pi_test_sn/, 'test SN'],
  [
    /\b(?:moves?|harvests?|syncs?|copy|copies|transfers?|merges?|xchgs?|exchanges?)\b[^;]*\bpir\b|\bpir\s*(?:=>|->|→|to|into)\s*v?irr\b|pi_harvest_pir|sync_pir_to_irr|kvm_apic_update_irr/i,
    'harvest PIR',
  ],
  [/\b(?:reads?|checks?|scans?|tests?|looks? at|sees?|finds?)\b[^;]*\bpir\b|pi_is_pir_empty/i, 'read PIR'],
  [/\b(?:reads?|checks?|scans?|searches|looks? at|sees?|finds?)\b[^;]*\birr\b|find_highest_irr/i, 'read IRR'],
  [
    /\bmode\b[^;]*(?::=|(?<![=!<>])=(?!=)|<-)\s*IN_GUEST_MODE|mode, *IN_GUEST_MODE|\bsets?\b[^;]*\bIN_GUEST_MODE/i,
    'mode IN_GUEST_MODE',
  ],
  [
    /\bmode\b[^;]*(?::=|(?<![=!<>])=(?!=)|<-)\s*OUTSIDE_GUEST_MODE|mode, *OUTSIDE_GUEST_MODE|\bsets?\b[^;]*\bOUTSIDE_GUEST_MODE/i,
    'mode OUTSIDE_GUEST_MODE',
  ],
  [/\b(?:reads?|checks?|tests?|sees?)\b[^;]*\b(?:mode|(?:IN|OUTSIDE)_GUEST_MODE)\b|mode\s*==/i, 'read mode'],
  [
    /\bsends?\b[^;]*\b(?:pinv|notification|notify|posted[- ]interrupt|POSTED_INTR_VECTOR|0xf2)\b|trigger_posted_interrupt|\brings?\b[^;]*doorbell/i,
    'notify',
  ],
];

/** What is not done, or only ought to be, is no action. */
const UNDONE =
  /\b(?:not|never|cannot|[a-z]+n't|should|must|would|could|might|instead of|(?:needs?|wants?|tries|about|going) to|before it)\b/i;

/** Longer entries are paragraphs that nobody meant as a step. */
const MAX_STEP = 500;

export function meaningOf({ agent, text }: Entry, context: Context): Meaning | undefined {
  if (text.length > MAX_STEP || namesTooMuch(text)) return undefined;
  const { names } = context;
  const named = names.who(agent);
  // "While APICv is inhibited, vCPU 0 sends …": who acts stands in the words.
  const inside = named.kind === 'nobody' ? ACTS.exec(text)?.[1] : undefined;
  const who: Who = inside === undefined ? named : names.who(inside);
  const self = who.kind === 'vcpu' ? who.number : undefined;
  const about = self ?? names.vcpusIn(text)[0] ?? context.target;
  const done = UNDONE.test(text) ? undefined : sendOf(text, who, context);
  return (
    claimOf(text, about, context) ??
    stateOf(text, self ?? names.vcpusIn(text)[0]) ??
    done ??
    primitiveOf(text, who, context) ??
    (UNDONE.test(text) ? undefined : (actOf(text, who) ?? eventOf(text, who))) ??
    fieldClaimOf(text, about) ??
    partOf(text)
  );
}

/** What must or must not have happened. */
function claimOf(text: string, about: number | undefined, { names, vector: before }: Context): Meaning | undefined {
  if (about === undefined || about >= names.vcpus) return undefined;
  const claims: string[] = [];
  if (/\b(?:no|without(?: an?y?)?|does not|never|not) (?:vm-? ?)?exits?\b|\bstays in (?:the )?guest/i.test(text)) {
    claims.push(`no exit on vcpu ${about}`);
  }
  if (
    /\bno wake-?up|\b(?:is not|never|not|isn't) (?:woken|wakes?)\b|\bsleeps forever|\b(?:missed|lost) wake-?up/i.test(
      text,
    )
  ) {
    claims.push(`no wake-up of vcpu ${about}`);
  }
  if (
    /\bno (?:posted-interrupt )?notification\b|\b(?:skips?|suppress(?:es|ed)?)\b.*\b(?:ipi|notification)/i.test(text)
  ) {
    claims.push(`no notification to vcpu ${about}`);
  }
  const vector = vectorIn(text) ?? before;
  if (vector !== undefined && NOT_TAKEN.some(pattern => pattern.test(text))) {
    claims.push(`vcpu ${about} does not take ${vector}`);
  } else if (vector !== undefined && TAKEN.some(pattern => pattern.test(text))) {
    claims.push(`vcpu ${about} takes ${vector}`);
  }
  return claims.length > 0 ? { kind: 'expect', text: claims.join(', ') } : undefined;
}

const NOT_TAKEN = [
  /\b(?:never|not|n't) (?:be )?(?:takes?|delivered|handles?|sees?|gets?|receives?|serviced)\b/i,
  /\b(?:interrupt|irq|vector|ipi|0x[\da-f]+)\b.*\b(?:is|are|gets?) (?:lost|missed|dropped|stuck)\b/i,
];

const TAKEN = [
  /\b(?:takes|handles|services)\b.*\b(?:vector|interrupt|irq|ipi|0x[\da-f]+)/i,
  /\b(?:vector|interrupt|0x[\da-f]+)\b.*\b(?:is|gets) (?:delivered|handled|taken)\b/i,
];

function stateOf(text: string, vcpu: number | undefined): Meaning | undefined {
  if (vcpu === undefined) return undefined;
  const verb = '(?:^|\\b(?:is|was|starts|still|currently)\\s+(?:\\w+ )?)';
  const states: readonly (readonly [RegExp, string])[] = [
    [new RegExp(`${verb}(?:running|in guest mode|in the guest)\\b`, 'i'), 'running'],
    [/\b(?:not in|outside(?: of)?|out of)(?: the)? guest(?: mode)?\b|\bis in (?:kvm|the host)\b/i, 'exited'],
    [new RegExp(`${verb}(?:blocked|blocking|halted|asleep|sleeping)\\b`, 'i'), 'blocked'],
    [new RegExp(`${verb}(?:preempted|scheduled out)\\b`, 'i'), 'preempted'],
  ];
  const found = states.find(([pattern]) => pattern.test(text));
  if (found === undefined || /\bif\b/i.test(text) || SENDS.test(text)) return undefined;
  const cpu = /\bon p?cpu[ #_-]*(\d{1,3})\b/i.exec(text)?.[1];
  return { kind: 'state', vcpu, state: found[1], ...(cpu !== undefined && { cpu }) };
}

const SENDS = /\b(?:sends?|issues?|fires?|raises?|posts?|signals?|triggers?|injects?|delivers?|writes?|asserts?)\b/i;

/** IPIs, MSIs and device interrupts; what KVM sends to carry them out is none of them. */
function sendOf(text: string, who: Who, { names, target }: Context): Meaning | undefined {
  if (
    /\b(?:notification|pinv|kicks?|reschedule|doorbell|tpr|cr8|eoi|posted[- ]interrupt (?:ipi|vector))\b|_(?:kick|posted_interrupt)\b/i.test(
      text,
    )
  ) {
    return undefined;
  }
  // What is only set up is not sent, and what a test leads to depends on it.
  if (/\b(?:configures?|programs|sets? up|prepares?|registers)\b|\bmode\b.*==/i.test(text)) return undefined;
  // KVM injects what another one has sent.
  if (who.kind === 'vcpu' && /\binjects?\b/i.test(text)) return undefined;
  const { vcpus } = names;
  const icr = /\bicr\b[^;]*?\b(0x[\da-f]{1,16})\b/i.exec(text)?.[1];
  if (icr !== undefined && who.kind === 'vcpu')
    return { kind: 'act', vcpu: who.number, act: `icr ${icr.toLowerCase()}` };
  const [, address, data] = /\b(0xfee[\da-f]{5})\b[\s/,:]+(?:data )?(0x[\da-f]{1,8})\b/i.exec(text) ?? [];
  if (address !== undefined) return { kind: 'line', text: `msi ${address.toLowerCase()} ${data.toLowerCase()}` };
  if (!SENDS.test(text) || !/\b(?:ipi|nmi|init|sipi|smi|msi|msi-x|vector|interrupt|irq|0x[\da-f]{2})\b/i.test(text)) {
    return undefined;
  }
  const spelled = vectorIn(text);
  const vector = spelled ?? SOME_VECTOR;
  const to = names.target(text, who, target);
  const note = spelled === undefined ? { note: VECTOR_NOT_NAMED } : {};
  if (who.kind === 'vcpu') {
    const where = destination(text, to);
    const mode = /\b(nmi|init|smi)\b/i.exec(text)?.[1]?.toLowerCase();
    if (mode !== undefined) return { kind: 'act', vcpu: who.number, act: `ipi ${mode} to ${where}` };
    if (/\b(?:sipi|start-?up)\b/i.test(text)) {
      return { kind: 'act', vcpu: who.number, act: `ipi startup ${vector} to ${where}`, ...note };
    }
    const delivery = /\blowest/i.test(text) ? 'lowest' : 'fixed';
    if (delivery === 'fixed' && where === String(to)) return { kind: 'post', from: who, to, vector, ...note };
    return { kind: 'act', vcpu: who.number, act: `ipi ${delivery} ${vector} to ${where}`, ...note };
  }
  if (who.kind === 'nobody' && !/\b(?:device|nic|iommu|vt-d|vmm|qemu|msi|user ?space)\b/i.test(text)) return undefined;
  const device = who.kind === 'device' || /^(?:the |an? )?(?:assigned )?(?:device|nic|iommu|vt-d)\b/i.test(text);
  if (to >= vcpus) return undefined;
  return { kind: 'post', from: device ? { kind: 'device' } : { kind: 'vmm' }, to, vector, ...note };
}

function destination(text: string, to: number): string {
  const logical = /\blogical\b[^;]*?\b(0x[\da-f]{1,8})\b/i.exec(text)?.[1];
  if (logical !== undefined) return `logical ${logical.toLowerCase()}`;
  if (/\b(?:all[- ](?:but|excluding|except)[- ](?:self|itself)|all other|every other|broadcast)/i.test(text))
    return 'all-but-self';
  if (/\bto (?:all|every)\b/i.test(text)) return 'all';
  return /\bself[- ]ipi\b|\bto (?:it)?self\b/i.test(text) ? 'self' : String(to);
}

function primitiveOf(text: string, who: Who, { names, target, vector: before }: Context): Meaning | undefined {
  const found = PRIMITIVES.find(([pattern]) => pattern.test(text));
  if (found === undefined) return undefined;
  const [, what] = found;
  // A post concerns somebody else's descriptor, everything else the own one.
  const posts = ['set PIR', 'set ON', 'test and set ON', 'test SN', 'read mode', 'notify'].includes(what);
  const own = who.kind === 'vcpu' && !(posts && (target !== undefined || what !== 'test SN')) ? who.number : undefined;
  const on = names.vcpusIn(text)[0] ?? own ?? (posts ? names.target('', who, target) : (target ?? 1));
  if (on >= names.vcpus) return undefined;
  const vector = vectorIn(text) ?? before;
  return { kind: 'primitive', what, on, ...(vector !== undefined && { vector }) };
}

/** What a vCPU or its thread does. */
function actOf(text: string, who: Who): Meaning | undefined {
  const name = /\b([a-z_]\w+)\s*(?:\(|$|:)/.exec(text)?.[1] ?? '';
  if (who.kind !== 'vcpu') return undefined;
  const act = (words: string): Meaning => ({ kind: 'act', vcpu: who.number, act: words });
  if (Object.hasOwn(FUNCTIONS, name)) return act(FUNCTIONS[name]);
  const tpr = /\b(?:v?tpr)\b[^;]*?\b(0x[\da-f]{1,2}|\d{1,3})\b/i.exec(text)?.[1];
  if (tpr !== undefined && /\b(?:sets?|writes?|raises?|lowers?)\b|:=|=/i.test(text))
    return act(`tpr ${tpr.toLowerCase()}`);
  const cr8 = /\bcr8\b[^;]*?\b(0x[\da-f]|\d{1,2})\b/i.exec(text)?.[1];
  if (cr8 !== undefined && Number(cr8) < 16) return act(`cr8 ${cr8.toLowerCase()}`);
  if (/\bvm-? ?exits?\b.*\b(?:due to|because|caused by|external interrupt|on the (?:kick|ipi))/i.test(text)) {
    return { kind: 'expect', text: `exit on vcpu ${who.number}` };
  }
  const verbs: readonly (readonly [RegExp, string])[] = [
    [/\beois?\b|\bends the interrupt/i, 'eoi'],
    [/\b(?:cli|disables? (?:guest )?interrupts|(?:rflags\.)?if (?::=|=|<-) ?0)\b/i, 'cli'],
    [/\b(?:sti|(?:re-?)?enables? (?:guest )?interrupts|(?:rflags\.)?if (?::=|=|<-) ?1)\b/i, 'sti'],
    [/\bmwait\b/i, 'mwait'],
    [/\b(?:hlt|exit_reason_hlt|halts?|blocks|goes to sleep|falls asleep|sleeps)\b/i, 'block'],
    [/\b(?:gets? preempted|preempted|sched(?:uled)?[ -]?out|descheduled)\b/i, 'preempt'],
    [/\b(?:returns?|exits?) to user ?space\b/i, 'userspace'],
    [/\b(?:vm-? ?exit(?:s|ed)?|(?:exits?|leaves?)(?: from)?(?: the)? guest)\b/i, 'exit'],
    [/^exits?\b(?! on| to)/i, 'exit'],
    [/^(?:re-?)?enters?\b/i, 'enter'],
    [
      /\b(?:vm-? ?(?:re-?)?(?:enter|enters|entry)|(?:re-?)?enters?(?: the)? guest|resumes?(?: the)? guest|vmresume|vmlaunch|vmrun)\b/i,
      'enter',
    ],
  ];
  const found = verbs.find(([pattern]) => pattern.test(text));
  if (found === undefined) return undefined;
  const cpu = found[1] === 'enter' ? /\bon p?cpu[ #_-]*(\d{1,3})\b/i.exec(text)?.[1] : undefined;
  return act(cpu === undefined ? found[1] : `enter on cpu ${cpu}`);
}

/** What happens to the host and to the VM. */
function eventOf(text: string, who: Who): Meaning | undefined {
  const line = (words: string, note?: string): Meaning => ({
    kind: 'line',
    text: words,
    ...(note !== undefined && { note }),
  });
  if (who.kind === 'cpu' && /\b(?:receives?|gets?|takes?|arrives?)\b/i.test(text)) {
    const vector = /wake-?up/i.test(text) ? 'POSTED_INTR_WAKEUP_VECTOR' : vectorIn(text);
    if (vector !== undefined) return line(`cpu ${who.number}: interrupt ${vector}`);
  }
  if (/\b(?:assigns? (?:a|the) device|device is assigned)\b|kvm_arch_start_assignment/i.test(text))
    return line('assign device');
  const reason = /\b(?:APICV_INHIBIT_REASON_)?(HYPERV|NESTED|IRQWIN|PIT_REINJ|BLOCKIRQ)\b/.exec(text)?.[1];
  const note = reason === undefined ? 'the text names no reason' : undefined;
  const word = `${reason ?? 'HYPERV'}`;
  if (
    /\b(?:uninhibits?|(?:re-?)?activates?|(?:re-?)?enables?)\b.*\b(?:apicv|avic)\b|\b(?:last|clears?|removes?)\b.*\binhibit/i.test(
      text,
    )
  ) {
    return line(`uninhibit ${word}`, note);
  }
  if (/\b(?:inhibits?|deactivates?|disables?)\b.*\b(?:apicv|avic)\b|kvm_set_apicv_inhibit/i.test(text)) {
    return line(`inhibit ${word}`, note);
  }
  return undefined;
}

function fieldClaimOf(text: string, about: number | undefined): Meaning | undefined {
  if (about === undefined) return undefined;
  const expect = (what: string): Meaning => ({ kind: 'expect', text: `vcpu ${about}: ${what}` });
  const [, bit, value] = /\b(?:PID\.)?(ON|SN)\s*(?:==?|is)\s*(0|1|set|clear)\b/.exec(text) ?? [];
  if (bit !== undefined) return expect(`pid.${bit.toLowerCase()} ${value === '1' || value === 'set' ? 1 : 0}`);
  if (/\b(?:is woken|wakes up|woken up|wakes)\b/i.test(text))
    return { kind: 'expect', text: `wake-up of vcpu ${about}` };
  const [, register, vector] = /\b(RVI|SVI)\s*(?:==?|is|:=)\s*(0x[\da-f]{1,2}|\d{1,3})\b/i.exec(text) ?? [];
  return register === undefined ? undefined : expect(`${register.toLowerCase()} ${vector.toLowerCase()}`);
}

/** Functions that stand in call paths of the engine's steps. */
function passed(): ReadonlySet<string> {
  onTheWay ??= new Set(
    operations.flatMap(({ name, via, steps }) => [name, ...via, ...steps.flatMap(step => step.via)]),
  );
  return onTheWay;
}

let onTheWay: ReadonlySet<string> | undefined;

/** A function that the engine knows, or words for what it does by itself. */
function partOf(text: string): Meaning | undefined {
  const functions = text.match(/\b[a-z_][a-z\d_]*_[a-z\d_]+\b/g) ?? [];
  const name = functions.find(each => builtIns().has(each.replace(/^_+(?=kvm_|apic_)/, '')) || builtIns().has(each));
  if (name !== undefined) return { kind: 'part', name };
  if (functions.some(each => passed().has(each))) return { kind: 'part' };
  return /\binjects?\b|\bkicks?\b|\bwakes?(?: up)?\b|\backnowledges?\b|\bsyncs?\b|\bRVI\b|\bSVI\b|\bNV\b|\bNDST\b/.test(
    text,
  )
    ? { kind: 'part' }
    : undefined;
}
