import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** What went through since the last call of `cutAt`. */
export interface Traffic {
  /** From clients to the server. */
  readonly sentBytes: number;
  /** From the server to clients. */
  readonly receivedBytes: number;
  readonly cuts: number;
}

export interface CuttingProxy extends AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly host: string;
  readonly traffic: () => Traffic;
  /** Begins to count anew, and will cut when this many bytes have gone through, in either direction. */
  readonly cutAt: (offset: number | undefined) => void;
}

/** Passes TCP connections on to a loopback port, and destroys the one that carries a byte at a chosen offset. */
export async function startCuttingProxy(port: number): Promise<CuttingProxy> {
  const counts = { sentBytes: 0, receivedBytes: 0, cuts: 0 };
  let next: number | undefined;
  const sockets = new Set<Socket>();

  /** How much of a chunk may pass before the cut; `undefined`: all of it, and no cut. */
  function beforeCut(size: number): number | undefined {
    const passed = counts.sentBytes + counts.receivedBytes;
    if (next === undefined || passed + size < next) return undefined;
    const left = next - passed;
    next = undefined;
    counts.cuts += 1;
    return left;
  }

  function forward(from: Socket, to: Socket, direction: 'sentBytes' | 'receivedBytes'): void {
    from.on('data', (chunk: Buffer) => {
      const left = beforeCut(chunk.length);
      counts[direction] += left ?? chunk.length;
      if (left === undefined) {
        if (!to.write(chunk)) from.pause();
        return;
      }
      // What came before the cut still arrives.
      to.write(chunk.subarray(0, left), () => to.destroy());
      from.destroy();
    });
    to.on('drain', () => from.resume());
    from.on('end', () => to.end());
  }

  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    for (const [socket, other] of [[client, upstream] as const, [upstream, client] as const]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        sockets.delete(socket);
        other.destroySoon();
      });
    }
    forward(client, upstream, 'sentBytes');
    forward(upstream, client, 'receivedBytes');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    traffic: () => ({ ...counts }),
    cutAt: (offset) => {
      Object.assign(counts, { sentBytes: 0, receivedBytes: 0, cuts: 0 });
      next = offset;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
