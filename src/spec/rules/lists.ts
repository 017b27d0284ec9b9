/** Lists of CPUs and memory nodes, "0-3,7". */

/** True for numbers and rising ranges with commas between; blanks around them are legal. */
export function isNumberList(list: string): boolean {
	return list.split(",").every((part) => {
		const range = /^\s*(\d{1,5})(?:-(\d{1,5}))?\s*$/.exec(part);
		return range !== null && Number(range[1]) <= Number(range[2] ?? range[1]);
	});
}
