import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { vcpuOfPage, vcpuOfPid } from '../../../extension/engine/address.ts';
import { hlt } from '../../../extension/engine/guest/instructions.ts';
import { hostTarget, remappedEntry } from '../../../extension/engine/iommu/hostTarget.ts';
import { postedEntry } from '../../../extension/engine/iommu/remapping.ts';
import {
  entryFault,
  indexOf,
  isRemappable,
  requestFor,
  sourceMatches,
} from '../../../extension/engine/iommu/request.ts';
import { IOMMU } from '../../../extension/engine/layout.ts';
import { destinationOf, guestIrte, remappedIrte, vcpuOfIrte } from '../../../extension/engine/svm/irte.ts';
import { gaLogEntry } from '../../../extension/formats/avic.ts';
import { decode, encode, fieldValue } from '../../../extension/formats/format.ts';
import { irte, irteAmd, irteAmdGuest, irtePosted } from '../../../extension/formats/irte.ts';
import { msiAddressIr } from '../../../extension/formats/msi.ts';
import { interrupt, machine, msiTo, nic, run, vcpu } from './devices.ts';

// What the engine writes into tables is what `irqscope decode` reads out of them.

const vcpus = [0, 1, 2, 3].map(id => vcpu(id, 'running'));
const intel = machine({ vcpus });
const xapicHost = machine({ vcpus, hostApic: 'xapic' });
const amd = machine({ vendor: 'amd', vcpus, x2avic: true, vtdPosting: false });

const vectors = fc.integer({ min: 0, max: 255 });
const numbers = fc.integer({ min: 0, max: 3 });
const words16 = fc.integer({ min: 0, max: 0xffff });

describe('formats and engine agree', () => {
  test('requests: index, format and handle', () => {
    fc.assert(
      fc.property(words16, index => {
        const { address, data } = requestFor(index);
        expect([isRemappable(address), indexOf(address, data)]).toEqual([true, index]);
        const low = fieldValue(msiAddressIr, [address], 'dmar_index_0_14');
        expect(low | (fieldValue(msiAddressIr, [address], 'dmar_index_15') << 15)).toBe(index);
      }),
    );
  });

  test('VT-d: posted and remapped entries, with the source that they check', () => {
    fc.assert(
      fc.property(numbers, vectors, words16, (target, vector, source) => {
        const remapped = remappedEntry(intel, target, vector, source);
        expect(decode(irte, remapped).problems).toEqual([]);
        expect([fieldValue(irte, remapped, 'V'), fieldValue(irte, remapped, 'SID')]).toEqual([vector, source]);
        expect(hostTarget(intel, remapped)).toBe(target);
        const posted = postedEntry(target, vector, remapped);
        expect(decode(irtePosted, posted).problems).toEqual([]);
        expect(fieldValue(irtePosted, posted, 'VV')).toBe(vector);
        const address = {
          hi: fieldValue(irtePosted, posted, 'PDA_h'),
          lo: (fieldValue(irtePosted, posted, 'PDA_l') << 6) >>> 0,
        };
        expect(vcpuOfPid(address, 4)).toBe(target);
        for (const entry of [remapped, posted]) {
          expect([entryFault(entry, source, true), entryFault(entry, source ^ 1, true)]).toEqual([0, 0x26]);
        }
      }),
    );
  });

  test('VT-d: an xAPIC host has the ID in bits 47:40, and EIME = 0 minds the other bits', () => {
    const entry = remappedEntry(xapicHost, 3, 0x31, 0);
    expect(fieldValue(irte, entry, 'DST')).toBe(0x300);
    expect(hostTarget(xapicHost, entry)).toBe(3);
    expect(entryFault(entry, 0, false)).toBe(0);
    expect(entryFault([entry[0], 3, entry[2], entry[3]], 0, false)).toBe(0x24);
  });

  test.each([
    [0, 0, 0x1234, 0xffff, true],
    [1, 0, 0x0100, 0x0104, false],
    [1, 1, 0x0100, 0x0104, true],
    [1, 1, 0x0100, 0x0102, false],
    [1, 2, 0x0100, 0x0106, true],
    [1, 3, 0x0100, 0x0107, true],
    [1, 3, 0x0100, 0x0108, false],
    [2, 0, 0x0205, 0x0300, true],
    [2, 0, 0x0205, 0x0600, false],
    [3, 0, 0x0100, 0x0100, false],
  ])('SVT %i, SQ %i, SID %i: requester %i', (svt, sq, sid, requester, valid) => {
    const entry = encode(irte, { P: [1], SVT: [svt], SQ: [sq], SID: [sid] });
    expect(sourceMatches(entry, requester)).toBe(valid);
  });

  test('AMD: guest mode and remapped', () => {
    fc.assert(
      fc.property(numbers, vectors, (target, vector) => {
        const guest = guestIrte(amd, target, vector);
        expect(decode(irteAmdGuest, guest).problems).toEqual([]);
        expect([fieldValue(irteAmdGuest, guest, 'vector'), vcpuOfIrte(amd, guest)]).toEqual([vector, target]);
        expect([fieldValue(irteAmdGuest, guest, 'is_run'), destinationOf(guest)]).toEqual([1, target]);
        const remapped = remappedIrte(amd, target, vector);
        expect(decode(irteAmd, remapped).problems).toEqual([]);
        expect([fieldValue(irteAmd, remapped, 'vector'), destinationOf(remapped)]).toEqual([vector, target]);
      }),
    );
  });

  test('AMD: a page that belongs to nobody', () => {
    expect(vcpuOfPage({ hi: 1, lo: 0x30000000 + 4 * 4096 }, 4)).toBe(-1);
    expect(vcpuOfPage({ hi: 0, lo: 0x30000000 }, 4)).toBe(-1);
  });

  test('AMD: an entry of the GA log', () => {
    const m = machine({
      vendor: 'amd',
      vtdPosting: false,
      x2avic: true,
      vcpus,
      devices: [nic({ sourceId: 0x0234, route: msiTo(2, 0x41), host: { cpu: 4, vector: 0x31 } })],
    });
    run(m, m.vcpuAgent(2), hlt, 2);
    interrupt(m);
    const at = m.layout.iommu + IOMMU.words;
    const entry = [m.words[at] >>> 0, m.words[at + 1] >>> 0];
    const fields = Object.fromEntries(
      decode(gaLogEntry, entry).fields.map(({ field, words }) => [field.name, words[0]]),
    );
    expect(fields).toMatchObject({ type: 1, device_id: 0x0234, ga_tag: 0x202 });
  });
});
