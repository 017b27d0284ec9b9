/**
 * What is said to `criu swrk` and what it answers (criu.org/RPC): one message each way over a SOCK_SEQPACKET socket, in
 * Protocol Buffers. The numbers are those of CRIU's rpc.proto.
 */
import { type FieldValue, type ReadFields, readFields, writeFields } from "./protobuf.js";

export const requestTypes = { dump: 1, restore: 2, "pre-dump": 4, notify: 6, "feature-check": 9 } as const;

export type RequestType = keyof typeof requestTypes;

/** What CRIU does about cgroups, by the names of its option --manage-cgroups. */
export const cgroupModes = { ignore: 0, soft: 3, full: 4, strict: 5, default: 6 } as const;

export type CgroupMode = keyof typeof cgroupModes;

/** Those of CRIU's options that we set; descriptors are those of whoever has made its socket. */
export interface CriuOptions {
	readonly imagesDirFd: number;
	readonly workDirFd?: number | undefined;
	readonly logFile: string;
	/** The process at the top of the tree that is dumped. */
	readonly pid?: number;
	readonly root: string;
	readonly leaveRunning?: boolean;
	readonly extUnixSk?: boolean;
	readonly tcpEstablished?: boolean;
	readonly tcpSkipInFlight?: boolean;
	readonly linkRemap?: boolean;
	readonly shellJob?: boolean;
	readonly fileLocks?: boolean;
	readonly pageServer?: { readonly address: string; readonly port: number } | undefined;
	/** Relative to the directory of the images. */
	readonly parentImage?: string | undefined;
	readonly trackMemory?: boolean;
	readonly autoDedup?: boolean;
	readonly lazyPages?: boolean;
	readonly cgroupMode: CgroupMode;
	/** Where the cgroups of the dump come to lie, by controllers ("cpu,cpuacct", "name=systemd", "" for v2). */
	readonly cgroupRoots?: readonly { readonly controllers: string; readonly path: string }[];
	/** The restored process is a child of whoever started CRIU. */
	readonly restoreSibling?: boolean;
	readonly inheritFds?: readonly { readonly key: string; readonly fd: number }[];
	/** What lies outside, in words of the option --external. */
	readonly external?: readonly string[];
	/** CLONE_NEW* of namespaces that are made, and left empty. */
	readonly emptyNamespaces?: number;
	readonly joinNamespaces?: readonly { readonly type: string; readonly path: string }[];
	readonly freezeCgroup?: string | undefined;
	readonly configFile?: string | undefined;
	readonly lsmProfile?: string | undefined;
	readonly lsmMountContext?: string | undefined;
	/** The permissions of files may be others than they were. */
	readonly anyPermissions?: boolean;
}

/** Everything, messages of debugging not: what is wrong is told together with what led to it. */
const logLevel = 4;

export function encodeRequest(type: RequestType, options: CriuOptions): ArrayBuffer {
	return writeFields([
		[1, requestTypes[type]],
		[2, encodeOptions(options)],
	]);
}

function encodeOptions(options: CriuOptions): ArrayBuffer {
	const { pageServer } = options;
	const pairs = <T>(list: readonly T[] | undefined, pair: (each: T) => readonly [FieldValue, FieldValue]) =>
		list?.map((each) => {
			const [first, second] = pair(each);
			return writeFields([
				[1, first],
				[2, second],
			]);
		});
	return writeFields([
		[1, options.imagesDirFd],
		[2, options.pid],
		[3, options.leaveRunning],
		[4, options.extUnixSk],
		[5, options.tcpEstablished],
		// a device that has gone since is opened by its other name
		[6, true],
		[7, options.shellJob],
		[8, options.fileLocks],
		[9, logLevel],
		[10, options.logFile],
		[
			11,
			pageServer &&
				writeFields([
					[1, pageServer.address],
					[2, pageServer.port],
				]),
		],
		// we are told what happens, and may act and refuse
		[12, true],
		[13, options.root],
		[14, options.parentImage],
		[15, options.trackMemory],
		[16, options.autoDedup],
		[17, options.workDirFd],
		[18, options.linkRemap],
		// its older form, which says whether there is a mode
		[24, true],
		[25, pairs(options.cgroupRoots, ({ controllers, path }) => [controllers, path])],
		[26, options.restoreSibling],
		[27, pairs(options.inheritFds, ({ key, fd }) => [key, fd])],
		[34, cgroupModes[options.cgroupMode]],
		[37, options.external],
		[38, options.emptyNamespaces],
		[39, pairs(options.joinNamespaces, ({ type, path }) => [type, path])],
		[44, options.freezeCgroup],
		[46, options.tcpSkipInFlight],
		[48, options.lazyPages],
		// a terminal whose other end is outside is made anew, and that end sent to us
		[50, true],
		[51, options.configFile],
		[53, options.lsmProfile],
		[63, options.lsmMountContext],
		[66, options.anyPermissions],
	]);
}

/** Asks which of the kernel's abilities CRIU can use here. */
export function encodeFeatureCheck(): ArrayBuffer {
	return writeFields([
		[1, requestTypes["feature-check"]],
		[
			5,
			writeFields([
				[1, true],
				[2, true],
			]),
		],
	]);
}

/** The answer to a notification, which CRIU waits for. */
export function encodeNotified(): ArrayBuffer {
	return writeFields([
		[1, requestTypes.notify],
		[3, true],
	]);
}

export interface CriuResponse {
	readonly type: RequestType | undefined;
	readonly success: boolean;
	/** What happens now: "post-dump", "setup-namespaces" … */
	readonly notification: string | undefined;
	/** With a notification of a restore: the container's first process. */
	readonly pid: number | undefined;
	/** errno. */
	readonly errno: number;
	readonly message: string;
	readonly features: { readonly trackMemory: boolean; readonly lazyPages: boolean };
}

export function decodeResponse(bytes: ArrayBuffer): CriuResponse {
	const fields = readFields(bytes);
	const notify = message(fields, 5);
	const restored = message(fields, 4);
	const features = message(fields, 8);
	return {
		type: Object.entries(requestTypes).find(([, number]) => number === fields.get(1))?.[0] as RequestType | undefined,
		success: number(fields, 2) === 1,
		notification: notify && text(notify, 1),
		pid: (notify && number(notify, 2)) ?? (restored && number(restored, 1)),
		errno: number(fields, 7) ?? 0,
		message: text(fields, 9) ?? "",
		features: {
			trackMemory: features !== undefined && number(features, 1) === 1,
			lazyPages: features !== undefined && number(features, 2) === 1,
		},
	};
}

function number(fields: ReadFields, which: number): number | undefined {
	const value = fields.get(which);
	return typeof value === "number" ? value : undefined;
}

function text(fields: ReadFields, which: number): string | undefined {
	const value = fields.get(which);
	// its texts are words of its own, in ASCII
	return value instanceof ArrayBuffer ? String.fromCharCode(...new Uint8Array(value)) : undefined;
}

function message(fields: ReadFields, which: number): ReadFields | undefined {
	const value = fields.get(which);
	return value instanceof ArrayBuffer ? readFields(value) : undefined;
}
