/**
 * What an experiment about process 1 is, and what it needs: containers to run programs in, and eyes. The tests prove every
 * claim on the running kernel; whoever teaches shows them one by one.
 */

export interface Experiment {
	/** One sentence, which is true. */
	readonly claim: string;
	/** What is often believed instead, or what it means for those who run containers. */
	readonly remark?: string;
	/** It takes the runtime's own init, which only tsrun has. */
	readonly ownInit?: true;
	/** Does it, and tells step by step what was to be seen and what was. */
	run(lab: Lab): Promise<readonly Finding[]>;
}

export interface Finding {
	/** What was done and looked at: "TERM from the host". */
	readonly what: string;
	readonly expected: Seen;
	readonly seen: Seen;
}

type Seen = string | number | boolean;

export interface Lab {
	/**
	 * A container in which this program is process 1, once it has printed "ready" or, should it print nothing, is there.
	 * The programs of the host are at their paths; /tmp can be written to; PATH has "/sentinel" in it, and /etc/profile sets
	 * another one.
	 */
	start(args: readonly string[], setting?: Setting): Promise<Subject>;
}

export interface Setting {
	/** The program says nothing when it is ready. */
	readonly silent?: true;
	/** Processes that the container may have at a time. */
	readonly mostProcesses?: number;
	/** It joins the pid namespace of that one's process 1. */
	readonly joins?: Subject;
	/** Under the runtime's own init. */
	readonly init?: true;
}

/** A container under observation. */
export interface Subject {
	/** Its first process, as the host sees it. */
	readonly pid: number;
	/** All that it has printed. */
	output(): string;
	prints(text: string): Promise<void>;
	/** A signal for the first process, from the host. */
	signal(name: string): void;
	/** Ends with the command, run in the container from outside. */
	inside(...command: readonly string[]): { readonly status: number | null; readonly stdout: string };
	/** Is there while the command runs in the container. */
	alongside(...command: readonly string[]): { ended(): Promise<number | null> };
	/** "runs", "is stopped" or "has ended": what has become of the first process when every signal has had its effect. */
	fate(): Promise<"runs" | "is stopped" | "has ended">;
	/** Waits for the end; the exit status of the first process, 128 and the number for a signal. */
	ended(): Promise<number | null>;
	/** What the first process is by now: the name of its program. */
	program(): string;
	/** The processes as its /proc shows them to those inside; waits until the condition holds, and fails when it never does. */
	processes(until: (table: readonly Row[]) => boolean): Promise<readonly Row[]>;
	/** Names of the signals of the first process that are caught, as /proc says. */
	caught(): readonly string[];
	/** The same of those that are blocked. */
	blocked(): readonly string[];
}

export interface Row {
	readonly pid: number;
	/** 0: the parent is in no namespace that one inside can see. */
	readonly parent: number;
	/** R, S, T, Z … */
	readonly state: string;
	readonly program: string;
}
