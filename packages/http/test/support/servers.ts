import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, type ServerOptions } from 'node:https';
import { type AddressInfo, createServer as createRawServer, type Server as NetServer, type Socket } from 'node:net';

export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** `METHOD path` of everything that came. */
  readonly seen: string[];
  readonly requests: IncomingMessage[];
  readonly server: Server;
}

export async function startServer(listener: RequestListener, tls?: ServerOptions): Promise<TestServer> {
  const seen: string[] = [];
  const requests: IncomingMessage[] = [];
  const record = (request: IncomingMessage, response: ServerResponse): void => {
    seen.push(`${request.method ?? ''} ${request.url ?? ''}`);
    requests.push(request);
    listener(request, response);
  };
  const server = tls === undefined ? createServer(record) : createSecureServer(tls, record);
  const port = await listen(server);
  const url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  return {
    url,
    port,
    seen,
    requests,
    server,
    [Symbol.asyncDispose]: () =>
      stop(server, () => {
        server.closeAllConnections();
      }),
  };
}

export interface RawServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly connections: () => number;
}

/** Speaks whatever `onRequest` writes; it is called for each head of a request, with the number of the request from 1. */
export async function startRawServer(
  onRequest: (socket: Socket, count: number, head: string) => void,
): Promise<RawServer> {
  const sockets = new Set<Socket>();
  let requests = 0;
  let connections = 0;
  const server = createRawServer((socket) => {
    connections += 1;
    sockets.add(socket);
    let text = '';
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
        const head = text.slice(0, end);
        text = text.slice(end + 4);
        requests += 1;
        onRequest(socket, requests, head);
      }
    });
  });
  const port = await listen(server);
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    connections: () => connections,
    [Symbol.asyncDispose]: () => stop(server, cut),
  };
}

async function listen(server: NetServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function stop(server: NetServer, cut: () => void): Promise<void> {
  const closed = new Promise<void>((resolve) =>
    server.close(() => {
      resolve();
    }),
  );
  cut();
  await closed;
}
