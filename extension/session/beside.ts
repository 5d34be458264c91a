/** Pictures of other moments than the present one, to be shown beside it. The run that they are about stays where it is. */
import { partners } from './align.ts';
import { equal } from './delta.ts';
import { explain } from './explain.ts';
import { alternativeOf, alternativesTo } from './profiles.ts';
import type { Beside, Moment, Parting, Snapshot, VcpuView } from './protocol.ts';
import { Session } from './session.ts';
import { type SnapshotTitle, snapshotOf } from './snapshot.ts';

/** Steps of a run that are compared at most: what a comparison may cost at every step of the user. */
const MOST_STEPS = 1 << 14;

/** The picture at another recorded step. */
function momentAt(session: Session, step: number, title: SnapshotTitle): Moment {
  const { machine } = session.runner;
  const { position: present } = machine;
  machine.seek(step);
  const snapshot = snapshotOf(session, title, 0);
  machine.seek(present);
  const { profile, position, line, statement, vcpus, cpus, troubles } = snapshot;
  return { title: snapshot.title, profile, position, line, statement, step: snapshot.step, vcpus, cpus, troubles };
}

/** Labels of the profiles under which the run can be seen. */
export function profilesBeside({ program, source, runner }: Session): readonly string[] {
  return source === undefined || runner.race !== undefined
    ? []
    : alternativesTo(program, source.text).map(({ label }) => label);
}

/** Steps that belong to one line of the scenario, without a gap; both 1-based and inclusive. */
interface Part {
  readonly line: number;
  readonly first: number;
  last: number;
}

/** The recorded steps, cut where another line begins. A change by hand has no line: it is part of what surrounds it. */
function partsOf(session: Session, length: number): Part[] {
  const parts: Part[] = [];
  for (let step = 1; step <= length; step++) {
    const line = session.lineOf(step);
    const last = parts.at(-1);
    if (last !== undefined && (line === last.line || line === 0)) {
      last.last = step;
    } else {
      parts.push({ line, first: step, last: step });
    }
  }
  return parts;
}

/** What a step did, without what it was done to: by which agent, and which step of which operation. */
function codesOf({ runner: { machine } }: Session, part: Part | undefined): string[] {
  return part === undefined
    ? []
    : Array.from({ length: part.last - part.first + 1 }, (_, i) => {
        const step = part.first + i;
        return `${machine.agentName(machine.agentOf(step))} ${machine.secondOf(step)}`;
      });
}

/** A run under another profile, followed beside the one that the user steps through. */
class OtherProfile {
  readonly label: string;
  readonly #session: Session;
  readonly #other: Session;
  readonly #others: readonly Part[];
  /** Where the runs part, and for which recorded steps that is known. */
  #parting: { readonly of: string; readonly where: Parting | undefined } = { of: '', where: undefined };

  /** Throws Error with a sentence when the scenario cannot be run there. */
  constructor(session: Session, label: string) {
    const { program, source } = session;
    const alternative = source && alternativesTo(program, source.text).find(each => each.label === label);
    if (source === undefined || alternative === undefined) {
      throw new Error(`there is no profile ${label}`);
    }
    const other = alternativeOf(source.text, alternative, source.options);
    if (typeof other === 'string') {
      throw new Error(other);
    }
    this.label = label;
    this.#session = session;
    this.#other = new Session(other);
    this.#other.seek(MOST_STEPS);
    this.#others = partsOf(this.#other, this.#other.length);
  }

  /** The other run at the moment that corresponds to the present one: of its vCPUs and CPUs those that differ from `present`. */
  beside(present: Snapshot, title: SnapshotTitle): Beside {
    const at = { of: this.label, at: present.position };
    const parts = partsOf(this.#session, Math.min(this.#session.length, MOST_STEPS));
    if (present.position > MOST_STEPS || (parts.length > this.#others.length && !this.#other.complete)) {
      return { ...at, reason: `only the first ${MOST_STEPS} steps are compared` };
    }
    const moment = momentAt(this.#other, this.#alignedTo(present.position, parts), title);
    const parting = this.#partingOf(parts);
    return {
      ...at,
      moment: {
        ...moment,
        vcpus: moment.vcpus.filter((vcpu, i) => !equal(standing(vcpu), standing(present.vcpus[i]))),
        cpus: moment.cpus.filter((cpu, i) => !equal(cpu, present.cpus[i])),
      },
      ...(parting && { parting }),
    };
  }

  /** The step of the other run after which everything is done that is done after `position` here. */
  #alignedTo(position: number, parts: readonly Part[]): number {
    const k = parts.findIndex(({ last }) => last >= position);
    const part = parts[k];
    const other = this.#others[k];
    if (position === 0 || part === undefined || other === undefined) {
      return position === 0 ? 0 : this.#other.length;
    }
    const isWhole = this.#session.length > part.last || this.#session.complete;
    if (position === part.last && isWhole) {
      return other.last;
    }
    const partner = partners(codesOf(this.#session, part), codesOf(this.#other, other));
    for (let i = position - part.first; i >= 0; i--) {
      if (partner[i] >= 0) {
        return other.first + partner[i];
      }
    }
    return other.first - 1;
  }

  #partingOf(parts: readonly Part[]): Parting | undefined {
    const { length, changes } = this.#session;
    const of = `${length} ${changes}`;
    if (this.#parting.of !== of) {
      this.#parting = { of, where: this.#firstParting(parts) };
    }
    return this.#parting.where;
  }

  /** The first steps, as far as both are recorded, that are not the same. */
  #firstParting(parts: readonly Part[]): Parting | undefined {
    for (let k = 0; k < parts.length; k++) {
      const here = codesOf(this.#session, parts[k]);
      const there = codesOf(this.#other, this.#others[k]);
      const isWhole = k < parts.length - 1 || this.#session.complete;
      const differs = here.findIndex((code, i) => code !== there[i]);
      if (differs >= 0 || (here.length < there.length && isWhole)) {
        const nth = differs >= 0 ? differs : here.length;
        const own = stepIn(this.#session, parts[k], nth);
        const other = stepIn(this.#other, this.#others[k], nth);
        return { line: parts[k].line, ...(own && { here: own }), ...(other && { there: other }) };
      }
    }
    return undefined;
  }
}

/** The `nth` step of a part; undefined behind its end. */
function stepIn(session: Session, part: Part | undefined, nth: number): Parting['here'] {
  const step = (part?.first ?? 0) + nth;
  if (part === undefined || step > part.last) {
    return undefined;
  }
  const { position } = session;
  const { number, agent, place, sentence } = explain(session.runner, step);
  session.runner.machine.seek(position);
  return { number, agent, place, sentence };
}

/** The vCPU as it stands, without what the last step did to it. */
function standing(vcpu: VcpuView): Omit<VcpuView, 'changed' | 'changedVectors'> {
  const { changed: _changed, changedVectors: _vectors, ...rest } = vcpu;
  return rest;
}

/** Answers what a view asks about other moments of one run. */
export class Besides {
  readonly #session: Session;
  readonly #title: SnapshotTitle;
  #profile: OtherProfile | undefined;

  constructor(session: Session, title: SnapshotTitle) {
    this.#session = session;
    this.#title = title;
  }

  /** Another recorded step, or the present moment under the profile with a label. */
  beside(of: number | string): Beside {
    const session = this.#session;
    const at = { of, at: session.position };
    if (typeof of === 'number') {
      return of <= session.length
        ? { ...at, moment: momentAt(session, of, this.#title) }
        : { ...at, reason: 'the run has not come there yet' };
    }
    try {
      if (this.#profile?.label !== of) {
        this.#profile = new OtherProfile(session, of);
      }
      return this.#profile.beside(snapshotOf(session, this.#title, 0), this.#title);
    } catch (error) {
      return { ...at, reason: (error as Error).message };
    }
  }
}
