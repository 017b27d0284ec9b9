/** Small damage to good input: what a full disk, a bad editor or an attacker makes of a file. */
import { pick, type Random, strings } from "./generate.js";

/** The value with one to three places of it replaced, removed, repeated or moved. The original is not changed. */
export function mutateValue(value: unknown, random: Random): unknown {
	const copy = structuredClone(value);
	const rounds = 1 + Math.floor(random() * 3);
	let root: { value: unknown } = { value: copy };
	for (let round = 0; round < rounds; round++) {
		const places = placesOf(root);
		if (places.length === 0) break;
		const [holder, key] = pick(random, places);
		const [source, from] = pick(random, places);
		change(holder, key, source[from], random);
		// a move may have put a thing into itself
		if (hasCycle(root)) root = { value: structuredClone(value) };
	}
	return root.value;
}

type Holder = Record<string, unknown>;

function placesOf(value: object): [Holder, string][] {
	return Object.entries(value).flatMap(([key, member]): [Holder, string][] => [
		[value as Holder, key],
		...(typeof member === "object" && member !== null ? placesOf(member) : []),
	]);
}

function change(holder: Holder, key: string, other: unknown, random: Random): void {
	const kind = random();
	if (kind < 0.4) holder[key] = pick(random, [...strings, 0, -1, 2 ** 32, 18446744073709551615n, null, true, [], {}]);
	else if (kind < 0.6) holder[key] = other;
	else if (kind < 0.8 && Array.isArray(holder)) holder.splice(Number(key), 1);
	else if (kind < 0.8) delete holder[key];
	else if (Array.isArray(holder)) holder.push(holder[Number(key)]);
	else holder[pick(random, strings)] = holder[key];
}

function hasCycle(value: unknown, above: readonly unknown[] = []): boolean {
	if (typeof value !== "object" || value === null) return false;
	if (above.includes(value)) return true;
	return Object.values(value).some((member) => hasCycle(member, [...above, value]));
}

/** The text with some of its characters changed, cut out, repeated or cut off. */
export function mutateText(text: string, random: Random): string {
	let changed = text;
	const rounds = 1 + Math.floor(random() * 4);
	for (let round = 0; round < rounds; round++) {
		const at = Math.floor(random() * (changed.length + 1));
		const end = at + Math.floor(random() * 12);
		const [head, middle, tail] = [changed.slice(0, at), changed.slice(at, end), changed.slice(end)];
		const kind = random();
		if (kind < 0.3) changed = head + String.fromCharCode(Math.floor(random() * 256)) + tail;
		else if (kind < 0.5) changed = head + tail;
		else if (kind < 0.65) changed = head + middle + middle + tail;
		else if (kind < 0.75) changed = head;
		else if (kind < 0.9) changed = head + pick(random, strings) + tail;
		else changed = head + pick(random, ["-", "99999999999999999999", "\t", " ", "\n", ":", "max", "0x10", "\\"]) + tail;
	}
	return changed;
}
