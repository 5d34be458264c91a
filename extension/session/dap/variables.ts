/** Fields as the debugger's variables: scopes, their contents, setting and evaluating them. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import {
  type FieldRef,
  hasField,
  printField,
  readVectors,
  subjectName,
  writeNumber,
  writeVector,
} from '../../engine/fieldAccess.ts';
import { type Block, FIELDS, findField } from '../../engine/fields.ts';
import { IOAPIC_NUM_PINS } from '../../engine/layout.ts';
import type { Machine } from '../../engine/machine.ts';
import { hex } from '../../engine/text.ts';
import { UserError } from '../expression.ts';
import type { StepView } from '../protocol.ts';
import { descriptorReference, pageReference } from './memoryView.ts';

/** What a variables reference stands for. */
export type Container =
  | { readonly kind: 'block'; readonly block: Block; readonly index: number }
  | { readonly kind: 'group'; readonly block: Block; readonly index: number; readonly group: string }
  | { readonly kind: 'blocks'; readonly block: Block }
  | { readonly kind: 'locals'; readonly names: readonly string[]; readonly values: readonly number[] }
  | { readonly kind: 'step'; readonly look: () => StepView };

/** What is no field of the machine cannot be set. */
const READ_ONLY = { presentationHint: { attributes: ['readOnly'] } };

/** Hands out references, from 1 on. */
export class References {
  private readonly containers: Container[] = [];

  of(container: Container): number {
    return this.containers.push(container);
  }

  get(reference: number): Container | undefined {
    return this.containers[reference - 1];
  }
}

export function variablesOf(m: Machine, references: References, container: Container): DebugProtocol.Variable[] {
  switch (container.kind) {
    case 'locals':
      return container.names.map((name, i) => ({
        name,
        value: hex(container.values[i], 1),
        variablesReference: 0,
        ...READ_ONLY,
      }));
    case 'step':
      return stepVariables(container.look());
    case 'blocks': {
      const { vcpuCount: vcpu, cpuCount: cpu, deviceCount: device } = m;
      const count = { vcpu, cpu, device, iommu: 1, guest: 1, pin: IOAPIC_NUM_PINS }[container.block];
      return Array.from({ length: count }, (_, index) => ({
        name: subjectName(m, container.block, index),
        value: summary(m, container.block, index),
        variablesReference: references.of({ kind: 'block', block: container.block, index }),
      }));
    }
    case 'block':
      return blockVariables(m, references, container.block, container.index);
    case 'group': {
      const { block, index, group } = container;
      const inGroup = FIELDS.filter(field => field.block === block && field.path.startsWith(`${group}.`));
      return inGroup
        .filter(field => hasField(m, field))
        .map(field => fieldVariable(m, { field, index }, field.path.slice(group.length + 1)));
    }
  }
}

/** What the last step did: its sentence, and each field that it changed. */
function stepVariables({ sentence, agent, place, source, writes }: StepView): DebugProtocol.Variable[] {
  const text = (name: string, value: string): DebugProtocol.Variable => ({
    name,
    value,
    variablesReference: 0,
    ...READ_ONLY,
  });
  return [
    text('why', sentence),
    text('where', source === '' ? place : `${place}, ${source}`),
    text('agent', agent),
    ...writes.map(({ field, before, after }) => ({ ...text(field, `${before} → ${after}`), evaluateName: field })),
  ];
}

function summary(m: Machine, block: Block, index: number): string {
  const field = findField(
    block,
    { vcpu: 'state', cpu: 'vcpu', device: 'posted_to', iommu: 'faults', guest: 'driver', pin: 'vector' }[block],
  );
  return field === undefined ? '' : printField(m, { field, index });
}

/** A group in one line: the descriptor by its usual names, others as they are called. */
function groupValue(m: Machine, block: Block, index: number, group: string): string {
  const shown = (path: string) => {
    const field = findField(block, path);
    return field === undefined ? '' : printField(m, { field, index });
  };
  if (group === 'pid') {
    return `ON ${shown('pid.on')} SN ${shown('pid.sn')} NV ${shown('pid.nv')} PIR ${shown('pid.pir')}`;
  }
  return FIELDS.filter(field => field.block === block && field.path.startsWith(`${group}.`) && hasField(m, field))
    .map(field => `${field.path.slice(group.length + 1)} ${shown(field.path)}`)
    .join(' ');
}

/** Fields whose path has a dot stand together in a group: `pid`. */
function blockVariables(m: Machine, references: References, block: Block, index: number): DebugProtocol.Variable[] {
  const variables: DebugProtocol.Variable[] = [];
  const groups = new Set<string>();
  for (const field of FIELDS.filter(candidate => candidate.block === block && hasField(m, candidate))) {
    const [group, rest] = field.path.split('.');
    if (rest === undefined) {
      variables.push(fieldVariable(m, { field, index }, field.path));
    } else if (!groups.has(group)) {
      groups.add(group);
      variables.push({
        name: group,
        value: groupValue(m, block, index, group),
        variablesReference: references.of({ kind: 'group', block, index, group }),
        ...(block === 'vcpu' && group === 'pid' ? { memoryReference: descriptorReference(index) } : {}),
      });
    }
  }
  if (block === 'vcpu') {
    const page = { name: 'apic page', value: '4096 bytes', memoryReference: pageReference(index) };
    variables.push({ ...page, variablesReference: 0, ...READ_ONLY });
  }
  return variables;
}

function fieldVariable(m: Machine, ref: FieldRef, name: string): DebugProtocol.Variable {
  return {
    name,
    value: printField(m, ref),
    type: ref.field.doc,
    evaluateName: `${subjectName(m, ref.field.block, ref.index)}.${ref.field.path}`,
    variablesReference: 0,
  };
}

/** The field that a variable of the container stands for, if it can be set. */
export function settable(container: Container, name: string): FieldRef {
  if (container.kind === 'block' || container.kind === 'group') {
    const path = container.kind === 'group' ? `${container.group}.${name}` : name;
    const field = findField(container.block, path);
    if (field !== undefined) {
      return { field, index: container.index };
    }
  }
  throw new UserError(`${name} cannot be set`);
}

/** Writes what the user typed. Vectors: `0x41 0x55` or `{0x41, 0x55}`; enums: the name. */
export function setField(m: Machine, ref: FieldRef, text: string): void {
  const { field } = ref;
  if (field.kind === 'vectors') {
    const wanted = parseVectors(text);
    for (const vector of readVectors(m, ref)) {
      if (!wanted.includes(vector)) {
        writeVector(m, ref, vector, false);
      }
    }
    for (const vector of wanted) {
      writeVector(m, ref, vector, true);
    }
    return;
  }
  const value = field.values?.[text.trim()] ?? parseNumber(text);
  if (field.kind === 'enum' && !Object.values(field.values ?? {}).includes(value)) {
    throw new UserError(`${field.path} is one of ${Object.keys(field.values ?? {}).join(', ')}`);
  }
  try {
    writeNumber(m, ref, value);
  } catch (error) {
    throw new UserError((error as Error).message);
  }
}

function parseNumber(text: string): number {
  const trimmed = text.trim();
  if (!/^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(trimmed) || Number(trimmed) > 0xffffffff) {
    throw new UserError(`'${text}' is not a number of at most 32 bits; write 0x41 or 65`);
  }
  return Number(trimmed);
}

function parseVectors(text: string): number[] {
  const words = text.replace(/[{},]/g, ' ').split(/\s+/).filter(Boolean);
  return words.map(word => {
    const vector = parseNumber(word);
    if (vector > 0xff) {
      throw new UserError(`${word} is no vector: vectors go from 0x00 to 0xff`);
    }
    return vector;
  });
}
