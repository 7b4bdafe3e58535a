/** Asks a worker. One question is with it at a time; those that wait can be replaced by newer ones of their kind. */
import type { Answer, Asked, Failure, Kind, Reply, Request } from './protocol.ts';

/** Why a question has no answer. */
export class Unanswered extends Error {
  constructor(
    /** Absent where nobody waits for the answer any more. */
    readonly failure: Failure | undefined,
  ) {
    super(failure?.message ?? 'a newer question took its place');
  }
}

interface Waiting {
  readonly request: Request;
  readonly topic: string;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (e: Unanswered) => void;
}

/** A question that takes longer gives way to a newer one of its topic: the worker is made anew. */
const PATIENCE_MS = 1500;

export class Client {
  private worker: Worker | undefined;
  private waiting: Waiting[] = [];
  private current: Waiting | undefined;
  private since = 0;
  private count = 0;

  constructor(private readonly make: () => Worker) {}

  /** @param topic a newer question of the same topic replaces this one */
  ask<K extends Kind>(kind: K, asked: Asked<K>, topic: string = kind): Promise<Answer<K>> {
    this.giveUp(topic);
    return new Promise<Answer<K>>((resolve, reject) => {
      const request: Request = { id: ++this.count, kind, asked };
      this.waiting.push({ request, topic, resolve: (answer) => resolve(answer as Answer<K>), reject });
      this.next();
    });
  }

  /** Ends what is being worked on, whatever it is. */
  stop(): void {
    this.worker?.terminate();
    this.worker = undefined;
    const stopped = this.current;
    this.current = undefined;
    stopped?.reject(new Unanswered(undefined));
    this.next();
  }

  private giveUp(topic: string): void {
    const old = this.waiting.filter((w) => w.topic === topic);
    this.waiting = this.waiting.filter((w) => w.topic !== topic);
    for (const w of old) w.reject(new Unanswered(undefined));
    if (this.current?.topic === topic && performance.now() - this.since > PATIENCE_MS) this.stop();
  }

  private next(): void {
    if (this.current) return;
    this.current = this.waiting.shift();
    if (!this.current) return;
    this.since = performance.now();
    this.worker ??= this.start();
    this.worker.postMessage(this.current.request);
  }

  private start(): Worker {
    const worker = this.make();
    worker.addEventListener('message', (e: MessageEvent<Reply>) => this.take(e.data));
    worker.addEventListener('error', (e) => {
      // Without a worker nothing that waits is ever answered.
      e.preventDefault();
      const message = `the compiler could not be loaded: ${e.message || 'its worker failed'}`;
      const failed = [...(this.current ? [this.current] : []), ...this.waiting];
      this.current = undefined;
      this.waiting = [];
      this.worker = undefined;
      for (const w of failed) w.reject(new Unanswered({ message }));
    });
    return worker;
  }

  private take(reply: Reply): void {
    if (reply.id !== this.current?.request.id) return;
    const { resolve, reject } = this.current;
    this.current = undefined;
    if ('failure' in reply) reject(new Unanswered(reply.failure));
    else resolve(reply.answer);
    this.next();
  }
}
