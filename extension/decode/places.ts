// Which format a value has, judged from its place: the name it is assigned to, the function it is passed to.

const names: readonly (readonly [RegExp, string])[] = [
  [/x2apic_icr(?:_?val(?:ue)?)?$/i, 'x2apic-icr'],
  [/(?:^|_)(?:icr_?(?:low|lo|l)|icr1)$/i, 'icr-low'],
  [/(?:^|_)icr_?(?:high|hi|h|2)$/i, 'icr-high'],
  [/(?:^|_)icr(?:_?val(?:ue)?|_?reg)?$/i, 'icr'],
  [/(?:^|_)(?:msi_?addr(?:ess)?(?:_?lo)?|msg_?addr(?:ess)?(?:_?lo)?|addr(?:ess)?_lo)$/i, 'msi-address'],
  [/(?:^|_)(?:msi_?data|msg_?data|msg\.data|msi\.data)$/i, 'msi-data'],
  [/(?:^|_)(?:ioapic_)?(?:rte|redirtbl|redtbl|ioredtbl)$/i, 'rte'],
  [/(?:^|_)(?:lvt_?t|lvt_?timer)$/i, 'lvt-timer'],
  [/(?:^|_)lvt_?(?:lint)?[01]$/i, 'lvt-lint'],
  [/(?:^|_)lvt_?(?:pc|thmr|cmci)$/i, 'lvt'],
  [/(?:^|_)lvt_?err(?:or)?$/i, 'lvt-error'],
  [/(?:^|_)irte(?:[._]?lo(?:w)?|_?val(?:ue)?)?$/i, 'irte'],
  [/(?:^|_)(?:spiv|apic_svr)$/i, 'spiv'],
  [/(?:^|_)(?:apic_?base(?:_msr)?)$/i, 'apicbase'],
  [/(?:pi_desc|pid|desc)[.>-]*_?control$/i, 'pid-control'],
  [/(?:^|_)guest_intr_status$/i, 'guest-intr-status'],
  [/(?:^|_)(?:(?:exit_|entry_)?intr_info|(?:idt_)?vectoring_info)$/i, 'intr-info'],
  [/(?:^|_)apicv_inhibit_reasons$/i, 'apicv-inhibits'],
];

/** Format of what is stored in a variable, member or macro of that name. */
export function formatOfName(name: string): string | undefined {
  return names.find(([pattern]) => pattern.test(name))?.[1];
}

const functions: Readonly<Record<string, readonly (string | undefined)[]>> = {
  apic_icr_write: ['icr-low'],
  native_apic_icr_write: ['icr-low'],
  native_x2apic_icr_write: ['icr-low'],
  kvm_apic_send_ipi: [undefined, 'icr-low'],
  kvm_x2apic_icr_write: [undefined, 'x2apic-icr'],
  __prepare_ICR: ['icr-low'],
  __default_send_IPI_shortcut: ['icr-low'],
  x2apic_send_icr: ['x2apic-icr'],
  vmx_set_guest_intr_status: ['guest-intr-status'],
};

/** Format of argument n of a call. */
export function formatOfArgument(callee: string, n: number): string | undefined {
  return functions[callee]?.[n];
}
