import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface CuttingProxy extends AsyncDisposable {
  readonly port: number;
  /** Bytes that went from clients to the server. */
  readonly sentBytes: () => number;
  readonly cuts: () => number;
}

/**
 * Passes TCP connections on to `port` and destroys the one that carries the byte at each of `offsets`, counted over everything that goes
 * in either direction.
 */
export async function startCuttingProxy(port: number, offsets: readonly number[]): Promise<CuttingProxy> {
  const left = offsets.toSorted((a, b) => a - b);
  const sockets = new Set<Socket>();
  let passed = 0;
  let sent = 0;
  let cuts = 0;
  const forward = (from: Socket, to: Socket, count: (bytes: number) => void): void => {
    from.on('data', (chunk: Buffer) => {
      const next = left[0];
      if (next !== undefined && passed + chunk.length >= next) {
        const before = Math.max(0, next - passed);
        left.shift();
        cuts += 1;
        passed = Math.max(passed, next);
        count(before);
        // What came before the cut still arrives.
        to.write(chunk.subarray(0, before), () => to.destroy());
        from.destroy();
        return;
      }
      passed += chunk.length;
      count(chunk.length);
      if (!to.write(chunk)) from.pause();
    });
    to.on('drain', () => from.resume());
    from.on('end', () => to.end());
  };
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    for (const [socket, other] of [[client, upstream] as const, [upstream, client] as const]) {
      sockets.add(socket);
      socket
        .on('error', () => undefined)
        .once('close', () => {
          sockets.delete(socket);
          other.destroy();
        });
    }
    forward(client, upstream, (bytes) => (sent += bytes));
    forward(upstream, client, () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    sentBytes: () => sent,
    cuts: () => cuts,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Numbers from 0 to below 1 that are the same in each run. */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
