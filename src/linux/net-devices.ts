/**
 * `linux.netDevices` (config-linux.md#network-devices): network devices of the host that move into the container's
 * network namespace. The kernel takes a device's addresses away when it moves, and closes it; so they are read before,
 * and given back behind the border. Everything is done by the runtime, which has a socket on either side.
 */
import type { NetDevice } from "../spec/types.js";
import {
	AT_FDCWD,
	CLONE_NEWNET,
	IFF_UP,
	IFLA_IFNAME,
	IFLA_MASTER,
	IFLA_NET_NS_PID,
	IFNAMSIZ,
	O_CLOEXEC,
	O_RDONLY,
	RTM_GETLINK,
	RTM_SETLINK,
} from "../sys/constants.js";
import type { Fd } from "../sys/door.js";
import { attempt, hasCode, TsrunError } from "../sys/errors.js";
import { withFd } from "../sys/files.js";
import { sys } from "../sys/index.js";
import { addAddress, addRoutes, isUniversal, permanentAddresses, routesThrough } from "./net-tables.js";
import {
	type Attribute,
	attribute,
	type NetlinkMessage,
	openNetlink,
	request,
	textAttribute,
	word,
	wordAttribute,
	wordBytes,
} from "./netlink.js";

const stage = "network";

/** The host's namespace and the container's. The sockets keep both alive, so a device can be taken back when init has gone. */
export interface NetworkBorder {
	readonly here: Fd;
	readonly there: Fd;
	/** A process on the other side. */
	readonly pid: number;
}

/** A device as it is on the host. */
interface Link {
	readonly index: number;
	readonly isUp: boolean;
	/** The bridge or bond that it is a port of. */
	readonly master: Uint8Array | undefined;
}

/** A device that may move, and all that a move takes from it. */
export interface NetDeviceMove {
	readonly name: string;
	/** In the container; "eth%d" leaves the number to the kernel. */
	readonly newName: string;
	readonly link: Link;
	readonly addresses: readonly NetlinkMessage[];
	readonly routes: readonly NetlinkMessage[];
}

type AddUndo = (what: string, step: () => void) => void;

/** @throws TsrunError network-failed when the container's network is the host's. */
export function openBorder({ pid, pidfd }: { readonly pid: number; readonly pidfd: Fd }): NetworkBorder {
	return attempt(
		"network-failed",
		"enter the container's network namespace",
		() => {
			const here = openNetlink();
			try {
				return { here, there: openInside(pidfd), pid };
			} catch (error) {
				sys.close(here);
				throw error;
			}
		},
		{ stage },
	);
}

export function closeBorder({ here, there }: NetworkBorder): void {
	sys.close(here);
	sys.close(there);
}

const ownNamespace = "/proc/self/ns/net";

/** A socket stays in the namespace in which it was made. */
function openInside(pidfd: Fd): Fd {
	const own = sys.readlinkat(AT_FDCWD, ownNamespace);
	return withFd(sys.openat(AT_FDCWD, ownNamespace, O_RDONLY | O_CLOEXEC, 0), (back) => {
		sys.setns(pidfd, CLONE_NEWNET);
		try {
			if (sys.readlinkat(AT_FDCWD, ownNamespace) !== own) return openNetlink();
		} finally {
			sys.setns(back, CLONE_NEWNET);
		}
		throw new TsrunError("network-failed", "unable to move network devices into the network namespace of the host", {
			stage,
			jsonPath: "$.linux.netDevices",
			hint: "give the container a network namespace of its own in linux.namespaces",
		});
	});
}

/** Looks at all devices before one is moved. */
export function planMoves(
	border: NetworkBorder,
	devices: Readonly<Record<string, NetDevice>>,
): readonly NetDeviceMove[] {
	return Object.entries(devices).map(([name, { name: newName = name }]) => {
		const move = deviceToMove(border.here, name, newName || name);
		if (!isTemplate(move.newName)) refuseTaken(border, move);
		return move;
	});
}

function deviceToMove(here: Fd, name: string, newName: string): NetDeviceMove {
	return attempt(
		"network-failed",
		`find network device ${JSON.stringify(name)}`,
		() => {
			const link = findLink(here, name);
			return {
				name,
				newName,
				link,
				addresses: permanentAddresses(here, link.index),
				routes: routesThrough(here, link.index),
			};
		},
		{ stage, object: name, jsonPath: "$.linux.netDevices", hint: "ip link shows the devices of the host" },
	);
}

function refuseTaken({ there }: NetworkBorder, { name, newName }: NetDeviceMove): void {
	try {
		findLink(there, newName);
	} catch (error) {
		if (hasCode(error, "ENODEV")) return;
		throw error;
	}
	throw new TsrunError(
		"network-failed",
		`cannot move network device ${JSON.stringify(name)}: the container has a device ${JSON.stringify(newName)} already`,
		{ stage, object: name, hint: 'name it otherwise, or let the kernel number it: "eth%d"' },
	);
}

function isTemplate(name: string): boolean {
	return name.includes("%d");
}

/** Moves the device, gives it its name and its addresses, and brings it up. Its way back is handed to `undo`. */
export function moveNetDevice(border: NetworkBorder, move: NetDeviceMove, undo: AddUndo): void {
	const { name, newName, link, addresses } = move;
	attempt(
		"network-failed",
		`move network device ${JSON.stringify(name)} into the container as ${JSON.stringify(newName)}`,
		() => {
			// the kernel fills in a number, and does not tell which: until then the device needs a name to be found by
			const arrival = isTemplate(newName) ? `tsrun${border.pid}` : newName;
			setLink(border.here, link.index, [
				wordAttribute(IFLA_NET_NS_PID, border.pid),
				textAttribute(IFLA_IFNAME, arrival),
			]);
			const { index } = findLink(border.there, arrival);
			undo(`return network device ${name}`, () => returnNetDevice(border, move, index));
			if (arrival !== newName) setLink(border.there, index, [textAttribute(IFLA_IFNAME, newName)]);
			for (const address of addresses.filter(isUniversal)) {
				addAddress(border.there, address, index, (label) => renamed(label, name, newName));
			}
			bringUp(border.there, index);
		},
		{
			stage,
			object: name,
			jsonPath: "$.linux.netDevices",
			hint: "devices that belong to their namespace cannot be moved, such as lo",
		},
	);
}

/** As it was on the host, with its addresses and the routes through it. */
function returnNetDevice({ here, there }: NetworkBorder, move: NetDeviceMove, index: number): void {
	const { name, link, addresses, routes } = move;
	setLink(there, index, [wordAttribute(IFLA_NET_NS_PID, sys.getpid()), textAttribute(IFLA_IFNAME, name)]);
	const back = findLink(here, name).index;
	if (link.master) setLink(here, back, [{ type: IFLA_MASTER, value: link.master }]);
	for (const address of addresses) addAddress(here, address, back, (label) => label);
	if (!link.isUp) return;
	bringUp(here, back);
	addRoutes(here, routes, back);
}

function findLink(socket: Fd, name: string): Link {
	const message = { type: RTM_GETLINK, head: linkHead(0), attributes: [textAttribute(IFLA_IFNAME, name)] };
	const [link] = request(socket, 0, message);
	if (link === undefined) throw new TsrunError("internal", `no answer about network device ${name}`);
	return {
		index: word(link.head, 4),
		isUp: (word(link.head, 8) & IFF_UP) !== 0,
		master: attribute(link, IFLA_MASTER),
	};
}

function setLink(socket: Fd, index: number, attributes: readonly Attribute[]): void {
	request(socket, 0, { type: RTM_SETLINK, head: linkHead(index), attributes });
}

function bringUp(socket: Fd, index: number): void {
	request(socket, 0, { type: RTM_SETLINK, head: linkHead(index, IFF_UP), attributes: [] });
}

/** `struct ifinfomsg`: family, type, index, flags, and which flags are meant. */
function linkHead(index: number, flags = 0): Uint8Array {
	return Uint8Array.from([0, 0, 0, 0, ...wordBytes(index), ...wordBytes(flags), ...wordBytes(flags)]);
}

/** "eth0:web" of eth0 is "net1:web" of net1. The kernel labels an address with the name; null leaves it to that. */
function renamed(label: Uint8Array, name: string, newName: string): Uint8Array | null {
	const text = String.fromCharCode(...label).replace(/\0$/, "");
	if (text === name || isTemplate(newName)) return null;
	if (!text.startsWith(`${name}:`)) return label;
	const { value } = textAttribute(0, newName + text.slice(name.length));
	return value.length > IFNAMSIZ ? null : value;
}
