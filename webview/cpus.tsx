import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { CpuView, Snapshot } from '../extension/session/protocol.ts';
import { useActions } from './actions.ts';
import { labelOf, There } from './beside.tsx';
import type { Compared } from './compared.ts';
import { cpuDifferences } from './differences.ts';
import { t } from './l10n.ts';
import { hex8, hex32 } from './vectors.ts';
import { WindowedList } from './windowedList.tsx';

/** CPUs up to which all are shown, so that nothing moves while stepping. */
const FEW = 8;

function VcpuLink({ index }: { readonly index: number }): VNode {
  const { focusVcpu } = useActions();
  return (
    <button type="button" class="link" onClick={() => focusVcpu(index)}>
      vcpu {index}
    </button>
  );
}

interface RowProps {
  readonly cpu: CpuView;
  readonly changed: boolean;
  /** The CPU at the moment to compare with, and how that is called; absent where nothing differs. */
  readonly other: CpuView | undefined;
  readonly label: string;
}

/** Where a row is narrow, only what there is. */
const idle = (list: readonly number[]): string => (list.length > 0 ? '' : 'idle');

/** Name of a field that asks who wrote it. No stop of the tab key: the table of the CPUs' state has the same for the keyboard. */
function Asked({ field, name, doc }: { readonly field: string; readonly name: string; readonly doc: string }): VNode {
  const { post } = useActions();
  return (
    <button
      type="button"
      class="link name"
      tabIndex={-1}
      data-tip={[doc, t('Click: who wrote this? Shift+click: when is it next read?')].join('\n')}
      onClick={event => post({ type: event.shiftKey ? 'reader' : 'writer', fields: [field] })}
    >
      {name}
    </button>
  );
}

/** One physical CPU. */
function CpuRow({ cpu, changed, other, label }: RowProps): VNode {
  const { index, apicId, vcpu, pending, wakeupList } = cpu;
  const differing = other ? cpuDifferences(other, cpu) : [];
  const there = (path: string) => {
    const difference = differing.find(each => each.path === path);
    return difference && <There text={difference.there} label={label} />;
  };
  return (
    <div class={changed ? 'cpu changed' : 'cpu'}>
      <span class="cpu-name">
        cpu {index}
        {changed && (
          <span class="delta" role="img" aria-label={t('changed by this step')}>
            Δ
          </span>
        )}
      </span>
      <span class="gloss" data-tip={t('Physical APIC ID: what NDST names')}>
        {hex32(apicId)}
      </span>
      <span>
        <Asked field={`cpu ${index}.vcpu`} name={t('runs')} doc={t('The vCPU whose guest code runs here')} />{' '}
        {vcpu >= 0 ? <VcpuLink index={vcpu} /> : <span class="dim">{t('host')}</span>}
        {there('vcpu')}
      </span>
      <span class={idle(pending)}>
        <Asked
          field={`cpu ${index}.pending`}
          name={t('pending')}
          doc={t('Physical interrupts that wait in the local APIC')}
        />{' '}
        {pending.length > 0 ? <b>{pending.map(hex8).join(' ')}</b> : <span class="dim">{t('none')}</span>}
        {there('pending')}
      </span>
      <span
        class={idle(wakeupList)}
        data-tip={t(
          'wakeup_vcpus_on_cpu, until 5.15 blocked_vcpu_on_cpu: vCPUs that POSTED_INTR_WAKEUP_VECTOR may wake here',
        )}
      >
        <span class="name">{t('wake-up')}</span>{' '}
        {wakeupList.length > 0 ? (
          wakeupList.map(each => <VcpuLink key={each} index={each} />)
        ) : (
          <span class="dim">{t('none')}</span>
        )}
        {there('wakeupList')}
      </span>
    </div>
  );
}

/** The physical CPUs; of many, those that have something to do with notifications now. */
export function Cpus({
  snapshot,
  compared,
}: {
  readonly snapshot: Snapshot;
  readonly compared: Compared | undefined;
}): VNode {
  const { cpus, step } = snapshot;
  const [all, setAll] = useState(false);
  const others = new Map(compared?.moment?.cpus.map(cpu => [cpu.index, cpu]));
  const differs = (cpu: CpuView) => {
    const other = others.get(cpu.index);
    return other !== undefined && cpuDifferences(other, cpu).length > 0;
  };
  const isChanged = ({ index }: CpuView) => step.writes.some(({ field }) => field.startsWith(`cpu ${index}.`));
  const shown =
    all || cpus.length <= FEW
      ? cpus
      : cpus.filter(cpu => cpu.pending.length > 0 || cpu.wakeupList.length > 0 || isChanged(cpu) || differs(cpu));
  return (
    <section class="cpus" aria-labelledby="cpus-title">
      <h2 id="cpus-title">
        {t('physical CPUs')} <span class="count">{cpus.length}</span>
      </h2>
      {shown.length > 0 && (
        <WindowedList
          class="cpu-list"
          label={t('physical CPUs')}
          count={shown.length}
          minWidth={400}
          maxWidth={800}
          itemHeight={22}
          renderItem={i => (
            <CpuRow
              cpu={shown[i]}
              changed={isChanged(shown[i])}
              other={others.get(shown[i].index)}
              label={compared ? labelOf(compared) : ''}
            />
          )}
        />
      )}
      {cpus.length > FEW && (
        <p>
          {!all && (
            <span class="dim">{t('{0} others: nothing pending, nobody to wake.', cpus.length - shown.length)} </span>
          )}
          <button type="button" class="link" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? t('show only the concerned') : t('show all')}
          </button>
        </p>
      )}
    </section>
  );
}
