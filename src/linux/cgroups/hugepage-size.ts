/** Sizes of huge pages as they stand in `resources.hugepageLimits` and in the names of control files: "2MB". */
import { AT_FDCWD, O_CLOEXEC, O_DIRECTORY, O_RDONLY } from "../../sys/constants.js";
import { hasCode, TsrunError } from "../../sys/errors.js";
import { withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";

/** @throws config-invalid for anything but number, unit, B: "2MB". */
export function checkPageSize(pageSize: string): string {
	if (/^[1-9][0-9]*[KMGT]B$/.test(pageSize)) return pageSize;
	throw new TsrunError("config-invalid", `invalid huge page size "${pageSize}"`, {
		object: pageSize,
		hint: "number, unit and B, base 1024: 64KB, 2MB, 1GB",
	});
}

/** Those that this machine has, ascending: /sys/kernel/mm/hugepages (Documentation/admin-guide/mm/hugetlbpage.rst). */
export function listPageSizes(): readonly string[] {
	return entries("/sys/kernel/mm/hugepages")
		.flatMap((name) => {
			const kilobytes = /^hugepages-(\d+)kB$/.exec(name)?.[1];
			return kilobytes === undefined ? [] : [Number(kilobytes)];
		})
		.sort((a, b) => a - b)
		.map(spell);
}

function spell(kilobytes: number): string {
	let amount = kilobytes;
	let unit = 0;
	for (; amount >= 1024 && amount % 1024 === 0; amount /= 1024) unit++;
	return `${amount}${"KMGT"[unit]}B`;
}

function entries(directory: string): readonly string[] {
	try {
		return withFd(sys.openat(AT_FDCWD, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0), (fd) => {
			const names: string[] = [];
			for (let some = sys.getdents64(fd); some.length > 0; some = sys.getdents64(fd)) {
				for (const { name } of some) names.push(name);
			}
			return names;
		});
	} catch (error) {
		// a kernel without huge pages
		if (hasCode(error, "ENOENT")) return [];
		throw error;
	}
}
