/* Hover over the values and the macro expressions: IRQScope shows their fields, their meaning and who would receive them. */

#include <asm/apic.h>
#include <asm/msr.h>

/* A reschedule IPI to the CPU with APIC ID 1, as one x2APIC write. */
static void reschedule_one(void)
{
	wrmsrl(APIC_BASE_MSR + (APIC_ICR >> 4), 0x00000001000000fdULL);
}

/* The same by name, in the two halves of the xAPIC register. */
static void reschedule_xapic(void)
{
	apic_write(APIC_ICR2, SET_XAPIC_DEST_FIELD(1));
	apic_write(APIC_ICR, APIC_DEST_PHYSICAL | APIC_DM_FIXED | RESCHEDULE_VECTOR);
}

/* An NMI to every other CPU: the vector and the destination mean nothing. */
static void nmi_others(void)
{
	apic_write(APIC_ICR, APIC_DEST_ALLBUT | APIC_DM_NMI);
}

/* INIT, then start-up at page 0x08: the target begins at address 0x8000. */
static void wake_processors(void)
{
	u32 icr = 0x000c4500;

	apic_write(APIC_ICR, icr);
	icr = 0x000c4608;
	apic_write(APIC_ICR, icr);
}

/* A reserved bit: a processor in x2APIC mode answers with #GP. */
static void wrong_bit(void)
{
	u64 icr = 0x0000000100002041ULL;

	wrmsrl(APIC_BASE_MSR + (APIC_ICR >> 4), icr);
}

/* Logical destination 0xff with the redirection hint, lowest priority, vector 0x31. */
static void compose_message(struct msi_msg *msg)
{
	msg->address_hi = 0;
	msg->address_lo = 0xfeeff00c;
	msg->data = 0x0131;
}
