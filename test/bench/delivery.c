/*
 * The rules of delivery in plain C, for the messages of workload.ts: APIC map, slow path, lowest priority by hashing, acceptance, IRR,
 * requests and kick, for x2APIC vCPUs outside guest mode. Measures what the engine is compared with, and prints the same checksum.
 * Usage: delivery MESSAGES [2013]
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { VCPUS = 64, MAX_ID = 255, NOT_HANDLED = -2, MESSAGES = 1 << 16, ROUNDS = 400 };
enum { FIXED, LOWEST = 0x100, SMI = 0x200, REMRD = 0x300, NMI = 0x400, INIT = 0x500, STARTUP = 0x600, MODE = 0x700 };
enum { LOGICAL = 0x800, ASSERT = 0x4000, LEVEL = 0x8000, REDIRECTION_HINT = 0x100000 };
enum { REQ_EVENT = 1 << 0, REQ_NMI = 1 << 2, REQ_SMI = 1 << 3 };
enum { SW_DISABLED = 0, X2APIC = 16 };
enum { EN = 1 << 11, EXTD = 1 << 10, SW_ENABLED = 1 << 8 };

struct lapic {
	uint32_t id, apicbase, svr, ldr, dfr, requests, mode, waiter, pending_events, sipi_vector, pv_unhalted;
	uint32_t irr[8], tmr[8];
	int32_t nmi_queued, arb_prio;
};

struct map {
	uint32_t max_apic_id, mode;
	struct lapic *phys[MAX_ID + 1];
};

static struct lapic lapics[VCPUS];
static struct map the_map, *volatile map = &the_map;

/* What the engine takes from the machine's description and from the profile of a kernel version. */
static struct choices {
	bool quirk_disabled, vector_hashing, x2apic_format, logical_broadcast, same_cluster;
	bool deassert_dropped, tmr_at_acceptance, smi_requested, physical_lowest_slow, early_rewrite, one_mode;
	int nobody_on_fast_path;
} choices;

static void choose(bool current)
{
	choices = (struct choices){ .quirk_disabled = current, .vector_hashing = current, .x2apic_format = current,
		.logical_broadcast = current, .same_cluster = current, .deassert_dropped = current,
		.tmr_at_acceptance = current, .smi_requested = current, .physical_lowest_slow = !current,
		.early_rewrite = !current, .one_mode = current, .nobody_on_fast_path = current ? 0 : -1 };
}

static void kick(struct lapic *a)
{
	if (a->waiter)
		a->waiter = 0;
	else if (a->mode == 1)
		a->mode = 2;
}

static int accept_irq(struct lapic *a, uint32_t irq)
{
	uint32_t vector = irq & 0xff, bit = 1u << (vector & 31);

	switch (irq & MODE) {
	case LOWEST:
		a->arb_prio++;
		/* fall through */
	case FIXED:
		if ((irq & LEVEL) && !(irq & ASSERT) && choices.deassert_dropped)
			return 0;
		if (!(a->svr & SW_ENABLED) || !(a->apicbase & EN))
			return 0;
		if (!(a->tmr[vector >> 5] & bit) != !(irq & LEVEL) && choices.tmr_at_acceptance)
			a->tmr[vector >> 5] ^= bit;
		a->irr[vector >> 5] |= bit;
		a->requests |= REQ_EVENT;
		break;
	case REMRD:
		a->pv_unhalted = 1;
		a->requests |= REQ_EVENT;
		break;
	case SMI:
		if (!choices.smi_requested)
			return 0;
		a->requests |= REQ_SMI;
		break;
	case NMI:
		a->nmi_queued++;
		a->requests |= REQ_NMI;
		break;
	case INIT:
		if ((irq & LEVEL) && !(irq & ASSERT))
			return 0;
		a->pending_events = 1;
		a->requests |= REQ_EVENT;
		break;
	case STARTUP:
		a->sipi_vector = vector;
		a->pending_events |= 2;
		a->requests |= REQ_EVENT;
		break;
	default:
		return 0;
	}
	kick(a);
	return 1;
}

static bool lowest_prio(uint32_t irq)
{
	return (irq & MODE) == LOWEST || (irq & REDIRECTION_HINT);
}

static int deliver_fast(uint32_t irq, uint32_t dest)
{
	struct map *m = map;
	struct lapic **slots = m->phys;
	uint32_t bitmap = 0;
	int r = choices.nobody_on_fast_path;

	if (choices.physical_lowest_slow && !(irq & LOGICAL) && (dest == 0xff || (irq & MODE) == LOWEST))
		return NOT_HANDLED;
	if (choices.quirk_disabled ? dest == 0xffffffff || (dest == 0xff && m->mode != X2APIC) : dest == 0xff)
		return NOT_HANDLED;
	if (!(irq & LOGICAL)) {
		if (dest <= m->max_apic_id) {
			slots += dest;
			bitmap = 1;
		}
	} else if (m->mode != X2APIC) {
		if (m->mode != SW_DISABLED || !choices.one_mode)
			return NOT_HANDLED;
	} else {
		uint32_t offset = (dest >> 16) * 16;

		if (offset <= m->max_apic_id) {
			uint32_t left = m->max_apic_id - offset + 1;

			slots += offset;
			bitmap = dest & (0xffff >> (16 - (left < 16 ? left : 16)));
		}
		if (lowest_prio(irq) && bitmap) {
			uint32_t rest = bitmap;
			int chosen = -1;

			if (choices.vector_hashing) {
				for (uint32_t skip = (irq & 0xff) % (uint32_t)__builtin_popcount(bitmap); skip; skip--)
					rest &= rest - 1;
				chosen = __builtin_ctz(rest);
				if (!slots[chosen])
					return 0;
			} else {
				for (; rest; rest &= rest - 1) {
					int i = __builtin_ctz(rest);

					if (slots[i] && (chosen < 0 || slots[i]->arb_prio - slots[chosen]->arb_prio < 0))
						chosen = i;
				}
			}
			bitmap = chosen < 0 ? 0 : 1u << chosen;
		}
	}
	for (; bitmap; bitmap &= bitmap - 1) {
		struct lapic *a = slots[__builtin_ctz(bitmap)];

		if (a)
			r = (r < 0 ? 0 : r) + accept_irq(a, irq);
	}
	return r;
}

static bool matches(const struct lapic *a, uint32_t irq, uint32_t dest)
{
	bool x2apic = a->apicbase & EXTD;

	if (!choices.quirk_disabled && dest == 0xff && x2apic)
		dest = 0xffffffff;
	if (dest == (x2apic ? 0xffffffff : 0xff) && (choices.logical_broadcast || !(irq & LOGICAL)))
		return true;
	if (!(irq & LOGICAL))
		return dest == (x2apic || dest > 0xff ? a->id : a->id & 0xff);
	if (x2apic)
		return (a->ldr & dest & 0xffff) && (!choices.same_cluster || a->ldr >> 16 == dest >> 16);
	if (a->dfr == 0xffffffff)
		return a->ldr >> 24 & dest;
	return a->dfr == 0x0fffffff && a->ldr >> 28 == dest >> 4 && (a->ldr >> 24 & dest & 0xf);
}

static int deliver(uint32_t irq, uint32_t dest)
{
	uint64_t candidates = 0;
	int r;

	if (choices.early_rewrite && !(irq & LOGICAL) && dest == 0xff && lowest_prio(irq))
		irq &= ~MODE;
	r = deliver_fast(irq, dest);
	if (r != NOT_HANDLED)
		return r;
	if (!(irq & LOGICAL) && dest == 0xff && lowest_prio(irq))
		irq &= ~MODE;
	r = -1;
	for (int i = 0; i < VCPUS; i++) {
		struct lapic *a = &lapics[i];

		if (!(a->apicbase & EN) || !matches(a, irq, dest))
			continue;
		if (!lowest_prio(irq))
			r = (r < 0 ? 0 : r) + accept_irq(a, irq);
		else if (a->svr & SW_ENABLED)
			candidates |= 1ull << i;
	}
	if (candidates) {
		for (uint32_t skip = (irq & 0xff) % (uint32_t)__builtin_popcountll(candidates); skip; skip--)
			candidates &= candidates - 1;
		r = accept_irq(&lapics[__builtin_ctzll(candidates)], irq);
	}
	return r;
}

static uint32_t state;

static uint32_t random32(void)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

static void next_message(uint32_t *irq, uint32_t *dest)
{
	uint32_t kind = random32() % 100, where = random32(), vector = 0x20 + random32() % 0xe0, id = where % VCPUS;
	uint32_t cluster = id >> 4 << 16 | (where >> 8 & 0xffff);

	*irq = vector | ASSERT;
	*dest = id;
	if (kind < 70)
		return;
	if (kind < 82) {
		*irq |= LOGICAL;
		*dest = cluster;
	} else if (kind < 92) {
		*irq |= LOGICAL | LOWEST;
		*dest = cluster;
	} else if (kind < 97) {
		*irq |= LEVEL;
	} else if (kind < 99) {
		*irq |= NMI;
	} else {
		*dest = 0xffffffff;
	}
}

static uint32_t messages[MESSAGES][2];

static void reset(void)
{
	state = 0x12345678;
	for (int i = 0; i < MESSAGES; i++)
		next_message(&messages[i][0], &messages[i][1]);
	memset(lapics, 0, sizeof lapics);
	the_map.max_apic_id = MAX_ID;
	the_map.mode = X2APIC;
	for (uint32_t i = 0; i < VCPUS; i++) {
		struct lapic *a = &lapics[i];

		a->id = i;
		a->apicbase = 0xfee00000u | EN | EXTD;
		a->svr = 0xff | SW_ENABLED;
		a->ldr = i >> 4 << 16 | 1u << (i & 15);
		a->dfr = 0xffffffff;
		the_map.phys[i] = a;
	}
}

static uint32_t checksum(void)
{
	uint32_t sum = 0;

	for (int i = 0; i < VCPUS; i++) {
		const struct lapic *a = &lapics[i];

		sum = sum * 31 + a->requests;
		sum = sum * 31 + (uint32_t)a->nmi_queued;
		sum = sum * 31 + (uint32_t)a->arb_prio;
		for (int w = 0; w < 8; w++)
			sum = sum * 31 + a->irr[w];
		for (int w = 0; w < 8; w++)
			sum = sum * 31 + a->tmr[w];
	}
	return sum;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	long count = argc > 1 ? atol(argv[1]) : 1000000;
	long long accepted = 0;
	double best = 1e9;

	choose(argc < 3);

	for (int round = 0; round < ROUNDS; round++) {
		reset();
		accepted = 0;
		double start = seconds();
		for (long i = 0; i < count; i++)
			accepted += deliver(messages[i % MESSAGES][0], messages[i % MESSAGES][1]);
		double took = seconds() - start;
		best = took < best ? took : best;
	}
	printf("{\"nsPerDelivery\":%.3f,\"accepted\":%lld,\"checksum\":%u}\n", best * 1e9 / (double)count, accepted, checksum());
	return 0;
}
