import { type ConcreteSpec, type DagHash } from '@berth/spec';

/** What an install is about to do, as plain data. */
export interface InstallPlan {
  /** What was asked for. */
  readonly roots: readonly DagHash[];
  /** Every package to install, dependencies before their dependents. */
  readonly packages: readonly PlannedInstall[];
}

export interface PlannedInstall {
  readonly spec: ConcreteSpec;
  /** Asked for by the user, as opposed to needed by another package. */
  readonly explicit: boolean;
}
