// What a part of a page shows while it asks the server: loading, an error, or data.

import { untrack } from "svelte";

export type Load<T> =
  | { status: "loading" }
  | { status: "error"; error: unknown }
  | { status: "data"; data: T; isStale: boolean };

/** A part of what is loaded, with an error of its own where it has one. */
export function partOf<T, Part>(load: Load<T>, pick: (data: T) => Part): Load<Part> {
  if (load.status !== "data") return load;
  try {
    return { status: "data", data: pick(load.data), isStale: load.isStale };
  } catch (error) {
    return { status: "error", error };
  }
}

const isAbort = (error: unknown) => error instanceof DOMException && error.name === "AbortError";

export class Loader<T> {
  state = $state.raw<Load<T>>({ status: "loading" });
  #current: AbortController | undefined;
  #ask: ((signal: AbortSignal) => Promise<T>) | undefined;

  /** Ask; what was asked before is given up, data shown stays until the new comes. */
  async load(ask: (signal: AbortSignal) => Promise<T>): Promise<void> {
    this.#current?.abort();
    const controller = new AbortController();
    this.#current = controller;
    this.#ask = ask;
    const shown = untrack(() => this.state);
    this.state = shown.status === "data" ? { ...shown, isStale: true } : { status: "loading" };
    try {
      const data = await ask(controller.signal);
      if (this.#current === controller) this.state = { status: "data", data, isStale: false };
    } catch (error) {
      if (this.#current === controller && !isAbort(error)) this.state = { status: "error", error };
    }
  }

  /** Ask the same again. */
  reload = async (): Promise<void> => {
    if (this.#ask) await this.load(this.#ask);
  };

  /** Show other data, known without asking. */
  set(data: T): void {
    this.state = { status: "data", data, isStale: false };
  }

  get data(): T | undefined {
    return this.state.status === "data" ? this.state.data : undefined;
  }
}
