import { manifestSpecs } from '@berth/config';
import { type ConcreteSpec, parseSpec, type Spec, specsEqual } from '@berth/spec';
import { type ProcessFacts } from '../process-facts.ts';
import { type ActiveEnvironment, type StoreSession } from '../store-session.ts';

/** A spec of `spack.yaml`, as it is typed there, with what it was concretized to. */
export interface EnvironmentRoot {
  readonly spec: Spec;
  readonly concrete: ConcreteSpec | undefined;
}

/** The specs of the manifest, in its order. */
export function environmentRoots(
  { files }: ActiveEnvironment,
  { configuration }: Pick<StoreSession, 'configuration'>,
  { env }: Pick<ProcessFacts, 'env'>,
): readonly EnvironmentRoot[] {
  const specs = manifestSpecs(files.manifest, {
    env,
    host: configuration.substitution.host,
    definitions: configuration.node('definitions'),
  });
  const locked = files.lock?.roots ?? [];
  return specs.map(({ text, spec }) => {
    const root =
      locked.find((candidate) => candidate.spec === text) ??
      locked.find((candidate) => specsEqual(parseSpec(candidate.spec), spec));
    return { spec, concrete: root?.concrete };
  });
}
