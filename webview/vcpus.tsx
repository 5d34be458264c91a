import type { VNode } from 'preact';
import type { Snapshot } from '../extension/session/protocol.ts';
import type { Question } from './actions.ts';
import { labelOf } from './beside.tsx';
import type { Compared } from './compared.ts';
import { t } from './l10n.ts';
import { OutOfSight } from './outOfSight.tsx';
import { VcpuCard } from './vcpuCard.tsx';
import { WindowedList } from './windowedList.tsx';

export interface VcpusProps {
  readonly snapshot: Snapshot;
  readonly compared: Compared | undefined;
  readonly handle: { current: WindowedList | null };
  readonly gridsShown: boolean;
  /** vCPUs whose grid is otherwise. */
  readonly toggled: readonly number[];
  readonly onToggle: (index: number) => void;
  readonly onAsk: (question: Question, fields: readonly string[]) => void;
  /** To the next vCPU that the step changed. */
  readonly onJump: () => void;
}

/** All vCPUs, as cards. */
export function Vcpus(props: VcpusProps): VNode {
  const { snapshot, compared, handle, gridsShown, toggled, onToggle, onAsk, onJump } = props;
  const { vcpus, step } = snapshot;
  const others = new Map(compared?.moment?.vcpus.map(vcpu => [vcpu.index, vcpu]));
  const label = compared && labelOf(compared);
  return (
    <section class="vcpus" aria-labelledby="vcpus-title">
      <div class="bar">
        <h2 id="vcpus-title">
          vCPUs <span class="count">{vcpus.length}</span>
        </h2>
        <span class="spring" />
        <p class="legend" aria-hidden="true">
          {label !== undefined && compared?.moment && <span class="there">≠ {label}</span>}
          <b class="pir">P</b>PIR <b class="irr">R</b>IRR <b class="isr">S</b>ISR <b>_</b>TMR
        </p>
      </div>
      <WindowedList
        handle={handle}
        class="cards"
        label={t('vCPUs')}
        count={vcpus.length}
        minWidth={272}
        maxWidth={560}
        itemHeight={gridsShown ? 480 : 220}
        renderItem={i => (
          <VcpuCard
            vcpu={vcpus[i]}
            writes={step.writes}
            other={others.get(i)}
            label={label ?? ''}
            gridShown={toggled.includes(i) !== gridsShown}
            onToggle={onToggle}
            onAsk={onAsk}
          />
        )}
      />
      <OutOfSight list={handle} snapshot={snapshot} onJump={onJump} />
    </section>
  );
}
