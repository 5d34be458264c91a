import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Moment, Parting, Snapshot } from '../extension/session/protocol.ts';
import { useActions } from './actions.ts';
import { type Compared, isPin } from './compared.ts';
import { type Difference, differences } from './differences.ts';
import { keyOf } from './keys.ts';
import { t } from './l10n.ts';

/** Differences listed at first. */
const SHOWN = 12;

/** How the other moment is called: in a heading, and at every value that differs. */
export function labelOf(compared: Compared): string {
  const { of } = compared.choice;
  return typeof of === 'number' ? t('pinned, step {0}', of) : of;
}

/** The value at the other moment, where it differs; the sign says so without colour. */
export function There({ text, label }: { readonly text: string; readonly label: string }): VNode {
  return (
    <span class="there" title={`${label}: ${text}`}>
      <span aria-hidden="true">≠ </span>
      <span class="visually-hidden">{label}: </span>
      {text}
    </span>
  );
}

function Row({ difference }: { readonly difference: Difference }): VNode {
  const { focusVcpu } = useActions();
  const { subject, index, name, there, here } = difference;
  return (
    <tr>
      <th scope="row">
        {subject === 'vcpu' ? (
          <button type="button" class="link" onClick={() => focusVcpu(index)}>
            vcpu {index}
          </button>
        ) : (
          `cpu ${index}`
        )}{' '}
        {name}
      </th>
      <td>{there}</td>
      <td>{here}</td>
    </tr>
  );
}

interface TableProps {
  readonly found: readonly Difference[];
  readonly there: string;
  /** What is said when nothing differs. */
  readonly nothing: string;
}

function Table({ found, there, nothing }: TableProps): VNode {
  const [all, setAll] = useState(false);
  const shown = all ? found : found.slice(0, SHOWN);
  if (found.length === 0) return <p class="dim">{nothing}</p>;
  return (
    <>
      <table class="differences">
        <thead>
          <tr>
            <th scope="col">{t('field')}</th>
            <th scope="col">{there}</th>
            <th scope="col">{t('now')}</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(each => (
            <Row key={`${each.subject} ${each.index} ${each.path}`} difference={each} />
          ))}
        </tbody>
      </table>
      {found.length > SHOWN && (
        <button type="button" class="link" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? t('show fewer') : t('show {0} more', found.length - SHOWN)}
        </button>
      )}
    </>
  );
}

/** `step 12 · line 9 · vcpu 0 · vmx_deliver_posted_interrupt` */
function Where({ moment, pin }: { readonly moment: Moment; readonly pin: boolean }): VNode {
  const { post } = useActions();
  const { position, line, step } = moment;
  const what = position === 0 ? [step.place] : [step.agent, step.place];
  return (
    <p class="where-there">
      {pin ? (
        <button type="button" class="link" onClick={() => post({ type: 'seek', step: position })}>
          {t('step {0}', position)}
        </button>
      ) : (
        t('step {0}', position)
      )}
      {[...(line > 0 ? [t('line {0}', line)] : []), ...what].map(text => ` · ${text}`).join('')}
    </p>
  );
}

function Side({ label, side }: { readonly label: string; readonly side: Parting['here'] }): VNode {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        {side ? (
          <>
            <span class="dim">
              {t('step {0}', side.number)} · {side.agent} ·
            </span>{' '}
            <code>{side.place}</code>: {side.sentence}
          </>
        ) : (
          t('the line is done')
        )}
      </dd>
    </div>
  );
}

function PartingOf({ parting, label }: { readonly parting: Parting; readonly label: string }): VNode {
  const { line, here, there } = parting;
  return (
    <>
      <p>{t('The first difference is in line {0}:', line)}</p>
      <dl class="parting">
        <Side label={t('here')} side={here} />
        <Side label={label} side={there} />
      </dl>
    </>
  );
}

export interface BesideProps {
  readonly compared: Compared;
  readonly snapshot: Snapshot;
  readonly onClose: () => void;
}

/** The other moment in words and numbers: the text alternative of the values in the cards. */
export function BesidePanel({ compared, snapshot, onClose }: BesideProps): VNode {
  const { moment, reason, parting } = compared;
  const pin = isPin(compared);
  const label = labelOf(compared);
  return (
    <section class="beside" aria-labelledby="beside-title">
      <div class="bar">
        <h2 id="beside-title">{pin ? t('Pinned moment') : t('Beside: {0}', label)}</h2>
        <span class="spring" />
        <button type="button" class="link" onClick={onClose}>
          {pin ? t('unpin ({0})', keyOf('pin')) : t('close')}
        </button>
      </div>
      {reason !== undefined && <p>{reason}</p>}
      {moment && <Where moment={moment} pin={pin} />}
      {parting && <PartingOf parting={parting} label={label} />}
      {!pin && moment && !parting && <p class="dim">{t('So far both take the same steps.')}</p>}
      {moment && (
        <Table
          found={differences(moment, snapshot)}
          there={pin ? t('pinned') : t('there')}
          nothing={
            pin ? t('No vCPU and no CPU differs.') : t('No field differs that the vCPUs and CPUs have under both.')
          }
        />
      )}
    </section>
  );
}

/** The comparison as lines for a mail. */
export function besideText(compared: Compared, snapshot: Snapshot): string {
  if (!compared.moment) return '';
  const found = differences(compared.moment, snapshot);
  const lines = found.map(
    ({ subject, index, name, there, here }) => `  ${subject} ${index} ${name}: ${there} -> ${here}`,
  );
  return `\n${labelOf(compared)} -> step ${snapshot.position}\n${lines.join('\n') || '  no difference'}\n`;
}
