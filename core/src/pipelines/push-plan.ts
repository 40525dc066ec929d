import { type ConcreteSpec, type DagHash } from '@berth/spec';

/** What a push is about to do, as plain data. */
export interface PushPlan {
  /** What was asked for. */
  readonly roots: readonly DagHash[];
  /** Every package to push, dependencies before their dependents. */
  readonly packages: readonly PlannedPush[];
}

export interface PlannedPush {
  readonly spec: ConcreteSpec;
}
