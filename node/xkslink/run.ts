// Verbs that run: waiting for the end, hearing of events, and letting go.

import { Report, type Result, make } from "./documents";
import { XksError, invalid, sortOf } from "./errors";
import { type Task, native } from "./native";
import { errorOf, got } from "./outcome";
import type { Event } from "./records";

/** What every verb takes. */
export interface CallOptions {
  /** Lets go of the call: it rejects with an error named `AbortError`, and the same call goes on from there. */
  readonly signal?: AbortSignal | undefined;
}

/** What `apply` and `teardown` take besides. */
export interface RunOptions extends CallOptions {
  /**
   * Hears of every event, one after the other; the next one waits for what it returns. What it throws cancels the run, which
   * rejects with it.
   */
  readonly onEvent?: ((event: Event) => unknown) | undefined;
}

/** A verb of the native half until its end. It is asked after the signal, so that nothing begins that is not wanted any more. */
export async function finish<D extends Result>(
  type: { readonly prototype: D; readonly kind: string },
  start: () => Task,
  signal: AbortSignal | undefined,
  hear: (event: Event) => unknown = () => undefined,
): Promise<D> {
  checked(signal);
  if (signal?.aborted) throw errorOf(native().cancelled(), signal.reason);
  const task = start();
  const cancel = () => task.cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    for (;;) {
      await new Promise<void>((told) => task.whenReady(told));
      // In this order: whatever came before the result is there when the result is.
      const result = task.result();
      for (const { json, line } of got(task.events())) await hear(eventOf(json, line));
      if (result !== null) return make(type, got(result));
    }
  } catch (error) {
    cancel();
    if (signal?.aborted && error instanceof XksError && error.kind === "cancelled") {
      throw errorOf(native().cancelled(), signal.reason);
    }
    throw error;
  } finally {
    signal?.removeEventListener("abort", cancel);
  }
}

function checked(signal: unknown): void {
  if (signal === undefined || signal instanceof AbortSignal) return;
  throw invalid("signal", `is ${sortOf(signal)}`, "give the `signal` of an AbortController");
}

/** An event as plain data, whose text is its line for people. */
function eventOf(json: string, line: string): Event {
  return Object.defineProperty(JSON.parse(json) as Event, "toString", { value: () => line });
}

/**
 * A running apply or teardown. It has begun; await it for its report, or iterate over its events. Every loop hears of all
 * events from the first one, whenever it begins, and throws what the run fails with. Leaving a loop lets the run go on.
 */
export class Run implements PromiseLike<Report>, AsyncIterable<Event> {
  readonly #events: Event[] = [];
  readonly #report: Promise<Report>;
  readonly #abort = new AbortController();
  #ended = false;
  #wake: (() => void)[] = [];

  /** @internal */
  constructor(start: () => Task, options: RunOptions) {
    this.#report = this.#follow(start, options).finally(() => {
      this.#ended = true;
      this.#tell();
    });
  }

  async #follow(start: () => Task, { signal, onEvent }: RunOptions): Promise<Report> {
    checked(signal);
    if (onEvent !== undefined && typeof onEvent !== "function") throw invalid("onEvent", `is ${sortOf(onEvent)}`, "give a function");
    const cancel = () => this.cancel(signal?.reason);
    if (signal?.aborted) cancel();
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      return await finish(Report, start, this.#abort.signal, async (event) => {
        this.#events.push(event);
        this.#tell();
        await onEvent?.(event);
      });
    } finally {
      signal?.removeEventListener("abort", cancel);
    }
  }

  #tell(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  /** Lets go of the run: it rejects with an error named `AbortError`. AWS is left as the last finished call left it. */
  cancel(reason?: unknown): void {
    this.#abort.abort(reason);
  }

  then<T = Report, E = never>(
    done?: ((report: Report) => T | PromiseLike<T>) | null,
    failed?: ((reason: unknown) => E | PromiseLike<E>) | null,
  ): Promise<T | E> {
    return this.#report.then(done, failed);
  }

  catch<E = never>(failed?: ((reason: unknown) => E | PromiseLike<E>) | null): Promise<Report | E> {
    return this.#report.catch(failed);
  }

  finally(ended?: (() => void) | null): Promise<Report> {
    return this.#report.finally(ended);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Event, void, undefined> {
    // The loop throws what the run fails with, so that nobody else needs to.
    this.#report.catch(() => undefined);
    for (let next = 0; ; ) {
      const event = this.#events[next];
      if (event !== undefined) {
        next += 1;
        yield event;
      } else if (this.#ended) {
        await this.#report;
        return;
      } else {
        await new Promise<void>((wake) => this.#wake.push(wake));
      }
    }
  }
}
