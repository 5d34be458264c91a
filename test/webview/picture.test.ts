import { describe, expect, it } from 'vitest';
import { BLOCKED, EMPTY, EXITED, FAILING, HOSTILE, OLD, RUNNING, snapshot, step, vcpu, words } from './fixtures.ts';
import { Fresh } from './fresh.ts';

const fresh = new Fresh();

describe('conversation with the host', () => {
  it('asks for the picture once it listens', async () => {
    expect(await fresh.view.posted()).toEqual([{ type: 'ready' }]);
  });

  it('ignores what is no message of the host', async () => {
    await fresh.view.page.evaluate(() => {
      for (const data of [null, 7, 'snapshot', {}, { type: 'other' }, { type: 7 }]) window.postMessage(data, '*');
    });
    await fresh.view.send(...RUNNING.messages);
    expect(await fresh.view.text('h1')).toContain('running.irq');
  });

  it('shows why there is nothing to show', async () => {
    await fresh.view.send(...EMPTY.messages);
    expect(await fresh.view.text('main')).toContain('No scenario runs.');
    expect(await fresh.view.text('main')).toContain('F5');
  });

  it('goes from a run to no run and back', async () => {
    await fresh.view.send(...RUNNING.messages, ...EMPTY.messages);
    await expect.poll(() => fresh.view.page.locator('.vcpu').count()).toBe(0);
    await fresh.view.send(...EXITED.messages);
    await expect.poll(() => fresh.view.page.locator('.vcpu').count()).toBe(2);
  });
});

describe('a step', () => {
  it('tells who, where, why, and what changed from what', async () => {
    await fresh.view.send(...EXITED.messages);
    const why = await fresh.view.text('.why');
    expect(why).toContain('KVM · vcpu 0');
    expect(why).toContain('vmx_deliver_posted_interrupt');
    expect(why).toContain('arch/x86/kvm/vmx/vmx.c');
    expect(why).toContain('Sets ON; it was clear');
    expect(await fresh.view.page.locator('.path li').allInnerTexts()).toEqual([
      'kvm_x2apic_icr_write',
      'kvm_irq_delivery_to_apic',
      '__apic_accept_irq',
      'vmx_deliver_interrupt',
      'vmx_deliver_posted_interrupt',
    ]);
    const touches = await fresh.view.page.locator('.touches li').allInnerTexts();
    expect(touches.map(each => each.replace(/\s+/g, ' '))).toEqual([
      'read vcpu 1.mode OUTSIDE_GUEST_MODE',
      'write vcpu 1.pid.on 0 → 1',
    ]);
    await expect.poll(() => fresh.view.page.locator('.assumption').count()).toBe(0);
  });

  it('marks a rule that nobody could read', async () => {
    await fresh.view.send(...BLOCKED.messages);
    expect(await fresh.view.text('.assumption')).toContain('assumed');
    expect(await fresh.view.text('.why .tag')).toBe('wake-up');
  });

  it('lists troubles that lead to their step and line', async () => {
    await fresh.view.send(...FAILING.messages);
    expect(await fresh.view.text('.troubles h2')).toBe('✗ 2 troubles');
    expect(await fresh.view.text('.troubles li.here')).toContain('Expectation failed');
    await fresh.view.posted();
    await fresh.view.page.locator('.troubles li').first().getByText('step 11').click();
    await fresh.view.page.locator('.troubles li').first().getByText('line 12').click();
    expect(await fresh.view.posted()).toEqual([
      { type: 'seek', step: 11 },
      { type: 'revealLine', line: 12 },
    ]);
  });

  it('lists the latest of many troubles, the others on demand', async () => {
    const troubles = Array.from({ length: 40 }, (_, i) => ({ step: i + 1, line: i + 1, text: `trouble ${i + 1}` }));
    await fresh.view.send({ type: 'snapshot', snapshot: snapshot({ troubles }) });
    const items = fresh.view.page.locator('.troubles li');
    await expect.poll(() => items.count()).toBe(6);
    expect(await items.last().textContent()).toContain('trouble 40');
    await fresh.view.page.getByRole('button', { name: 'show 34 earlier' }).click();
    await expect.poll(() => items.count()).toBe(40);
  });

  it('is spoken once, and not again when the same picture comes again', async () => {
    await fresh.view.send(...RUNNING.messages);
    await fresh.view.page.evaluate(() => {
      const status = document.querySelector('[role=status]')!;
      const spoken: string[] = [];
      Object.assign(window, { spoken });
      new MutationObserver(() => spoken.push(status.textContent!)).observe(status, {
        childList: true,
        characterData: true,
        subtree: true,
      });
    });
    await fresh.view.send(...RUNNING.messages);
    await fresh.view.send(...EXITED.messages);
    await fresh.view.send(...EXITED.messages);
    const spoken = await fresh.view.page.evaluate(() => (window as unknown as { spoken: string[] }).spoken);
    expect(spoken).toEqual([
      'Step 4 of 14. KVM · vcpu 0, vmx_deliver_posted_interrupt. Sets ON; it was clear, so this poster has to notify the target. vcpu 1.pid.on 0 to 1.',
    ]);
    await expect.poll(() => fresh.view.page.locator('[aria-live], [role=status], [role=alert]').count()).toBe(1);
  });
});

describe('a vCPU', () => {
  const field = (index: number, path: string) => `#vcpu-${index} [data-field="${path}"]`;

  it('shows the descriptor field by field and as the 64-bit word', async () => {
    await fresh.view.send(...BLOCKED.messages);
    const card = (await fresh.view.text('#vcpu-2')).replace(/\s+/g, ' ');
    expect(card).toContain('ON 0 SN 1 0x0000000100f20002 NV 0xf2 POSTED_INTR_VECTOR NDST 0x00000001 cpu 1');
    expect((await fresh.view.text('#vcpu-3')).replace(/\s+/g, ' ')).toContain('NDST 0xffffffff no such cpu');
  });

  it('shows old and new value of a field that the step wrote', async () => {
    await fresh.view.send(...BLOCKED.messages);
    expect(await fresh.view.text(`${field(1, 'pid.nv')} del`)).toBe('0xf2');
    expect(await fresh.view.text(`${field(1, 'pid.nv')} ins`)).toBe('0xf1');
    await expect.poll(() => fresh.view.page.locator('#vcpu-1 .changed').count()).toBe(1);
    await expect.poll(() => fresh.view.page.locator('.vcpu.changed').count()).toBe(1);
  });

  it('has no fields that the descriptor of 2013 had not', async () => {
    await fresh.view.send(...OLD.messages);
    expect(await fresh.view.text(field(1, 'pid.on'))).toBe('ON 1');
    for (const path of ['pid.sn', 'pid.nv', 'pid.ndst', 'rvi', 'svi'])
      expect(await fresh.view.page.locator(field(1, path)).count(), path).toBe(0);
  });

  it('lists set vectors, with runs, and signs those that the step set or cleared', async () => {
    await fresh.view.send({
      type: 'snapshot',
      snapshot: snapshot({
        vcpus: [
          vcpu(0, {
            irr: words(0x20, 0x21, 0x22, 0x23, 0x30, 0x31, 0xff),
            changed: ['irr'],
            changedVectors: { irr: [0x31, 0x80] },
          }),
        ],
      }),
    });
    const irr = fresh.view.page.locator('#vcpu-0 .field.set.changed > *');
    expect(await irr.allInnerTexts()).toEqual(['+0x31', '−0x80', '0x20–0x23', '0x30', '0xff']);
  });

  it('puts every vector of every register into the cell of its two digits', async () => {
    for (const vector of [0x00, 0x0f, 0x10, 0x1f, 0x20, 0x41, 0x7f, 0x80, 0xf2, 0xff]) {
      await fresh.view.send({
        type: 'snapshot',
        snapshot: snapshot({
          vcpus: [vcpu(0, { irr: words(vector), isr: words(vector ^ 1), tmr: words(vector ^ 1) })],
        }),
      });
      const set = fresh.view.page.locator('#vcpu-0 [data-set]');
      expect(
        await set.evaluateAll(all =>
          all.map(each => `${(each as HTMLElement).dataset['vector']} ${(each as HTMLElement).dataset['set']}`).sort(),
        ),
      ).toEqual([`${vector} R`, `${vector ^ 1} S`].sort());
      const at = fresh.cell(0, vector);
      const digits = await at.evaluate(td => {
        const { cellIndex, parentElement } = td as HTMLTableCellElement;
        const { rows } = td.closest('table') as HTMLTableElement;
        return `${(parentElement as HTMLTableRowElement).cells[0].textContent}${rows[0].cells[cellIndex].textContent}`;
      });
      expect(Number.parseInt(digits, 16)).toBe(vector);
    }
  });

  it('asks who wrote a field that is clicked, and who moved a vector that is double-clicked', async () => {
    await fresh.view.send(...RUNNING.messages);
    await fresh.view.posted();
    await fresh.view.page.locator(field(1, 'rvi')).click();
    expect(await fresh.view.posted()).toEqual([{ type: 'writer', fields: ['vcpu 1.rvi'] }]);
    await fresh.view.page.locator(field(1, 'irr')).click();
    expect(await fresh.view.posted()).toEqual([{ type: 'writer', fields: ['vcpu 1.irr'] }]);
    await fresh.cell(1, 0x61).dblclick();
    expect(await fresh.view.posted()).toEqual([
      { type: 'writer', fields: ['vcpu 1.pid.pir[0x61]', 'vcpu 1.irr[0x61]', 'vcpu 1.isr[0x61]'] },
    ]);
  });

  it('tells where the bit of a vector lies', async () => {
    await fresh.view.send(...RUNNING.messages);
    expect(await fresh.cell(1, 0x41).getAttribute('data-tip')).toBe(
      'vector 0x41 = 65: bit 1 of ISR 120H, TMR 1A0H, IRR 220H; PIR byte 8 bit 1',
    );
    expect(await fresh.cell(1, 0xff).getAttribute('data-tip')).toBe(
      'vector 0xff = 255: bit 31 of ISR 170H, TMR 1F0H, IRR 270H; PIR byte 31 bit 7',
    );
  });

  it('says in words what a cell shows', async () => {
    await fresh.view.send(...RUNNING.messages);
    expect(await fresh.cell(1, 0x31).getAttribute('aria-label')).toBe(
      'vector 0x31 set in IRR, set by this step in IRR, cleared by this step in PIR, level-triggered in TMR',
    );
    expect(await fresh.cell(1, 0x61).getAttribute('aria-label')).toBe('vector 0x61 set in ISR');
    expect(await fresh.cell(1, 0x62).getAttribute('aria-label')).toBe('vector 0x62 clear');
  });

  it('keeps no mark of a step that is over', async () => {
    await fresh.view.send(...RUNNING.messages);
    await fresh.view.send({ type: 'snapshot', snapshot: snapshot({ step: step({ writes: [] }) }) });
    expect(
      await fresh.view.page.locator('.vcpu.changed, .vcpu .changed, .vcpu ins, .vcpu del, [data-gone]').count(),
    ).toBe(0);
  });
});

describe('hostile text', () => {
  it('stands as text', async () => {
    await fresh.view.send(...HOSTILE.messages);
    expect(await fresh.view.page.evaluate(() => window.hacked)).toBeUndefined();
    await expect.poll(() => fresh.view.page.locator('img, main script').count()).toBe(0);
    expect(await fresh.view.text('.statement code')).toContain('<script>window.hacked=1</script>');
    expect(await fresh.view.text('.statement code')).toContain('\\u{202e}');
  });
});
