/** The page size of `resources.hugepageLimits`, which becomes part of a control file's name. */
import { TsrunError } from "../../sys/errors.js";

/** @throws config-invalid for anything but number, unit, B: "2MB". */
export function checkPageSize(pageSize: string): string {
	if (/^[1-9][0-9]*[KMGT]B$/.test(pageSize)) return pageSize;
	throw new TsrunError("config-invalid", `invalid huge page size "${pageSize}"`, {
		object: pageSize,
		hint: "number, unit and B, base 1024: 64KB, 2MB, 1GB",
	});
}
