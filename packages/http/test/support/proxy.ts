import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';

export interface TestProxy extends AsyncDisposable {
  readonly port: number;
  /** Request lines, without the version. */
  readonly seen: string[];
  readonly authorizations: (string | undefined)[];
}

export type ProxyMode = 'works' | 'refuses' | 'resets';

/** A proxy that forwards and tunnels; with `password` only for the user `me`. */
export async function startProxy(
  options: { readonly password?: string; readonly mode?: ProxyMode } = {},
): Promise<TestProxy> {
  const { password, mode = 'works' } = options;
  const seen: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const sockets = new Set<Socket>();
  const admits = (request: IncomingMessage): boolean => {
    seen.push(`${request.method ?? ''} ${request.url ?? ''}`);
    authorizations.push(request.headers['proxy-authorization']);
    const wanted = password === undefined ? undefined : `Basic ${btoa(`me:${password}`)}`;
    return wanted === undefined || request.headers['proxy-authorization'] === wanted;
  };
  const server = createServer((request, response) => {
    if (admits(request)) relay(request, response);
    else response.writeHead(407, { 'Proxy-Authenticate': 'Basic realm="p"' }).end('who are you');
  });
  server.on('connection', (socket) => sockets.add(socket));
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    client.on('error', () => undefined);
    if (mode === 'resets') client.resetAndDestroy();
    else if (mode === 'refuses') client.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
    else if (admits(request)) tunnel(request, client, sockets);
    else client.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    authorizations,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise<void>((resolve) =>
        server.close(() => {
          resolve();
        }),
      );
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function relay(request: IncomingMessage, response: ServerResponse): void {
  const onward = forward(request.url ?? '', { method: request.method, headers: request.headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    pipeline(answer, response).catch(() => undefined);
  });
  pipeline(request, onward).catch(() => undefined);
}

function tunnel(request: IncomingMessage, client: Socket, sockets: Set<Socket>): void {
  const [host, port] = (request.url ?? '').split(':');
  const onward = connect(Number(port), host, () => {
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    pipeline(client, onward).catch(() => undefined);
    pipeline(onward, client).catch(() => undefined);
  });
  sockets.add(onward);
}
