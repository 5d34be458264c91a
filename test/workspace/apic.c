#include <asm/apicdef.h>

static void send(void)
{
	apic_write(APIC_ICR2, SET_XAPIC_DEST_FIELD(1));
	apic_write(APIC_ICR, APIC_DM_FIXED | APIC_INT_ASSERT | 0xfd);
}
