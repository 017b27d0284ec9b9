/** Unary calls of gRPC over a Unix socket: HTTP/2 requests whose bodies are messages with five bytes before each. */
import { connect as connectHttp } from "node:http2";
import { connect } from "node:net";

/**
 * @param path `/package.Service/Method`
 * @throws Error with what the server tells, `rpc error: code = NUMBER desc = TEXT`, as Go's clients do
 */
export function callUnary(socket: string, path: string, request: Buffer, deadline = 60_000): Promise<Buffer> {
	return new Promise((resolve, reject) => {
		const session = connectHttp("http://localhost", { createConnection: () => connect(socket) });
		session.on("error", reject);
		const stream = session.request({
			":method": "POST",
			":path": path,
			"content-type": "application/grpc",
			te: "trailers",
		});
		const parts: Buffer[] = [];
		let status: { readonly code: number; readonly text: string } | undefined;
		const take = (headers: Readonly<Record<string, unknown>>) => {
			if (headers["grpc-status"] === undefined) return;
			status = { code: Number(headers["grpc-status"]), text: decodeURIComponent(`${headers["grpc-message"] ?? ""}`) };
		};
		stream.on("response", take).on("trailers", take);
		stream.on("data", (part: Buffer) => parts.push(part)).on("error", reject);
		stream.setTimeout(deadline, () => stream.destroy(new Error(`${path}: no answer in ${deadline} ms`)));
		stream.on("close", () => {
			session.close();
			if (status?.code === 0) resolve(Buffer.concat(parts).subarray(5));
			else
				reject(
					status
						? new Error(`rpc error: code = ${status.code} desc = ${status.text}`)
						: new Error(`${path}: no status`),
				);
		});
		const head = Buffer.alloc(5);
		head.writeUInt32BE(request.length, 1);
		stream.end(Buffer.concat([head, request]));
	});
}
