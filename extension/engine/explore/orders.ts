/** How each state was first reached: an order of steps can be told for any of them. */
import { grown } from './stateSet.ts';

export interface Broken {
  readonly condition: number;
  readonly from: number;
  /** Who takes the last step; -1 when the state itself is broken. */
  readonly agent: number;
  readonly depth: number;
}

export class Orders {
  private parents = new Int32Array(1 << 12);
  private movers = new Int32Array(1 << 12);
  private depths = new Int32Array(1 << 12);

  constructor() {
    this.parents[0] = -1;
  }

  /** Twice what the tables take: the next state may double them. */
  get bytes(): number {
    return 24 * this.parents.length;
  }

  /** Steps from the first state. */
  depthOf(state: number): number {
    return this.depths[state];
  }

  /** `steps`: of the mover, from the parent on. */
  remember(state: number, parent: number, mover: number, steps = 1): void {
    if (state >= this.parents.length) {
      this.parents = grown(this.parents, state + 1);
      this.movers = grown(this.movers, state + 1);
      this.depths = grown(this.depths, state + 1);
    }
    this.parents[state] = parent;
    this.movers[state] = mover;
    this.depths[state] = this.depths[parent] + steps;
  }

  /** Who takes each step of the order that was found. */
  orderTo({ from, agent, depth }: Broken): number[] {
    const order = new Array<number>(depth - this.depths[from]).fill(agent);
    for (let at = from; this.parents[at] >= 0; at = this.parents[at]) {
      for (let step = this.depths[at]; step > this.depths[this.parents[at]]; step--) {
        order.push(this.movers[at]);
      }
    }
    return order.reverse();
  }
}
