import type { TableRow } from '../extension/session/protocol.ts';

/** The last step changed a value of the row. */
export const isTouched = ({ cells }: TableRow): boolean => cells.some(({ before }) => before !== undefined);
