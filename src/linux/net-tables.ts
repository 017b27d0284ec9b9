/**
 * Addresses of network devices and routes through them (rtnetlink(7)): read as the kernel tells them, and given back to
 * the same device in another place. `struct ifaddrmsg` is family, prefix length, flags, scope, index; `struct rtmsg` is
 * family, two prefix lengths, service, table, protocol, scope, type, flags.
 */
import {
	IFA_F_HOMEADDRESS,
	IFA_F_MANAGETEMPADDR,
	IFA_F_MCAUTOJOIN,
	IFA_F_NODAD,
	IFA_F_NOPREFIXROUTE,
	IFA_F_PERMANENT,
	IFA_FLAGS,
	IFA_LABEL,
	NLM_F_CREATE,
	NLM_F_REPLACE,
	RT_SCOPE_UNIVERSE,
	RTA_CACHEINFO,
	RTA_MULTIPATH,
	RTA_OIF,
	RTM_F_CLONED,
	RTM_GETADDR,
	RTM_GETROUTE,
	RTM_NEWADDR,
	RTM_NEWROUTE,
	RTNH_F_ONLINK,
	RTPROT_KERNEL,
	RTPROT_RA,
	RTPROT_REDIRECT,
} from "../sys/constants.js";
import type { Fd } from "../sys/door.js";
import { hasCode } from "../sys/errors.js";
import { attribute, dump, type NetlinkMessage, request, word, wordAttribute, wordBytes } from "./netlink.js";

/** Those that do not expire, of any family and scope. */
export function permanentAddresses(socket: Fd, index: number): readonly NetlinkMessage[] {
	return dump(socket, RTM_GETADDR, 8).filter((address) => {
		return word(address.head, 4) === index && (flagsOf(address) & IFA_F_PERMANENT) !== 0;
	});
}

/** Of global scope: what others may reach the device by. */
export function isUniversal({ head }: NetlinkMessage): boolean {
	return head[3] === RT_SCOPE_UNIVERSE;
}

/** An attribute has room for more of them than the fixed part. */
function flagsOf(address: NetlinkMessage): number {
	const flags = attribute(address, IFA_FLAGS);
	return flags ? word(flags, 0) : (address.head[2] ?? 0);
}

/** What somebody chose; the other flags tell how the address fares. */
const chosenFlags = IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN;

/** `rename` makes another label of the address's. */
export function addAddress(
	socket: Fd,
	address: NetlinkMessage,
	index: number,
	rename: (label: Uint8Array) => Uint8Array | null,
): void {
	const { head, attributes } = address;
	const old = attribute(address, IFA_LABEL);
	const label = old ? rename(old) : null;
	request(socket, NLM_F_CREATE | NLM_F_REPLACE, {
		type: RTM_NEWADDR,
		head: Uint8Array.from([...head.slice(0, 2), 0, ...head.slice(3, 4), ...wordBytes(index)]),
		attributes: [
			...attributes.filter(({ type }) => type !== IFA_FLAGS && type !== IFA_LABEL),
			wordAttribute(IFA_FLAGS, flagsOf(address) & chosenFlags),
			...(label ? [{ type: IFA_LABEL, value: label }] : []),
		],
	});
}

/** Those that somebody set: the kernel makes the others itself, and router advertisements come again. */
export function routesThrough(socket: Fd, index: number): readonly NetlinkMessage[] {
	return dump(socket, RTM_GETROUTE, 12).filter((route) => {
		const out = attribute(route, RTA_OIF);
		const [, , , , , protocol] = route.head;
		return (
			out !== undefined &&
			word(out, 0) === index &&
			attribute(route, RTA_MULTIPATH) === undefined &&
			(word(route.head, 8) & RTM_F_CLONED) === 0 &&
			protocol !== RTPROT_KERNEL &&
			protocol !== RTPROT_REDIRECT &&
			protocol !== RTPROT_RA
		);
	});
}

/** A gateway may have to be reachable by another of the routes: what is refused is tried again after the others. */
export function addRoutes(socket: Fd, routes: readonly NetlinkMessage[], index: number): void {
	const late = routes.filter((route) => {
		try {
			addRoute(socket, route, index);
			return false;
		} catch (error) {
			if (hasCode(error, "ENETUNREACH", "EHOSTUNREACH", "EINVAL")) return true;
			throw error;
		}
	});
	for (const route of late) addRoute(socket, route, index);
}

function addRoute(socket: Fd, { head, attributes }: NetlinkMessage, index: number): void {
	request(socket, NLM_F_CREATE, {
		type: RTM_NEWROUTE,
		head: Uint8Array.from([...head.slice(0, 8), ...wordBytes(word(head, 8) & RTNH_F_ONLINK)]),
		attributes: [
			...attributes.filter(({ type }) => type !== RTA_OIF && type !== RTA_CACHEINFO),
			wordAttribute(RTA_OIF, index),
		],
	});
}
