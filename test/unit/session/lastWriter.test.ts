import { describe, expect, test } from 'vitest';
import { sessionOf, TO_RUNNING } from './scenarios.ts';

describe('who wrote this?', () => {
  const finished = () => {
    const session = sessionOf(TO_RUNNING);
    session.move('continue');
    return session;
  };

  test.each([
    ['vcpu 1.pid.on', '1', '0'],
    ['vcpu 1.pid.pir[0x41]', '1', '0'],
    ['vcpu 1.isr', '1', '0'],
  ])('the history of %s, backwards', (field, before, after) => {
    const session = finished();
    session.seekWriter([field]);
    const last = session.position;
    expect(session.explain().writes).toContainEqual(
      expect.objectContaining({ field: expect.stringContaining(field), before, after }),
    );
    session.seekWriter([field]);
    expect(session.position).toBeLessThan(last);
    expect(session.explain().writes).toContainEqual(
      expect.objectContaining({ field: expect.stringContaining(field), before: after, after: before }),
    );
    session.seekWriter([field]);
    expect(session.position).toBe(0);
  });

  test('one field is not another that begins alike', () => {
    const session = finished();
    session.seekWriter(['vcpu 1.pid.pir[0x4]']);
    expect(session.position).toBe(0);
  });

  test('of several, the latest', () => {
    const session = finished();
    session.seekWriter(['vcpu 1.pid.pir[0x41]']);
    const posted = session.position;
    session.move('continue');
    session.seekWriter(['vcpu 1.pid.pir[0x41]', 'vcpu 1.irr[0x41]', 'vcpu 1.isr[0x41]']);
    expect(session.position).toBeGreaterThan(posted);
    expect(session.explain().writes.some(({ field }) => field === 'vcpu 1.isr[0x41]')).toBe(true);
  });

  test('what no step wrote is as the machine began', () => {
    const session = finished();
    session.seekWriter(['vcpu 2.tpr']);
    expect(session.position).toBe(0);
  });
});
