/** `node:events` for commander in the binary: it tells itself of each option that it has read. */
type Listener = (...args: readonly unknown[]) => void;

export class EventEmitter {
	readonly #listeners = new Map<string, Listener[]>();

	on(event: string, listener: Listener): this {
		this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
		return this;
	}

	emit(event: string, ...args: readonly unknown[]): boolean {
		const listeners = this.#listeners.get(event) ?? [];
		for (const listener of listeners) listener.apply(this, [...args]);
		return listeners.length > 0;
	}

	listenerCount(event: string): number {
		return this.#listeners.get(event)?.length ?? 0;
	}
}
