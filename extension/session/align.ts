/** Puts two sequences of steps side by side: what both did in the same order forms pairs. */

/** Cells of the table that is filled to find the longest common subsequence; beyond, only what both began and ended with is paired. */
const MOST_CELLS = 1 << 20;

/** Of each step on the left the index of its partner on the right, or -1. `left` and `right`: what each step did, as comparable values. */
export function partners<T>(left: readonly T[], right: readonly T[]): Int32Array {
  const found = new Int32Array(left.length).fill(-1);
  let first = 0;
  while (first < left.length && first < right.length && left[first] === right[first]) {
    found[first] = first++;
  }
  let leftEnd = left.length;
  let rightEnd = right.length;
  while (leftEnd > first && rightEnd > first && left[leftEnd - 1] === right[rightEnd - 1]) {
    found[--leftEnd] = --rightEnd;
  }
  const width = rightEnd - first + 1;
  if ((leftEnd - first) * width > MOST_CELLS) {
    return found;
  }
  const lengths = new Uint32Array((leftEnd - first + 1) * width);
  const at = (i: number, j: number) => (i - first) * width + j - first;
  for (let i = leftEnd - 1; i >= first; i--) {
    for (let j = rightEnd - 1; j >= first; j--) {
      lengths[at(i, j)] =
        left[i] === right[j] ? lengths[at(i + 1, j + 1)] + 1 : Math.max(lengths[at(i + 1, j)], lengths[at(i, j + 1)]);
    }
  }
  for (let i = first, j = first; i < leftEnd && j < rightEnd; ) {
    if (left[i] === right[j]) {
      found[i++] = j++;
    } else if (lengths[at(i + 1, j)] >= lengths[at(i, j + 1)]) {
      i++;
    } else {
      j++;
    }
  }
  return found;
}
