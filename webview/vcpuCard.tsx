import { Component, type ComponentChildren, type VNode } from 'preact';
import type { FieldTouch, VcpuView } from '../extension/session/protocol.ts';
import type { Question } from './actions.ts';
import { There } from './beside.tsx';
import { type Difference, vcpuDifferences } from './differences.ts';
import { t } from './l10n.ts';
import { controlWords, meaningOf } from './meanings.ts';
import { VectorGrid } from './vectorGrid.tsx';
import { hex8, hex32, type RegisterName, register, vectorRuns } from './vectors.ts';

/** Glyphs that repeat the state beside its name, to be seen across many cards. */
const STATE_GLYPHS: Readonly<Record<string, string>> = {
  running: '▶',
  exited: '■',
  preempted: '◇',
  blocked: '‖',
  woken: '▷',
  offline: '○',
};

/** Runs listed on a line; the grid holds all. */
const LISTED = 24;

/** What decides about the next delivery, as fields. */
const FOLLOWS_FROM = ['irr', 'isr', 'pid.pir', 'pid.on', 'tpr', 'rvi', 'if', 'recognized'] as const;

export interface CardProps {
  readonly vcpu: VcpuView;
  /** Writes of the last step: they know the values from before. */
  readonly writes: readonly FieldTouch[];
  /** The vCPU at the moment to compare with, and how that is called; absent where nothing differs. */
  readonly other: VcpuView | undefined;
  readonly label: string;
  readonly gridShown: boolean;
  readonly onToggle: (index: number) => void;
  readonly onAsk: (question: Question, fields: readonly string[]) => void;
}

interface Lookup {
  readonly vcpu: VcpuView;
  readonly writes: readonly FieldTouch[];
  /** What differs at the moment to compare with. */
  readonly differences: readonly Difference[];
  readonly label: string;
}

const isChanged = ({ vcpu }: Lookup, key: string): boolean => vcpu.changed.includes(key);

/** The step changed one of the requests. */
const isRequestsChanged = ({ vcpu }: Lookup): boolean =>
  vcpu.changed.some(path => path === 'requests' || path === 'event' || path.startsWith('request.'));

const oldValue = ({ vcpu, writes }: Lookup, key: string): string | undefined =>
  writes.find(write => write.field === `vcpu ${vcpu.index}.${key}`)?.before;

/**
 * What makes an element ask about a field, and say what that means: the card hears clicks and keys on it. Its text can still be selected.
 * `written`: the fields of which it is made, where those have other names.
 */
const asking = ({ vcpu }: Lookup, path: string, doc = '', written: readonly string[] = [path]) => ({
  'data-field': written.join('|'),
  role: 'button' as const,
  tabIndex: -1,
  'data-tip': [doc, meaningOf(vcpu, path), t('Click: who wrote this? Shift+click: when is it next read?')]
    .filter(Boolean)
    .join('\n'),
});

/** The value at the moment to compare with, where it differs. */
function Other({ of, path }: { readonly of: Lookup; readonly path: string }): VNode | null {
  const difference = of.differences.find(each => each.path === path);
  return difference ? <There text={difference.there} label={of.label} /> : null;
}

interface FieldProps {
  readonly of: Lookup;
  /** Key in `VcpuView.changed`. */
  readonly path: string;
  readonly value: string;
  /** Register name in front of the value; the row label serves when absent. */
  readonly name?: string;
  readonly doc?: string;
  readonly children?: ComponentChildren;
}

function Field({ of, path, value, name, doc, children }: FieldProps): VNode {
  const changed = isChanged(of, path);
  const old = changed ? oldValue(of, path) : undefined;
  return (
    <span class={changed ? 'field changed' : 'field'} {...asking(of, path, doc)}>
      {name && (
        <>
          <span class="name">{name}</span>{' '}
        </>
      )}
      {changed ? (
        <>
          {old !== undefined && old !== value && (
            <>
              <del>{old}</del>
              <span class="arrow"> → </span>
            </>
          )}
          <ins>{value}</ins>
        </>
      ) : (
        <span class="value">{value}</span>
      )}
      {children && ' '}
      {children}
      <Other of={of} path={path} />
    </span>
  );
}

function Line({
  label,
  doc,
  children,
}: {
  readonly label: string;
  readonly doc: string;
  readonly children: ComponentChildren;
}): VNode {
  return (
    <div class="line">
      <dt title={doc}>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

const span = ([first, last]: readonly [number, number]): string =>
  first === last ? hex8(first) : `${hex8(first)}–${hex8(last)}`;

/** A 256-bit register as the vectors it holds; what the step set or cleared stands apart, with its sign. */
function VectorLine({
  of,
  name,
  doc,
}: {
  readonly of: Lookup;
  readonly name: RegisterName;
  readonly doc: string;
}): VNode | null {
  const { vcpu } = of;
  const words = register(vcpu, name);
  if (!words) return null;
  const path = name === 'pir' ? 'pid.pir' : name;
  const changed = vcpu.changedVectors[name] ?? [];
  const isSet = (vector: number) => ((words[vector >>> 5] >>> (vector & 31)) & 1) === 1;
  const fresh = changed.filter(isSet);
  const gone = changed.filter(vector => !isSet(vector));
  const steady = [...words];
  for (const vector of fresh) steady[vector >>> 5] &= ~(1 << (vector & 31));
  const runs = vectorRuns(steady.map(word => word >>> 0));
  const nothing = runs.length === 0 && fresh.length === 0;
  return (
    <Line label={name.toUpperCase()} doc={doc}>
      <span
        class={changed.length > 0 || vcpu.changed.includes(path) ? 'field set changed' : 'field set'}
        {...asking(of, path)}
      >
        {fresh.map(vector => (
          <ins key={vector}>+{hex8(vector)}</ins>
        ))}
        {gone.map(vector => (
          <del key={vector}>−{hex8(vector)}</del>
        ))}
        {runs.slice(0, LISTED).map(run => (
          <span key={run[0]}>{span(run)}</span>
        ))}
        {runs.length > LISTED && <span class="dim">{t('… {0} more', runs.length - LISTED)}</span>}
        {nothing && <span class="dim">{t('empty')}</span>}
        <Other of={of} path={path} />
      </span>
    </Line>
  );
}

type Pid = NonNullable<VcpuView['pid']>;

function controlWord(pid: Pid): string {
  const [lo, hi] = controlWords(pid);
  return `${hex32(hi)}${hex32(lo).slice(2)}`;
}

function Descriptor({ of }: { readonly of: Lookup }): VNode | null {
  const { pid } = of.vcpu;
  if (!pid) return null;
  return (
    <div class="line">
      <dt title={t('struct pi_desc: the posted-interrupt descriptor')}>pi_desc</dt>
      <dd>
        <Field
          of={of}
          path="pid.on"
          name="ON"
          doc={t('Outstanding notification, bit 256')}
          value={pid.on ? '1' : '0'}
        />
        {pid.sn !== undefined && (
          <Field of={of} path="pid.sn" name="SN" doc={t('Suppress notification, bit 257')} value={pid.sn ? '1' : '0'} />
        )}
        {pid.nv !== undefined && (
          <span
            class="field gloss"
            {...asking(of, 'pid', t('The 64-bit word at byte 32 of the descriptor'), [
              'pid.on',
              'pid.sn',
              'pid.nv',
              'pid.ndst',
            ])}
          >
            {controlWord(pid)}
          </span>
        )}
      </dd>
      {pid.nv !== undefined && (
        <dd>
          <Field of={of} path="pid.nv" name="NV" doc={t('Notification vector, bits 279:272')} value={hex8(pid.nv)}>
            {pid.nvName && <span class="gloss">{pid.nvName}</span>}
          </Field>
        </dd>
      )}
      {pid.ndst !== undefined && (
        <dd>
          <Field
            of={of}
            path="pid.ndst"
            name="NDST"
            doc={t('Notification destination, bits 319:288')}
            value={hex32(pid.ndst)}
          >
            <span class="gloss">{(pid.ndstCpu ?? -1) >= 0 ? `cpu ${pid.ndstCpu}` : t('no such cpu')}</span>
          </Field>
        </dd>
      )}
    </div>
  );
}

function Priorities({ of }: { readonly of: Lookup }): VNode {
  const { tpr, ppr, rvi, svi } = of.vcpu;
  return (
    <>
      <Line label={t('priority')} doc={t('Bits 7:4 are the class, and classes are compared')}>
        <Field of={of} path="tpr" name="TPR" doc={t('Task priority; VTPR with APICv')} value={hex8(tpr)} />
        <Field of={of} path="ppr" name="PPR" doc={t('Processor priority; VPPR with APICv')} value={hex8(ppr)} />
      </Line>
      {rvi !== undefined && svi !== undefined && (
        <Line label={t('status')} doc={t('Guest interrupt status, VMCS field 0x810')}>
          <Field of={of} path="rvi" name="RVI" doc={t('Requesting virtual interrupt, bits 7:0')} value={hex8(rvi)} />
          <Field of={of} path="svi" name="SVI" doc={t('Servicing virtual interrupt, bits 15:8')} value={hex8(svi)} />
        </Line>
      )}
    </>
  );
}

/** One vCPU: its descriptor and its virtual APIC. */
export class VcpuCard extends Component<CardProps> {
  override shouldComponentUpdate(next: CardProps): boolean {
    const now = this.props;
    return (
      next.vcpu.changed.length > 0 ||
      next.other !== now.other ||
      next.label !== now.label ||
      next.gridShown !== now.gridShown ||
      next.onToggle !== now.onToggle ||
      JSON.stringify(next.vcpu) !== JSON.stringify(now.vcpu)
    );
  }

  /** The element that asks, or the next or previous one for the arrow keys. */
  readonly #onKeyDown = (event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void => {
    const target = event.target as HTMLElement;
    const inGrid = target.closest('table') !== null;
    if (event.key === 'Enter' || event.key === ' ') {
      if (target.dataset.field === undefined) return;
      this.#ask(target, event.shiftKey);
    } else if (!inGrid && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      const fields = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-field]')];
      const at = fields.indexOf(target);
      const next = event.key === 'ArrowDown' ? Math.min(at + 1, fields.length - 1) : Math.max(at - 1, 0);
      fields[next].focus();
    } else {
      return;
    }
    event.preventDefault();
  };

  readonly #onClick = (event: MouseEvent): void => {
    const field = (event.target as HTMLElement).closest<HTMLElement>('[data-field]');
    if (field && window.getSelection()?.isCollapsed !== false) this.#ask(field, event.shiftKey);
  };

  /** Shift would select text up to here. */
  readonly #onMouseDown = (event: MouseEvent): void => {
    if (event.shiftKey && (event.target as HTMLElement).closest('[data-field]')) event.preventDefault();
  };

  #ask({ dataset }: HTMLElement, shift: boolean): void {
    const fields = dataset.field?.split('|') ?? [];
    this.props.onAsk(
      shift ? 'reader' : 'writer',
      fields.map(field => `vcpu ${this.props.vcpu.index}.${field}`),
    );
  }

  override render({ vcpu, writes, other, label, gridShown, onToggle, onAsk }: CardProps): VNode {
    const of: Lookup = { vcpu, writes, label, differences: other ? vcpuDifferences(other, vcpu) : [] };
    const { index } = vcpu;
    const changed = vcpu.changed.length > 0;
    return (
      <article
        class={changed ? 'vcpu changed' : 'vcpu'}
        id={`vcpu-${index}`}
        tabIndex={-1}
        data-vcpu={index}
        aria-labelledby={`vcpu-${index}-title`}
        onKeyDown={this.#onKeyDown}
        onClick={this.#onClick}
        onMouseDown={this.#onMouseDown}
      >
        <header>
          <h3 id={`vcpu-${index}-title`}>
            <button type="button" class="disclosure" aria-expanded={gridShown} onClick={() => onToggle(index)}>
              vCPU {index}
            </button>
            {changed && (
              <span class="delta" role="img" aria-label={t('changed by this step')}>
                Δ
              </span>
            )}
          </h3>
          <span class="identity" {...asking(of, 'apicbase', '', ['apicbase', 'apic_id'])}>
            {vcpu.apicMode}
            {vcpu.id === index ? '' : ` id ${vcpu.id}`}
            <Other of={of} path="apicMode" />
          </span>
          <span class="whereabouts">
            <Field of={of} path="state" value={vcpu.state}>
              <span class="glyph" aria-hidden="true">
                {STATE_GLYPHS[vcpu.state] ?? ''}
              </span>
            </Field>
            <Field of={of} path="cpu" value={`cpu ${vcpu.cpu}`} />
          </span>
        </header>
        <dl>
          <Line label={t('mode')} doc={t('vcpu->mode')}>
            <Field of={of} path="mode" value={vcpu.mode} />
          </Line>
          <Descriptor of={of} />
          <VectorLine of={of} name="pir" doc={t('Posted-interrupt requests, bits 255:0 of the descriptor')} />
          <VectorLine of={of} name="irr" doc={t('Interrupt requests; VIRR with APICv')} />
          <VectorLine of={of} name="isr" doc={t('In service; VISR with APICv')} />
          <VectorLine of={of} name="tmr" doc={t('Trigger mode of the last acceptance: 1 = level')} />
          <Priorities of={of} />
          <Line label={t('requests')} doc={t('vcpu->requests, without KVM_REQ_')}>
            <span
              class={isRequestsChanged(of) ? 'field set changed' : 'field set'}
              {...asking(of, 'requests', '', ['event', 'request', 'requests'])}
            >
              {vcpu.requests.length > 0 ? (
                vcpu.requests.map(name => <span key={name}>{name}</span>)
              ) : (
                <span class="dim">{t('none')}</span>
              )}
              <Other of={of} path="requests" />
            </span>
          </Line>
          <Line label={t('next')} doc={t('What is delivered next, or what blocks it')}>
            <span
              class="field next"
              {...asking(of, 'next', t('What is delivered next, or what blocks it'), FOLLOWS_FROM)}
            >
              {vcpu.next}
            </span>
          </Line>
        </dl>
        {gridShown && <VectorGrid vcpu={vcpu} onAsk={onAsk} />}
      </article>
    );
  }
}
