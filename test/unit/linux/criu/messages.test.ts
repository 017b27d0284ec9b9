import { describe, expect, it } from "vitest";
import {
	decodeResponse,
	encodeFeatureCheck,
	encodeNotified,
	encodeRequest,
} from "../../../../src/linux/criu/messages.js";
import { readFields, writeFields } from "../../../../src/linux/criu/protobuf.js";

const text = (value: unknown) => Buffer.from(value as ArrayBuffer).toString();

/** The options of an encoded request, by number. */
function optionsOf(request: ArrayBuffer) {
	return readFields(readFields(request).get(2) as ArrayBuffer);
}

const least = { imagesDirFd: 5, logFile: "dump.log", root: "/rootfs", cgroupMode: "default" } as const;

describe("a request", () => {
	it("says what is wanted, where the images are, and that we want to be told", () => {
		const request = encodeRequest("restore", least);
		expect(readFields(request).get(1)).toBe(2);
		const options = optionsOf(request);
		expect([1, 12, 24, 34, 50].map((number) => options.get(number))).toEqual([5, 1, 1, 6, 1]);
		expect([10, 13].map((number) => text(options.get(number)))).toEqual(["dump.log", "/rootfs"]);
	});

	it("has only the options that are set", () => {
		expect([...optionsOf(encodeRequest("dump", least)).keys()]).toEqual([1, 6, 9, 10, 12, 13, 24, 34, 50]);
	});

	it("has each option under its number", () => {
		const options = optionsOf(
			encodeRequest("dump", {
				...least,
				pid: 77,
				leaveRunning: true,
				extUnixSk: true,
				tcpEstablished: true,
				shellJob: true,
				fileLocks: true,
				parentImage: "../one",
				trackMemory: true,
				autoDedup: true,
				workDirFd: 6,
				linkRemap: true,
				restoreSibling: true,
				cgroupMode: "ignore",
				emptyNamespaces: 0x40000000,
				freezeCgroup: "/sys/fs/cgroup/freezer/x",
				tcpSkipInFlight: true,
				lazyPages: true,
				configFile: "/etc/criu/runc.conf",
				lsmProfile: "apparmor:web",
				lsmMountContext: "context",
			}),
		);
		const numbers = [2, 3, 4, 5, 7, 8, 15, 16, 17, 18, 26, 34, 38, 46, 48].map((number) => options.get(number));
		expect(numbers).toEqual([77, 1, 1, 1, 1, 1, 1, 1, 6, 1, 1, 0, 0x40000000, 1, 1]);
		const texts = [14, 44, 51, 53, 63].map((number) => text(options.get(number)));
		expect(texts).toEqual(["../one", "/sys/fs/cgroup/freezer/x", "/etc/criu/runc.conf", "apparmor:web", "context"]);
	});

	it("has pairs as messages of their own", () => {
		const options = optionsOf(
			encodeRequest("restore", {
				...least,
				pageServer: { address: "127.0.0.1", port: 9876 },
				cgroupRoots: [{ controllers: "cpu,cpuacct", path: "/web" }],
				inheritFds: [{ key: "pipe:[7]", fd: 1 }],
				external: ["mnt[/data]:/srv/data"],
				joinNamespaces: [{ type: "ipc", path: "/proc/7/ns/ipc" }],
			}),
		);
		const pair = (number: number) => [...readFields(options.get(number) as ArrayBuffer).values()];
		expect(text(pair(11)[0])).toBe("127.0.0.1");
		expect(pair(11)[1]).toBe(9876);
		expect(pair(25).map(text)).toEqual(["cpu,cpuacct", "/web"]);
		expect([text(pair(27)[0]), pair(27)[1]]).toEqual(["pipe:[7]", 1]);
		expect(text(options.get(37))).toBe("mnt[/data]:/srv/data");
		expect(pair(39).map(text)).toEqual(["ipc", "/proc/7/ns/ipc"]);
	});

	it("for features, and the answer to a notification, are as CRIU expects them", () => {
		const check = readFields(encodeFeatureCheck());
		expect(check.get(1)).toBe(9);
		expect([...readFields(check.get(5) as ArrayBuffer)]).toEqual([
			[1, 1],
			[2, 1],
		]);
		expect([...readFields(encodeNotified())]).toEqual([
			[1, 6],
			[3, 1],
		]);
	});
});

describe("an answer", () => {
	it("tells of a step, with the process that it is about", () => {
		const notify = writeFields([
			[1, "setup-namespaces"],
			[2, 4711],
		]);
		expect(
			decodeResponse(
				writeFields([
					[1, 6],
					[2, true],
					[5, notify],
				]),
			),
		).toMatchObject({
			type: "notify",
			success: true,
			notification: "setup-namespaces",
			pid: 4711,
		});
	});

	it("tells of a failure with errno and words", () => {
		const answer = decodeResponse(
			writeFields([
				[1, 1],
				[2, false],
				[7, 95],
				[9, "no"],
			]),
		);
		expect(answer).toMatchObject({ type: "dump", success: false, errno: 95, message: "no", notification: undefined });
	});

	it("tells the restored process", () => {
		expect(
			decodeResponse(
				writeFields([
					[1, 2],
					[2, true],
					[4, writeFields([[1, 12]])],
				]),
			),
		).toMatchObject({ pid: 12 });
	});

	it("tells what the kernel can do", () => {
		const features = writeFields([
			[1, false],
			[2, true],
		]);
		const answer = decodeResponse(
			writeFields([
				[1, 9],
				[2, true],
				[8, features],
			]),
		);
		expect(answer.features).toEqual({ trackMemory: false, lazyPages: true });
	});
});
