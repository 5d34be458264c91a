/** From a launch configuration and a text to a program, and from a typed line to an action. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { KernelVersion } from '../../engine/config.ts';
import { KERNEL_VERSIONS } from '../../engine/profile.ts';
import { type CheckOptions, check } from '../../scenario/check.ts';
import { parse } from '../../scenario/parse.ts';
import type { Program } from '../../scenario/program.ts';
import type { ScenarioText } from '../../scenario/tree.ts';
import { UserError } from '../expression.ts';
import { otherKernel } from '../kernelNames.ts';

export interface LaunchArguments extends DebugProtocol.LaunchRequestArguments {
  readonly program?: unknown;
  readonly stopOnEntry?: unknown;
  readonly profile?: unknown;
  /** Variant of the scenario to step through; without it, the first. */
  readonly variant?: unknown;
  /** Title of the only section to step through; without it, all of them. */
  readonly section?: unknown;
  /** Which agent takes each step of the race, as an exploration has found it. */
  readonly order?: unknown;
}

export function orderOf({ order }: LaunchArguments): readonly number[] {
  return Array.isArray(order) && order.every(each => Number.isInteger(each)) ? order : [];
}

/** How the text of the scenario is to be read. */
export function optionsOf(
  kernel: KernelVersion | undefined,
  { variant, section }: Pick<LaunchArguments, 'variant' | 'section'>,
): CheckOptions {
  return {
    ...(kernel !== undefined && { kernel }),
    ...(typeof variant === 'string' && variant !== '' && { variant }),
    ...(typeof section === 'string' && section !== '' && { section }),
  };
}

/** Throws UserError with the line of the first error, or when there is nothing to run. */
export function programOf(
  text: ScenarioText,
  kernel: KernelVersion | undefined,
  args: Pick<LaunchArguments, 'variant' | 'section'> = {},
): Program {
  const options = optionsOf(kernel, args);
  const { program, diagnostics } = check(parse(text), options);
  if (program === undefined) {
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    const [first] = errors;
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
    throw new UserError(`line ${first.range.line + 1}: ${first.message}${more}`);
  }
  const variants = (program.variants ?? []).map(({ name }) => name);
  if (options.variant !== undefined && !variants.includes(options.variant)) {
    const remedy = variants.length > 0 ? `write one of ${variants.join(', ')}` : 'the scenario has none';
    throw new UserError(`no variant '${options.variant}'; ${remedy}`);
  }
  if (program.statements.length === 0) {
    throw new UserError('the scenario does nothing: write an action, for example `vcpu 0: ipi fixed 0x41 to 1`');
  }
  return program;
}

export function kernelOf(profile: unknown): KernelVersion | undefined {
  if (profile === undefined || profile === '') {
    return undefined;
  }
  const known = KERNEL_VERSIONS.find(version => version === profile);
  if (known === undefined) {
    throw new UserError(`no profile '${String(profile)}'; ${otherKernel(String(profile))}`);
  }
  return known;
}
