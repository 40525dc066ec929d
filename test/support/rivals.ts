import { type Ended } from './berth.ts';
import { type Random } from './random.ts';

export interface RivalsOptions {
  /** One process after another for each rival: what it does is chosen when its turn comes. */
  readonly rivals: readonly ((random: Random) => { readonly what: string; readonly ended: Promise<Ended> })[];
  readonly turns: number;
  readonly random: Random;
}

/** What each process did and how it ended, in the order of the ends. */
export type Deeds = readonly { readonly what: string; readonly ended: Ended }[];

/** Runs the rivals side by side, each its number of turns. */
export async function letCompete({ rivals, turns, random }: RivalsOptions): Promise<Deeds> {
  const deeds: { what: string; ended: Ended }[] = [];
  await Promise.all(
    rivals.map(async (rival) => {
      for (let turn = 0; turn < turns; turn += 1) {
        const { what, ended } = rival(random);
        deeds.push({ what, ended: await ended });
      }
    }),
  );
  return deeds;
}

/** One of several. */
export function pick<T>(choices: readonly T[], random: Random): T {
  const chosen = choices[Math.floor(random() * choices.length)];
  if (chosen === undefined) throw new Error('nothing to choose from');
  return chosen;
}
