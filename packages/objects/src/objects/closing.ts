// Closing a generator: GeneratorExit is thrown into it, with the traceback and the frame object that go with an exception.
// The program sees none of them, but the collector counts them.

import type { ClosingProfile, ObjectAddress } from "@obmalloc/abi";
import type { Core } from "../core/core.ts";
import type { GeneratorBody } from "./calls.ts";
import type { FieldObjects } from "./field-objects.ts";
import type { Frames } from "./frames.ts";
import type { GeneratorFrames } from "./generator-frames.ts";
import type { Tuples } from "./tuples.ts";

/** What closing needs. */
export interface ClosingParts {
  readonly frames: Frames;
  readonly fields: FieldObjects;
  readonly tuples: Tuples;
}

/**
 * Closes generators.
 *
 * @see CPython 3.9 and 3.13 Objects/genobject.c, gen_close; Python/traceback.c, PyTraceBack_Here
 */
export class Closing {
  private readonly core: Core;
  private readonly parts: ClosingParts;
  private readonly own: GeneratorFrames;
  private readonly profile: ClosingProfile;

  constructor(core: Core, own: GeneratorFrames, parts: ClosingParts) {
    this.core = core;
    this.own = own;
    this.parts = parts;
    this.profile = core.ground.profile.objects.closing;
  }

  /**
   * Closes a generator that has not ended and does not run.
   *
   * @throws what its body throws in turn; the generator has ended then.
   */
  close(o: ObjectAddress, body: GeneratorBody | undefined): void {
    const isStarted = this.own.stateOf(o) === "suspended";
    const handler = isStarted ? body?.close : undefined;
    const how = !isStarted
      ? this.profile.unstarted
      : handler === undefined
        ? this.profile.unguarded
        : "thrown";
    if (how === "marked") this.own.mark(o);
    else this.throwExit(o, handler);
  }

  private throwExit(o: ObjectAddress, handler: GeneratorBody["close"]): void {
    const { own } = this;
    const { counts } = this.core;
    const { objects } = this.parts.frames;
    let exception = this.profile.exceptionMade === "at-once" ? this.newExit() : 0;
    own.setState(o, "running");
    objects?.enter(own.codeOf(o), own.frameObjectField(o));
    let traceback = 0;
    try {
      traceback = this.newTraceback(o);
      if (handler !== undefined) {
        if (exception === 0) exception = this.newExit();
        handler(own.viewOf(o));
      }
    } finally {
      objects?.leave();
      own.clear(o);
      counts.xdecref(exception);
      counts.xdecref(traceback);
    }
  }

  private newExit(): number {
    return this.parts.fields.new("GeneratorExit", { args: this.parts.tuples.empty });
  }

  /** A traceback at the generator's frame, which becomes an object for it where it is none. */
  private newTraceback(o: ObjectAddress): number {
    const { objects } = this.parts.frames;
    const frame = objects === undefined ? this.own.objectOf(o) : objects.ofInnermost();
    return this.parts.fields.new("traceback", { tb_frame: frame });
  }
}
