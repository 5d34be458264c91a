import { KERNEL_VERSIONS } from '../engine/profile.ts';
import { nearest } from '../scenario/suggest.ts';

/** What to write instead of a kernel that no profile describes: the newest one that is not newer, or what was mistyped. */
export function otherKernel(name: string): string {
  const known = `write one of ${KERNEL_VERSIONS.join(', ')}`;
  const near = nearestKernel(name);
  return near === undefined ? known : `the nearest is ${near}; ${known}`;
}

export function nearestKernel(name: string): string | undefined {
  return olderThan(name) ?? nearest(name, KERNEL_VERSIONS);
}

function olderThan(name: string): string | undefined {
  const wanted = numbered(name);
  return wanted === undefined
    ? undefined
    : KERNEL_VERSIONS.filter(each => (numbered(each) ?? Infinity) <= wanted).at(-1);
}

/** `6.16`, `v6.16.1` and `linux-6.16` as a number that grows with the version; undefined for other words. 2013 is 3.11. */
function numbered(name: string): number | undefined {
  const match = /^(?:linux-|v)?(\d{1,3})\.(\d{1,3})(?:\.|-|$)/i.exec(name === '2013' ? '3.11' : name);
  return match === null ? undefined : Number(match[1]) * 1000 + Number(match[2]);
}
