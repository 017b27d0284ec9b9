/** `checkpoint`: what a container is doing, saved in files. */
import { checkpointContainer } from "../../runtime/lifecycle/checkpoint.js";
import { parseWholeNumber } from "../arguments.js";
import { type CriuValues, criuFlags, criuOptions } from "../criu-flags.js";
import { invalidValue } from "../usage-error.js";
import type { Verb } from "../verb.js";

interface PageServer {
	readonly address: string;
	readonly port: number;
}

interface Values extends CriuValues {
	readonly parentPath?: string;
	readonly leaveRunning?: boolean;
	readonly preDump?: boolean;
	readonly statusFd?: number;
	readonly pageServer?: PageServer;
	readonly tcpSkipInFlight?: boolean;
	readonly linkRemap?: boolean;
}

export const verb: Verb<Values> = {
	usage: "[command options] <container-id>",
	description: `Saves what the processes of a container are doing, with CRIU, for the command
"restore". The container is deleted then, unless it is left running.`,
	flags: [
		criuFlags.imagePath,
		criuFlags.workPath,
		{ name: "parent-path", value: "dir", help: "images of an earlier --pre-dump, relative to --image-path" },
		{ name: "leave-running", help: "let the container run on" },
		criuFlags.tcpEstablished,
		{ name: "tcp-skip-in-flight", help: "leave out TCP connections that are being made" },
		{ name: "link-remap", help: "allow open files that have been deleted, where they can be linked again" },
		criuFlags.extUnixSk,
		criuFlags.shellJob,
		criuFlags.lazyPages,
		{
			name: "status-fd",
			value: "fd",
			parse: parseStatusFd,
			help: "descriptor that gets a zero byte when pages can be asked for, with --lazy-pages",
		},
		{ name: "page-server", value: "address:port", parse: parsePageServer, help: "send the memory to this server" },
		criuFlags.fileLocks,
		{ name: "pre-dump", help: "save memory alone, and let the container run on" },
		criuFlags.cgroupMode,
		criuFlags.emptyNs,
		criuFlags.autoDedup,
	],
	operands: { least: 1, most: 1 },
	unit: "changes",
	run(host, [id = ""], values) {
		checkpointContainer(host, id, {
			...criuOptions(values),
			parentPath: values.parentPath || undefined,
			leaveRunning: values.leaveRunning ?? false,
			preDump: values.preDump ?? false,
			statusFd: values.statusFd ?? -1,
			pageServer: values.pageServer,
			tcpSkipInFlight: values.tcpSkipInFlight ?? false,
			linkRemap: values.linkRemap ?? false,
		});
		return 0;
	},
};

/** -1 is none. */
function parseStatusFd(value: string, flag: string): number {
	return value === "-1" ? -1 : parseWholeNumber(value, flag);
}

/** An address of IPv6 is in brackets. */
function parsePageServer(value: string, flag: string): PageServer | undefined {
	if (value === "") return undefined;
	const [, bracketed, plain, port = ""] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(value) ?? [];
	const address = bracketed ?? plain;
	if (address === undefined || Number(port) > 65_535) throw invalidValue(value, flag, "use --page-server ADDRESS:PORT");
	return { address, port: Number(port) };
}
