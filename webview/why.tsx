import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { FieldTouch, Snapshot, StepView, Trouble } from '../extension/session/protocol.ts';
import { useActions } from './actions.ts';
import { rich, t } from './l10n.ts';
import { LineLink } from './toolbar.tsx';

/** Reads and writes listed at first. */
const SHOWN = 16;

/** Troubles listed at first: the latest are those of the present step. */
const LAST_TROUBLES = 6;

const ACTORS: Readonly<Record<StepView['actor'], string>> = {
  guest: t('guest code'),
  kvm: 'KVM',
  host: t('host kernel'),
  cpu: t('processor'),
  iommu: 'IOMMU',
  device: t('device'),
  vmm: 'VMM',
  scenario: t('scenario'),
  user: t('you'),
};

/** Who acts, in words: `KVM on vcpu 1`. */
export function actorOf(step: StepView): string {
  const actor = ACTORS[step.actor];
  return step.agent === step.actor || step.agent === actor || step.agent === '' ? actor : `${actor} · ${step.agent}`;
}

/** A field path; that of a vCPU leads to its card. */
function FieldName({ path }: { readonly path: string }): VNode {
  const { focusVcpu } = useActions();
  const vcpu = /^vcpu (\d+)\./.exec(path);
  if (!vcpu) return <code>{path}</code>;
  return (
    <button type="button" class="link" onClick={() => focusVcpu(Number(vcpu[1]))}>
      {path}
    </button>
  );
}

function Touch({ touch }: { readonly touch: FieldTouch }): VNode {
  const { field, before, after } = touch;
  return (
    <li>
      <span class="dim">{after === undefined ? t('read') : t('write')}</span>
      <FieldName path={field} />
      <span class="value">
        {after === undefined ? (
          before
        ) : (
          <>
            <del>{before}</del>
            <span class="arrow"> → </span>
            <ins>{after}</ins>
          </>
        )}
      </span>
    </li>
  );
}

/** What the step read and wrote, one field a line; of a harvest of many vectors only the first lines at once. */
function Touches({ touches }: { readonly touches: readonly FieldTouch[] }): VNode {
  const [all, setAll] = useState(false);
  const shown = all ? touches : touches.slice(0, SHOWN);
  return (
    <>
      <ul class="touches" aria-label={t('Fields read and written')}>
        {shown.map((touch, i) => (
          <Touch key={i} touch={touch} />
        ))}
      </ul>
      {touches.length > SHOWN && (
        <button type="button" class="link" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? t('show fewer') : t('show {0} more', touches.length - SHOWN)}
        </button>
      )}
    </>
  );
}

function Path({ path }: { readonly path: readonly string[] }): VNode | null {
  if (path.length < 2) return null;
  return (
    <ol class="path" aria-label={t('Call path, outermost first')}>
      {path.map((name, i) => (
        <li key={i} aria-current={i === path.length - 1 ? 'step' : undefined}>
          {name}
        </li>
      ))}
    </ol>
  );
}

export function Why({ snapshot }: { readonly snapshot: Snapshot }): VNode {
  const { step } = snapshot;
  if (step.number === 0) {
    return (
      <section class="why" aria-labelledby="why-title">
        <h2 id="why-title">{t('initial state')}</h2>
        <p class="sentence">{step.sentence || t('Nothing has happened yet.')}</p>
      </section>
    );
  }
  return (
    <section class={step.assumed ? 'why assumed' : 'why'} aria-labelledby="why-title">
      <h2 id="why-title">
        {actorOf(step)}
        {step.marks.map(mark => (
          <span key={mark} class="tag">
            {mark}
          </span>
        ))}
      </h2>
      <p class="place">
        <code>{step.place}</code>
        <span class="source">{step.source}</span>
      </p>
      <Path path={step.path} />
      <p class="sentence">{step.sentence}</p>
      {step.assumed && (
        <p class="assumption">
          {rich('{0} — this rule was read neither in a manual nor in a kernel tree', <b>{t('assumed')}</b>)}
        </p>
      )}
      {step.reads.length + step.writes.length > 0 && <Touches touches={[...step.reads, ...step.writes]} />}
    </section>
  );
}

function TroubleItem({ trouble, snapshot }: { readonly trouble: Trouble; readonly snapshot: Snapshot }): VNode {
  const { position, uri } = snapshot;
  const here = trouble.step === position;
  const { post } = useActions();
  return (
    <li class={here ? 'here' : ''} aria-current={here ? 'step' : undefined}>
      <span class="where">
        <button type="button" class="link" onClick={() => post({ type: 'seek', step: trouble.step })}>
          {t('step {0}', trouble.step)}
        </button>
        {trouble.line > 0 && <LineLink line={trouble.line} uri={uri} />}
      </span>
      <span>{trouble.text}</span>
    </li>
  );
}

export function Troubles({ snapshot }: { readonly snapshot: Snapshot }): VNode | null {
  const { troubles } = snapshot;
  const [all, setAll] = useState(false);
  if (troubles.length === 0) return null;
  const shown = all ? troubles : troubles.slice(-LAST_TROUBLES);
  return (
    <section class="troubles" aria-labelledby="troubles-title">
      <h2 id="troubles-title">✗ {troubles.length === 1 ? t('1 trouble') : t('{0} troubles', troubles.length)}</h2>
      <ul>
        {shown.map((trouble, i) => (
          <TroubleItem key={i} trouble={trouble} snapshot={snapshot} />
        ))}
      </ul>
      {troubles.length > LAST_TROUBLES && (
        <button type="button" class="link" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? t('show only the last') : t('show {0} earlier', troubles.length - LAST_TROUBLES)}
        </button>
      )}
    </section>
  );
}
